"""A network camera: Motion JPEG over http, at a rate that does not depend on who looks."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2

SIZE, FPS = (640, 480), 15.0


def jpegs(recording: Path) -> list[bytes]:
    """The pictures of a recording as such a camera gives them."""
    reader, pictures = cv2.VideoCapture(str(recording)), []
    while (read := reader.read())[0]:
        pictures.append(cv2.imencode(".jpg", cv2.resize(read[1], SIZE))[1].tobytes())
    return pictures


@contextmanager
def camera(pictures: list[bytes]) -> Iterator[str]:
    """Show the pictures over and over; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            with suppress(OSError):
                while True:
                    # everybody who looks sees the same picture at the same time
                    number = int(time.monotonic() * FPS)
                    picture = pictures[number % len(pictures)]
                    head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")
                    time.sleep(max(0.0, (number + 1) / FPS - time.monotonic()))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/stream"
    finally:
        server.shutdown()
        server.server_close()
