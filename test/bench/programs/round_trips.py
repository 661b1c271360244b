"""How long the answer to one command takes, again and again. With PASV every answer needs a new pinhole.

    round_trips.py HOST PORT USER COMMAND COUNT
"""

import sys
import time

from ftp_client import Control, quantiles, report, wait_for_start

WARM_UP = 50


def main():
    host, port, user, command, count = sys.argv[1:]
    control = Control(host, port, user)
    line = command.encode()
    wait_for_start()
    for _ in range(WARM_UP):
        control.say(line, b"2")
    seconds = []
    for _ in range(int(count)):
        began = time.perf_counter()
        control.say(line, b"2")
        seconds.append(time.perf_counter() - began)
    report(done=len(seconds), **quantiles(seconds))


main()
