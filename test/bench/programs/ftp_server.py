"""A light FTP server for measurements: one epoll loop for all control connections and for small files, a thread for
each large transfer. `RETR 1024` sends 1024 bytes from memory with sendfile, `STOR` throws away what it receives without
copying it. It knows no user and no file.

    ftp_server.py PORT:FIRST-LAST[:ANNOUNCED[:CERTIFICATE[:auth]]] ...

Each argument is a control port with its passive ports, which are used in turn: looking for a free one takes the system
a millisecond once there have been some ten thousand. ANNOUNCED is the address in its 227, for proxies that do not
understand FTP. With CERTIFICATE, a file that holds its key, too, all connections begin with TLS, or with `auth` are asked
for it. A PORT that names another address than the control connection's is refused, as vsftpd does.
"""

import errno
import os
import select
import socket
import sys
import threading

from bulk_streams import discard, discard_decrypted, encrypt_bulk, send_bulk
from tls_streams import SecureControl, finish, server_context

LARGE = 64 * 1024


class Entrance:
    """One control port."""

    def __init__(self, argument):
        port, ports, self.announced, certificate, begin = (argument + ":::").split(":")[:5]
        self.context = server_context(certificate) if certificate else None
        self.is_implicit = self.context is not None and begin == ""
        self.first, self.last = (int(end) for end in ports.split("-"))
        self.next = self.first
        self.listener = listen("0.0.0.0", int(port), 4096)

    def listen(self, address):
        for _ in range(self.last - self.first + 1):
            port = self.next
            self.next = self.first if port == self.last else port + 1
            try:
                return listen(address, port, 4)
            except OSError:
                continue
        raise OSError(errno.EADDRINUSE, "every passive port is taken")


def listen(address, port, backlog):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(backlog)
    listener.setblocking(False)
    return listener


class Loop:
    def __init__(self):
        self.epoll = select.epoll()
        self.handlers = {}

    def watch(self, sock, events, handler):
        self.handlers[sock.fileno()] = handler
        self.epoll.register(sock.fileno(), events)

    def forget(self, sock):
        if self.handlers.pop(sock.fileno(), None) is not None:
            self.epoll.unregister(sock.fileno())

    def run(self):
        while True:
            for fd, _ in self.epoll.poll():
                handler = self.handlers.get(fd)
                if handler is not None:
                    handler()


