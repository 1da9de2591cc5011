"""A server that is no broker, or a strange one."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Odd:
    """A server that is no broker: sends what it is given to whoever connects."""

    def __init__(self, answer: bytes | Callable[[], bytes]) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.connections: list[socket.socket] = []
        self._closed = False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if self._closed:
                connection.close()
                return
            self.connections.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(self._answer if isinstance(self._answer, bytes) else self._answer())

    def close(self) -> None:
        self._closed = True
        self._socket.close()
        for connection in self.connections:
            connection.close()
