"""A TCP proxy in front of a service, which can lose requests and answers, and close."""

import socket
import struct
import threading


class Proxy:
    """Carries one request a connection, and notes it. `cut` says what happens to the next that matches."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.requests = []
        self.tokens = []
        self._cut = None
        self._lock = threading.Lock()
        self._listener = None
        self.port = None
        self.open()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self.port or 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        """Nothing listens any more: connections are refused."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut(self, start, when):
        """The next request that starts so is lost: `before` it reaches the service, or `after` it was answered."""
        done = threading.Event()
        with self._lock:
            self._cut = (start, when, done)
        return done

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()

    def _carry(self, connection):
        try:
            with connection:
                while True:
                    request = _message(connection)
                    if not request:
                        return
                    self._note(request)
                    when, done = self._verdict(request)
                    if when == "before":
                        _reset(connection)
                        done.set()
                        return
                    with socket.create_connection(self.target) as service:
                        service.sendall(request)
                        answer = b"".join(iter(lambda: service.recv(65536), b""))
                    if when == "after":
                        _reset(connection)
                        done.set()
                        return
                    connection.sendall(answer)
                    return
        except OSError:
            pass

    def _note(self, request):
        head = request.split(b"\r\n\r\n", 1)[0].decode("latin-1")
        with self._lock:
            self.requests.append(" ".join(head.split("\r\n")[0].split()[:2]))
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "x-auth-token" and value.strip() not in self.tokens:
                    self.tokens.append(value.strip())

    def _verdict(self, request):
        with self._lock:
            if self._cut and request.startswith(self._cut[0].encode()):
                (_, when, done), self._cut = self._cut, None
                return when, done
        return None, None


def _message(connection):
    """A whole request, as its Content-Length says."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body


def _reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
