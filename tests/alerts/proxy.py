"""A network between two programs that delays, cuts connections in the middle of a packet, and goes silent."""

import contextlib
import random
import socket
import threading
import time


class Proxy:
    """Forwards TCP connections to ``port``, badly while ``bad`` is set."""

    def __init__(self, port: int, seed: int) -> None:
        self.bad = threading.Event()
        self.cuts = self.silences = self.errors = 0
        self._target = port
        self._chance = random.Random(seed)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                broker = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        silent = False
        try:
            while data := source.recv(4096):
                if self.bad.is_set():
                    time.sleep(self._chance.uniform(0.0, 0.01))
                    fate = self._chance.random()
                    if fate < 0.05:
                        self.cuts += 1
                        sink.sendall(data[: self._chance.randrange(len(data))])
                        break
                    if fate < 0.055:
                        silent = True
                        self.silences += 1
                if not silent:
                    sink.sendall(data)
        except OSError:
            self.errors += 1
        finally:
            for one in (source, sink):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def close(self) -> None:
        self._server.close()
