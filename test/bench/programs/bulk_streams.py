"""How the light server sends and throws away large files."""

import mmap
import os
import socket

DISCARD = mmap.mmap(-1, 4 * 1024 * 1024)


def file_of_noise(size):
    """Larger than the caches of a processor; sent again and again."""
    file = os.memfd_create("bulk")
    block = os.urandom(1024 * 1024)
    for _ in range(size // len(block)):
        os.write(file, block)
    return file


SOURCE_SIZE = 64 * 1024 * 1024
SOURCE = file_of_noise(SOURCE_SIZE)
SOURCE_MEMORY = memoryview(mmap.mmap(SOURCE, SOURCE_SIZE))
# What TLS is given at once.
AT_ONCE = 1024 * 1024


def send_bulk(data, size):
    done = 0
    while done < size:
        at = done % SOURCE_SIZE
        done += os.sendfile(data.fileno(), SOURCE, at, min(size - done, SOURCE_SIZE - at))


def encrypt_bulk(data, size):
    done = 0
    while done < size:
        at = done % SOURCE_SIZE
        done += data.send(SOURCE_MEMORY[at : at + min(size - done, AT_ONCE)])


def discard(data):
    while data.recv_into(DISCARD, 0, socket.MSG_TRUNC) > 0:
        pass


def discard_decrypted(data):
    while data.recv_into(DISCARD) > 0:
        pass
