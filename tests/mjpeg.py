"""A network camera for tests: Motion JPEG over HTTP, with the faults that such cameras have."""

import socketserver
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.conftest import free_port


def jpegs(clip: Path) -> list[bytes]:
    """The pictures of a video."""
    reader = cv2.VideoCapture(str(clip))
    pictures = []
    while (read := reader.read())[0]:
        pictures.append(jpeg(np.asarray(read[1], np.uint8)))
    return pictures


def jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    """A picture as JPEG."""
    return cv2.imencode(".jpg", image)[1].tobytes()


class MjpegCamera:
    """Shows its pictures over and over to whoever asks.

    Args:
        pictures: JPEG files.
        fps: Pictures per second.
    """

    def __init__(self, pictures: Sequence[bytes], fps: float = 20.0) -> None:
        self.pictures = pictures
        self.hangs = False
        """True when connections stay open and nothing more comes."""
        self._interval_s = 1.0 / fps
        self._server: socketserver.ThreadingTCPServer | None = None
        self._port = free_port()  # and free again after it was switched off
        self._on = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/stream"

    def switch_on(self) -> None:
        camera, on = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
                self.end_headers()
                with suppress(OSError):
                    camera._send(self.wfile.write, on)

            def log_message(self, *_: object) -> None:
                pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        # one of its own each time: a connection from before must not live on when it sleeps while the camera is off
        self._on = on
        on.set()
        self._server = Server(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _send(self, write: Callable[[bytes], object], on: threading.Event) -> None:
        index = 0
        while on.is_set():
            if not self.hangs:
                picture = self.pictures[index % len(self.pictures)]
                write(b"--next\r\nContent-Type: image/jpeg\r\n")
                write(f"Content-Length: {len(picture)}\r\n\r\n".encode() + picture + b"\r\n")
                index += 1
            time.sleep(self._interval_s)

    def switch_off(self) -> None:
        self._on.clear()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
