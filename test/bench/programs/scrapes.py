"""How long an HTTP address takes to answer, again and again.

    scrapes.py URL COUNT
"""

import sys
import time
import urllib.request

from ftp_client import quantiles, report, wait_for_start


def main():
    url, count = sys.argv[1:]
    wait_for_start()
    seconds = []
    for _ in range(int(count)):
        began = time.perf_counter()
        urllib.request.urlopen(url, timeout=5).read()
        seconds.append(time.perf_counter() - began)
    report(done=len(seconds), **quantiles(seconds))


main()