class Session:
    def __init__(self, loop, control, entrance):
        self.loop = loop
        self.control = control
        self.entrance = entrance
        self.rest = b""
        self.passive = None
        self.target = None
        self.dialled = None
        control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_secure = entrance.is_implicit
        if self.is_secure:
            self.control = control = SecureControl(control, entrance.context)
        loop.watch(control, select.EPOLLIN, self.readable)
        self.reply(b"220 bench\r\n")

    def reply(self, line):
        try:
            self.control.send(line)
        except OSError:
            pass

    def readable(self):
        try:
            data = self.control.recv(4096)
        except OSError:
            data = b""
        if data is None:
            return
        if not data:
            self.close()
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if self.control.fileno() < 0:
                return
            verb, _, argument = line.rstrip(b"\r").partition(b" ")
            command = COMMANDS.get(verb.upper())
            if command is None:
                self.reply(SIMPLE.get(verb.upper(), b"502 Not here.\r\n"))
            else:
                command(self, argument)

    def close(self):
        self.drop_data()
        self.loop.forget(self.control)
        self.control.close()

    def drop_data(self):
        for sock in (self.passive, self.dialled):
            if sock is not None:
                self.loop.forget(sock)
                sock.close()
        self.passive = self.target = self.dialled = None

    def auth(self, _):
        if self.entrance.context is None or self.is_secure:
            self.reply(b"502 Not here.\r\n")
            return
        self.reply(b"234 Go on.\r\n")
        self.is_secure = True
        self.control = SecureControl(self.control, self.entrance.context)

    def quit(self, _):
        self.reply(b"221 Goodbye.\r\n")
        self.close()

    def listen(self):
        self.drop_data()
        address = self.control.getsockname()[0]
        self.passive = self.entrance.listen(address)
        return self.entrance.announced or address, self.passive.getsockname()[1]

    def pasv(self, _):
        address, port = self.listen()
        text = f"227 Entering Passive Mode ({address.replace('.', ',')},{port >> 8},{port & 255}).\r\n"
        self.reply(text.encode())

    def epsv(self, argument):
        if argument.upper() == b"ALL":
            self.reply(b"200 OK\r\n")
            return
        self.reply(f"229 Entering Extended Passive Mode (|||{self.listen()[1]}|)\r\n".encode())

    def port(self, argument):
        parts = argument.decode().split(",")
        self.aim(".".join(parts[:4]), int(parts[4]) * 256 + int(parts[5]))

    def eprt(self, argument):
        _, _, address, port, _ = argument.decode().split("|")
        self.aim(address, int(port))

    def aim(self, address, port):
        self.drop_data()
        if address != self.control.getpeername()[0]:
            self.reply(b"500 Illegal PORT command.\r\n")
            return
        self.target = (address, port)
        self.reply(b"200 PORT command successful.\r\n")

    def retr(self, argument):
        self.transfer(int(os.path.basename(argument)))

    def stor(self, _):
        self.transfer(None)

    def transfer(self, size):
        """`size` bytes down, or None: whatever comes, up."""
        if self.passive is not None:
            listener, self.passive = self.passive, None
            self.accept(listener, size)
        elif self.target is not None:
            self.dial(self.target, size)
        else:
            self.reply(b"425 Use PORT or PASV first.\r\n")

    def accept(self, listener, size):
        try:
            data, _ = listener.accept()
        except BlockingIOError:
            self.passive = listener
            self.loop.watch(listener, select.EPOLLIN, lambda: self.arrived(size))
            return
        listener.close()
        self.carry(data, size)

    def arrived(self, size):
        listener, self.passive = self.passive, None
        self.loop.forget(listener)
        self.accept(listener, size)

    def dial(self, target, size):
        data = self.dialled = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        data.setblocking(False)
        data.connect_ex(target)
        self.loop.watch(data, select.EPOLLOUT, lambda: self.connected(size))

    def connected(self, size):
        data, self.dialled = self.dialled, None
        self.loop.forget(data)
        if data.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0:
            data.close()
            self.reply(b"425 Failed to establish connection.\r\n")
            return
        self.carry(data, size)

    def carry(self, data, size):
        self.reply(b"150 Here it comes.\r\n")
        data.setblocking(True)
        if self.is_secure:
            work = lambda: self.carry_encrypted(data, size)
            threading.Thread(target=self.finish, args=(data, work), daemon=True).start()
        elif size is not None and size <= LARGE:
            self.finish(data, lambda: send_bulk(data, size))
        else:
            work = (lambda: discard(data)) if size is None else (lambda: send_bulk(data, size))
            threading.Thread(target=self.finish, args=(data, work), daemon=True).start()

    def carry_encrypted(self, data, size):
        with self.entrance.context.wrap_socket(data, server_side=True) as stream:
            if size is None:
                discard_decrypted(stream)
            else:
                encrypt_bulk(stream, size)
            finish(stream)

    def finish(self, data, work):
        try:
            with data:
                work()
            self.reply(b"226 Transfer complete.\r\n")
        except OSError:
            self.reply(b"426 Connection closed; transfer aborted.\r\n")


SIMPLE = {
    b"USER": b"331 Which password?\r\n",
    b"PASS": b"230 Logged in.\r\n",
    b"TYPE": b"200 OK\r\n",
    b"MODE": b"200 OK\r\n",
    b"STRU": b"200 OK\r\n",
    b"NOOP": b"200 OK\r\n",
    b"SYST": b"215 UNIX Type: L8\r\n",
    b"FEAT": b"211-Features:\r\n EPSV\r\n EPRT\r\n211 End\r\n",
    b"PWD": b'257 "/"\r\n',
    b"CWD": b"250 OK\r\n",
    b"PBSZ": b"200 OK\r\n",
    b"PROT": b"200 OK\r\n",
}
COMMANDS = {
    b"AUTH": Session.auth,
    b"QUIT": Session.quit,
    b"PASV": Session.pasv,
    b"EPSV": Session.epsv,
    b"PORT": Session.port,
    b"EPRT": Session.eprt,
    b"RETR": Session.retr,
    b"STOR": Session.stor,
}


def main():
    loop = Loop()
    for argument in sys.argv[1:]:
        entrance = Entrance(argument)

        def accept(entrance=entrance):
            try:
                control, _ = entrance.listener.accept()
            except OSError:
                return
            Session(loop, control, entrance)

        loop.watch(entrance.listener, select.EPOLLIN, accept)
    print("listening", flush=True)
    loop.run()


main()
