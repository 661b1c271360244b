"""What the measuring clients share: a control connection with blocking reads, data connections in both modes, and the
conversation with the bench. A client prints "ready", waits for a line, does its work and prints one line of JSON; it
keeps its connections until its input ends, so that the gateway's processes can be looked at meanwhile."""

import json
import mmap
import os
import socket
import sys

from tls_streams import client_context, finish

TIMEOUT = 60
# What TLS is given at once.
AT_ONCE = 1024 * 1024
DISCARD = mmap.mmap(-1, 4 * 1024 * 1024)


class Refused(Exception):
    """The other end said no."""


def port_of(argument):
    """`PORT`, `PORT/tls` where connections begin with TLS, or `PORT/auth` where they are asked for it: the number and `tls`,
    `auth` or nothing."""
    port, _, security = argument.partition("/")
    return int(port), security


class Control:
    def __init__(self, host, argument, user):
        port, security = port_of(argument)
        self.sock = socket.create_connection((host, port), TIMEOUT)
        self.context = client_context() if security else None
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = self.sock.getsockname()[0]
        self.rest = b""
        if security == "tls":
            self.sock = self.context.wrap_socket(self.sock)
        self.expect(b"220")
        if security == "auth":
            self.say(b"AUTH TLS", b"234")
            self.sock = self.context.wrap_socket(self.sock)
            self.say(b"PBSZ 0", b"200")
            self.say(b"PROT P", b"200")
        self.say(b"USER " + user.encode(), b"331")
        self.say(b"PASS bench", b"230")
        self.say(b"TYPE I", b"200")

    def line(self):
        while True:
            line, end, rest = self.rest.partition(b"\n")
            if end:
                self.rest = rest
                return line.rstrip(b"\r")
            data = self.sock.recv(4096)
            if not data:
                raise Refused("the control connection was closed")
            self.rest += data

    def expect(self, code):
        line = self.line()
        if line[3:4] == b"-":
            last = line[:3] + b" "
            while not line.startswith(last):
                line = self.line()
        if not line.startswith(code):
            raise Refused(line.decode("latin1"))
        return line

    def say(self, command, code):
        self.sock.sendall(command + b"\r\n")
        return self.expect(code)

    def transfer(self, mode, command):
        """The data connection, as soon as the server has said 150 or 125. Under TLS its handshake comes first: who knows no
        FTP connects to the server after it, and the server says nothing before that."""
        if mode == "passive":
            numbers = self.say(b"PASV", b"227").partition(b"(")[2].partition(b")")[0].split(b",")
            host = b".".join(numbers[:4]).decode()
            data = socket.create_connection((host, int(numbers[4]) * 256 + int(numbers[5])), TIMEOUT)
            if self.context is not None:
                self.sock.sendall(command + b"\r\n")
                data = self.context.wrap_socket(data, session=self.sock.session)
                self.expect(b"1")
            else:
                self.say(command, b"1")
            return data
        with socket.socket() as listener:
            listener.settimeout(TIMEOUT)
            listener.bind((self.local, 0))
            listener.listen(1)
            port = listener.getsockname()[1]
            self.say(f"PORT {self.local.replace('.', ',')},{port >> 8},{port & 255}".encode(), b"200")
            self.say(command, b"1")
            return listener.accept()[0]

    def download(self, mode, size):
        with self.transfer(mode, f"RETR {size}".encode()) as data:
            # Without a timeout the socket blocks in the kernel, which saves a poll for each read.
            data.settimeout(None)
            # What is not decrypted need not be copied, either.
            flags = socket.MSG_TRUNC if self.context is None else 0
            got = 0
            while True:
                count = data.recv_into(DISCARD, 0, flags)
                if count == 0:
                    break
                got += count
            self.end(data)
        self.expect(b"226")
        if got != size:
            raise Refused(f"{got} bytes instead of {size}")

    def upload(self, mode, size, source, source_size):
        """Sends the file `source` again and again."""
        with self.transfer(mode, b"STOR bulk") as data:
            data.settimeout(None)
            memory = memoryview(mmap.mmap(source, source_size))
            done = 0
            while done < size:
                at = done % source_size
                many = min(size - done, source_size - at)
                if self.context is None:
                    done += os.sendfile(data.fileno(), source, at, many)
                else:
                    done += data.send(memory[at : at + min(many, AT_ONCE)])
            self.end(data)
        self.expect(b"226")

    def end(self, data):
        if self.context is not None:
            finish(data)


def wait_for_start():
    print("ready", flush=True)
    if sys.stdin.readline() == "":
        sys.exit(1)


def report(**result):
    print(json.dumps(result), flush=True)
    sys.stdin.read()


def quantiles(values):
    """Median and 99th percentile."""
    values = sorted(values)
    return {"p50": values[len(values) // 2], "p99": values[min(len(values) - 1, len(values) * 99 // 100)]}
