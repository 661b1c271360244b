"""Control connections under TLS, one after the other: handshake, greeting, end; until all are done or the time is over. Where
the client asks for TLS, the greeting comes before it, and a NOOP is answered behind it.

    handshakes.py HOST PORT full|resumed COUNT SECONDS

With `resumed` each takes up the session of the one before it; whether it was is counted.
"""

import socket
import sys
import time

from ftp_client import Refused, port_of, report, wait_for_start
from tls_streams import client_context

WARM_UP = 20
TIMEOUT = 30


def heard(sock, code=b""):
    line = sock.recv(4096)
    if line == b"" or not line.startswith(code):
        raise Refused(line.decode("latin1") or "the control connection was closed")


def greeted(context, address, asks, session):
    """One of them; returns its session and whether it has resumed the one given."""
    with socket.create_connection(address, TIMEOUT) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if asks:
            heard(sock, b"220")
            sock.sendall(b"AUTH TLS\r\n")
            heard(sock, b"234")
        with context.wrap_socket(sock, session=session) as secure:
            if asks:
                secure.sendall(b"NOOP\r\n")
            heard(secure, b"" if asks else b"220")
            return secure.session, secure.session_reused


def main():
    host, port, kind, count, limit = sys.argv[1:]
    context = client_context()
    control_port, security = port_of(port)
    session = None
    wait_for_start()
    began = time.perf_counter()
    done = resumed = 0
    for number in range(-WARM_UP, int(count)):
        if number == 0:
            began = time.perf_counter()
        if time.perf_counter() - began > float(limit):
            break
        newest, was_resumed = greeted(context, (host, control_port), security == "auth", session)
        session = newest if kind == "resumed" else None
        if number >= 0:
            done += 1
            resumed += was_resumed
    report(done=done, resumed=resumed, seconds=time.perf_counter() - began)


main()
