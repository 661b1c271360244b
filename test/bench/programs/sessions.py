"""Sessions by the hundred: one epoll loop that connects and logs in, some at once, until all have done so or the time
for beginning another one is over.

    sessions.py HOST PORT USER COUNT AT_ONCE quit|stay SECONDS

With `quit` each session ends with QUIT and makes room for the next; with `stay` all remain open until the input ends.
"""

import select
import socket
import sys
import time

from ftp_client import Refused, report, wait_for_start

TIMEOUT = 30


class Login:
    """Greeting, USER, PASS, and QUIT if so wished: what is said after which code."""

    def __init__(self, host, port, user, leave):
        self.answers = {b"220": b"USER " + user.encode() + b"\r\n", b"331": b"PASS bench\r\n"}
        if leave:
            self.answers[b"230"] = b"QUIT\r\n"
        self.last = b"221" if leave else b"230"
        self.rest = b""
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect_ex((host, port))

    def readable(self):
        """True once the session is where it should be."""
        data = self.sock.recv(4096)
        if not data:
            raise Refused("the control connection was closed")
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if line[:3] == self.last:
                return True
            answer = self.answers.get(line[:3])
            if answer is None:
                raise Refused(line.decode("latin1"))
            self.sock.send(answer)
        return False


def main():
    host, port, user, count, at_once, then, limit = sys.argv[1:]
    count = int(count)
    epoll = select.epoll()
    busy = {}
    idle = []
    started = 0
    done = 0
    wait_for_start()
    began = time.perf_counter()
    while True:
        if time.perf_counter() - began > float(limit):
            count = started
        if done == count:
            break
        while started < count and len(busy) < int(at_once):
            login = Login(host, int(port), user, then == "quit")
            busy[login.sock.fileno()] = login
            epoll.register(login.sock, select.EPOLLIN)
            started += 1
        ready = epoll.poll(TIMEOUT)
        if not ready:
            raise Refused(f"no answer for {TIMEOUT} s, {done} of {count} done")
        for fd, _ in ready:
            login = busy[fd]
            if login.readable():
                epoll.unregister(fd)
                del busy[fd]
                done += 1
                if then == "quit":
                    login.sock.close()
                else:
                    idle.append(login)
    report(done=done, seconds=time.perf_counter() - began)


main()
