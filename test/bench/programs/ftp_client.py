"""What the measuring clients share: a control connection with blocking reads, data connections in both modes, and the
conversation with the bench. A client prints "ready", waits for a line, does its work and prints one line of JSON; it
keeps its connections until its input ends, so that the gateway's processes can be looked at meanwhile."""

import json
import mmap
import os
import socket
import sys

TIMEOUT = 60
DISCARD = mmap.mmap(-1, 4 * 1024 * 1024)


class Refused(Exception):
    """The other end said no."""


class Control:
    def __init__(self, host, port, user):
        self.sock = socket.create_connection((host, port), TIMEOUT)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = self.sock.getsockname()[0]
        self.rest = b""
        self.expect(b"220")
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
        """The data connection, as soon as the server has said 150 or 125."""
        if mode == "passive":
            numbers = self.say(b"PASV", b"227").partition(b"(")[2].partition(b")")[0].split(b",")
            host = b".".join(numbers[:4]).decode()
            data = socket.create_connection((host, int(numbers[4]) * 256 + int(numbers[5])), TIMEOUT)
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
            got = 0
            while True:
                count = data.recv_into(DISCARD, 0, socket.MSG_TRUNC)
                if count == 0:
                    break
                got += count
        self.expect(b"226")
        if got != size:
            raise Refused(f"{got} bytes instead of {size}")

    def upload(self, mode, size, source, source_size):
        """Sends the file `source` again and again."""
        with self.transfer(mode, b"STOR bulk") as data:
            data.settimeout(None)
            done = 0
            while done < size:
                at = done % source_size
                done += os.sendfile(data.fileno(), source, at, min(size - done, source_size - at))
        self.expect(b"226")


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
