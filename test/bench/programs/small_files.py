"""Many files of 1 KiB, one after the other over one control connection.

    small_files.py HOST PORT USER active|passive FILES
"""

import sys
import time

from ftp_client import Control, report, wait_for_start


def main():
    host, port, user, mode, files = sys.argv[1:]
    control = Control(host, int(port), user)
    wait_for_start()
    began = time.perf_counter()
    for _ in range(int(files)):
        control.download(mode, 1024)
    report(seconds=time.perf_counter() - began)


main()
