"""Wakes a thread that waits for a socket."""

import contextlib
import socket
import threading


class Waker:
    """Two sockets, joined. ``wake`` from any thread; the rest from the thread that is woken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def open(self) -> None:
        """Make the sockets."""
        read, write = socket.socketpair()
        read.setblocking(False)
        write.setblocking(False)
        with self._lock:
            self._ends = read, write

    @property
    def socket(self) -> socket.socket:
        """Can be read when somebody wakes."""
        assert self._ends is not None
        return self._ends[0]

    def wake(self) -> None:
        """Let the thread look; nothing happens while none waits."""
        with self._lock, contextlib.suppress(BlockingIOError):  # it has been woken often enough
            if self._ends is not None:
                self._ends[1].send(b"\0")

    def drain(self) -> None:
        """Take the bytes that woke."""
        with contextlib.suppress(BlockingIOError):
            while self.socket.recv(4096):
                pass

    def close(self) -> None:
        """Close both; from now on nobody is woken."""
        with self._lock:
            for end in self._ends or ():
                end.close()
            self._ends = None
