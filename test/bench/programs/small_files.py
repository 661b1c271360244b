"""Many files of 1 KiB, one after the other over one control connection, until all are there or the time is over.

    small_files.py HOST PORT USER active|passive FILES SECONDS
"""

import sys
import time

from ftp_client import Control, report, wait_for_start


def main():
    host, port, user, mode, files, limit = sys.argv[1:]
    control = Control(host, port, user)
    wait_for_start()
    done = 0
    began = time.perf_counter()
    while done < int(files) and time.perf_counter() - began < float(limit):
        control.download(mode, 1024)
        done += 1
    report(done=done, seconds=time.perf_counter() - began)


main()
