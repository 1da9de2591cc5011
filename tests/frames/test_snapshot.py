"""Cameras that answer each request with one picture: real requests over HTTP, and what goes wrong with them."""

import base64
import hashlib
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames import Frame
from dms.frames.camera import open_source
from dms.frames.fault import CameraError, CameraFault
from dms.frames.live import LiveCapture
from tests.conftest import free_port, until
from tests.mjpeg import jpeg

RANDOM = np.random.default_rng(0)
STALL_S = 1.0


def picture(width: int = 160, height: int = 120) -> bytes:
    return jpeg(RANDOM.integers(60, 200, (height, width, 3), dtype=np.uint8))


class SnapshotServer:
    """A camera with a page for one picture; it takes a new one at every request unless told otherwise."""

    def __init__(self) -> None:
        self.take: Callable[[], bytes] = picture
        self.kind = "image/jpeg"
        self.login: str | None = None
        self.digest = False
        self.code = 200
        self.cut = False
        self.hangs = threading.Event()
        self.asked: list[float] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # an asker who has gone

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def address(self, path: str = "snap.jpg", login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self._server.server_address[1]}/{path}"

    def encrypt(self, folder: Path) -> None:
        """Speak TLS from now on, with a certificate that nobody else has signed."""
        cert, key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=camera", "-keyout", key, "-out", cert],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        if self.login is not None and not self._knows(to):
            to.send_response(401)
            how = 'Digest realm="cam", nonce="n", qop="auth"' if self.digest else 'Basic realm="cam"'
            to.send_header("WWW-Authenticate", how)
            to.send_header("Content-Length", "0")
            to.end_headers()
            return
        self.asked.append(time.monotonic())
        while self.hangs.is_set():
            time.sleep(0.02)
        body = self.take()
        to.send_response(self.code)
        to.send_header("Content-Type", self.kind)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body[: len(body) // 2] if self.cut else body)
        to.close_connection = True

    def _knows(self, to: BaseHTTPRequestHandler) -> bool:
        told, (user, password) = to.headers.get("Authorization", ""), (self.login or ":").split(":")
        if not self.digest:
            return told == "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', told))
        if not said:
            return False

        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        known = md5(user, "cam", password)
        return str(said["response"]) == md5(known, "n", said["nc"], said["cnonce"], "auth", md5("GET", said["uri"]))

    def close(self) -> None:
        self.hangs.clear()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def camera() -> Iterator[SnapshotServer]:
    made = SnapshotServer()
    yield made
    made.close()


def frames(address: str, count: int, **settings: float) -> list[Frame]:
    source = open_source(CameraSettings.model_validate({"source": address, "stall_s": STALL_S, "fps": 20, **settings}))
    assert source.live
    with closing(source.frames()) as given:
        return list(islice(given, count))


class Time:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.t = 1000.0

    def monotonic(self) -> float:
        return self.t

    def sleep(self, seconds: float) -> None:
        self.t += seconds


def test_it_is_asked_for_each_picture_and_not_more_often_than_wanted(
    camera: SnapshotServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dms.frames.snapshot.time", Time())
    given = frames(camera.address(), 6, fps=10.0, rotate=90)
    assert {(frame.image.shape, frame.picture.shape) for frame in given} == {((160, 120), (160, 120, 3))}
    assert len(camera.asked) == 6
    assert [frame.t for frame in given] == pytest.approx([1000.0 + 0.1 * index for index in range(6)])


def test_one_that_answers_slowly_is_asked_once_at_a_time(camera: SnapshotServer) -> None:
    busy, most = 0, 0

    def slowly() -> bytes:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        time.sleep(0.1)
        busy -= 1
        return picture()

    camera.take = slowly
    frames(camera.address(), 5, fps=60.0)
    assert most == 1


def test_a_camera_with_a_certificate_of_its_own_is_believed(camera: SnapshotServer, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    camera.encrypt(tmp_path)
    assert frames(camera.address().replace("http", "https", 1), 1)[0].image.shape == (120, 160)


def test_the_same_bytes_are_no_new_picture_and_for_too_long_a_frozen_camera(camera: SnapshotServer) -> None:
    shots = iter([picture()] * 3 + [picture()] * 200)
    camera.take = lambda: next(shots)
    source = open_source(CameraSettings(source=camera.address(), stall_s=STALL_S, fps=60))
    given = source.frames()
    first, second = next(given), next(given)
    assert not np.array_equal(first.image, second.image)
    assert len(camera.asked) >= 4
    with pytest.raises(CameraError, match="the same picture again and again") as raised:
        next(given)
    assert raised.value.fault is CameraFault.FROZEN


def test_a_dark_picture_may_repeat_itself(camera: SnapshotServer) -> None:
    black = jpeg(np.zeros((120, 160, 3), np.uint8))
    camera.take = lambda: black
    assert len(frames(camera.address(), 5)) == 5


@pytest.mark.parametrize("digest", [False, True], ids=["basic", "digest"])
def test_the_login_stands_in_the_address(camera: SnapshotServer, digest: bool) -> None:
    camera.login, camera.digest = "user:p@ss", digest
    assert len(frames(camera.address(login="user:p%40ss@"), 3)) == 3
    with pytest.raises(CameraError, match="refuses the login") as raised:
        frames(camera.address(login="user:wrong@"), 1)
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": 404}, "answers 404 Not Found"),
        ({"kind": "image/jpeg", "take": lambda: b"no picture"}, "no picture that can be decoded"),
        ({"take": lambda: picture(80, 60)}, "too small"),
        ({"cut": True}, "cut short"),
    ],
)
def test_what_is_wrong_at_the_first_picture_is_told_at_once(
    camera: SnapshotServer, change: dict[str, object], words: str
) -> None:
    for name, value in change.items():
        setattr(camera, name, value)
    with pytest.raises(CameraError, match=words):
        frames(camera.address(), 1)


def test_nobody_at_the_address_and_no_address_are_told_without_the_password() -> None:
    with pytest.raises(CameraError, match="cannot be reached") as raised:
        frames(f"http://user:secret@127.0.0.1:{free_port()}/snap.jpg", 1)
    assert "secret" not in str(raised.value)
    with pytest.raises(UserError) as wrong:
        open_source(CameraSettings(source="http://user:secret@[::1/snap.jpg"))
    assert "secret" not in str(wrong.value)


def test_a_picture_that_fails_now_and_then_is_passed_over(camera: SnapshotServer) -> None:
    calls = 0

    def shaky() -> bytes:
        nonlocal calls
        calls += 1
        return b"" if calls % 3 == 2 else picture()

    camera.take = shaky
    assert len(frames(camera.address(), 6)) == 6


def test_a_camera_that_hangs_is_seen_and_found_again(camera: SnapshotServer) -> None:
    source = open_source(CameraSettings(source=camera.address(), stall_s=STALL_S, fps=20))
    capture = LiveCapture(source, retry_s=0.2, stall_s=STALL_S)
    capture.start()
    try:
        until(lambda: capture.status.frames > 3)
        camera.hangs.set()
        until(lambda: capture.status.fault is CameraFault.STALLED)
        camera.hangs.clear()
        until(lambda: capture.status.fault is None)
    finally:
        capture.stop()


def test_an_address_that_does_not_say_it_is_found_out_by_its_answer(camera: SnapshotServer) -> None:
    assert len(frames(camera.address("cgi-bin/snapshot.cgi?channel=1"), 4)) == 4


def test_a_stream_under_the_name_of_a_picture_is_a_stream() -> None:
    class Stream(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            for _ in range(200):
                shot = picture()
                self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n")
                self.wfile.write(f"Content-Length: {len(shot)}\r\n\r\n".encode() + shot + b"\r\n")
                time.sleep(0.02)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Stream) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert len(frames(f"http://127.0.0.1:{server.server_address[1]}/video.jpg", 4, stall_s=5.0)) == 4
        server.shutdown()


def test_the_orientation_that_a_camera_writes_beside_its_picture_is_left_to_the_owner(camera: SnapshotServer) -> None:
    plain = cv2.imencode(".jpg", RANDOM.integers(60, 200, (120, 160, 3), dtype=np.uint8))[1].tobytes()
    # an Exif segment that says: turned by a quarter
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape == (160, 120, 3)
    camera.take = lambda: turned
    assert frames(camera.address(), 1)[0].image.shape == (120, 160)
