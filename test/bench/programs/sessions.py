"""Sessions by the hundred: one epoll loop that connects and logs in, some at once, until all have done so or the time
for beginning another one is over.

    sessions.py HOST PORT USER COUNT AT_ONCE quit|stay SECONDS

With `quit` each session ends with QUIT and makes room for the next; with `stay` all remain open until the input ends.
"""

import select
import socket
import ssl
import sys
import time

from ftp_client import Refused, port_of, report, wait_for_start
from tls_streams import client_context

TIMEOUT = 30


class Login:
    """Greeting, USER, PASS, and QUIT if so wished: what is said after which code."""

    def __init__(self, address, security, user, leave, context):
        name = b"USER " + user.encode() + b"\r\n"
        self.answers = {b"220": b"AUTH TLS\r\n" if security == "auth" else name, b"331": b"PASS bench\r\n"}
        self.context = context
        self.name = name if security == "auth" else b""
        if leave:
            self.answers[b"230"] = b"QUIT\r\n"
        self.last = b"221" if leave else b"230"
        self.rest = b""
        self.sock = socket.socket()
        self.is_open = True
        if security == "tls":
            self.sock.connect(address)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if security == "tls":
            self.begin_tls()
        else:
            self.sock.connect_ex(address)

    def begin_tls(self):
        self.sock = self.context.wrap_socket(self.sock, do_handshake_on_connect=False)
        self.is_open = False
        self.shake_hands()

    def shake_hands(self):
        try:
            self.sock.do_handshake()
            self.is_open = True
            if self.name:
                self.sock.send(self.name)
        except ssl.SSLWantReadError:
            pass

    def readable(self):
        """True once the session is where it should be."""
        if not self.is_open:
            self.shake_hands()
        try:
            data = self.sock.recv(4096) if self.is_open else None
        except ssl.SSLWantReadError:
            data = None
        if data is None:
            return False
        if not data:
            raise Refused("the control connection was closed")
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if line[:3] == self.last:
                return True
            if line[:3] == b"234":
                self.begin_tls()
                return False
            answer = self.answers.get(line[:3])
            if answer is None:
                raise Refused(line.decode("latin1"))
            self.sock.send(answer)
        return False


def main():
    host, port, user, count, at_once, then, limit = sys.argv[1:]
    count = int(count)
    number, security = port_of(port)
    context = client_context() if security else None
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
            login = Login((host, number), security, user, then == "quit", context)
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
