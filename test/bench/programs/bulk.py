"""One large file in each of several sessions at once.

    bulk.py HOST PORT USER download|upload active|passive SIZE SESSIONS
"""

import os
import sys
import threading
import time

from ftp_client import Control, report, wait_for_start

SOURCE_SIZE = 64 * 1024 * 1024


def main():
    host, port, user, direction, mode, size, sessions = sys.argv[1:]
    controls = [Control(host, port, user) for _ in range(int(sessions))]
    source = os.memfd_create("bulk")
    if direction == "upload":
        for _ in range(SOURCE_SIZE >> 20):
            os.write(source, os.urandom(1 << 20))
    failures = []

    def carry(control):
        try:
            if direction == "download":
                control.download(mode, int(size))
            else:
                control.upload(mode, int(size), source, SOURCE_SIZE)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=carry, args=(control,)) for control in controls]
    wait_for_start()
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    report(seconds=seconds)


main()
