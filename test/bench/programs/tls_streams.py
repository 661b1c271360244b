"""TLS as the measuring clients and the light server speak it: from the first byte of every connection, with certificates
that nobody checks."""

import ssl
import threading


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def server_context(certificate):
    """`certificate` is a PEM file that holds the key, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def finish(stream):
    """Our close_notify, and the other's; who has gone by then has said what he had to say."""
    try:
        stream.unwrap()
    except OSError:
        pass


class SecureControl:
    """A control connection on the server's side, for the loop that reads it and the threads that answer on it. It does not
    block: the handshake is done by reading."""

    def __init__(self, sock, context):
        sock.setblocking(False)
        self.sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.lock = threading.Lock()
        self.early = b""
        self.is_open = False
        self.fileno = self.sock.fileno
        self.close = self.sock.close
        self.getsockname = self.sock.getsockname
        self.getpeername = self.sock.getpeername

    def recv(self, size):
        """None if there is nothing yet."""
        with self.lock:
            try:
                if not self.is_open:
                    self.sock.do_handshake()
                    self.is_open = True
                    self.sock.send(self.early)
                return self.sock.recv(size)
            except ssl.SSLWantReadError:
                return None

    def send(self, line):
        with self.lock:
            if self.is_open:
                self.sock.send(line)
            else:
                self.early += line
