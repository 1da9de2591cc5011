"""Network cameras that answer each request with one JPEG (``http://.../snap.jpg``).

Takes an address, asks at ``camera.fps`` and at most as fast as the camera answers, gives a frame for each picture that
is new: the same bytes are the same picture. Knows HTTP's two logins; like FFmpeg it takes a camera's own certificate.
"""

import ssl
import time
from collections.abc import Generator
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import (
    BaseHandler,
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    build_opener,
)

import numpy as np

from dms.config import CameraSettings
from dms.config.frames import without_secrets
from dms.errors import UserError
from dms.frames.fault import FIRST_S, FLAT, CameraError, CameraFault, check_size
from dms.frames.frame import Frame, Image
from dms.frames.luma import Colours, of_jpeg
from dms.frames.upright import upright_frame

_MOST_BYTES = 16_000_000
"""No picture is larger; an answer that is longer is a stream without end."""
_CHUNK_BYTES = 65_536
_UNSAID = "application/octet-stream"
"""What a camera answers that does not know the kind of its pictures."""


class NoSnapshotError(Exception):
    """The address answers, but not with one picture; the text is the kind of what it answers with."""


class SnapshotCamera:
    """A camera that is asked for each picture.

    Args:
        settings: The address, how often to ask, and how long to wait for pictures.

    Raises:
        UserError: The address cannot be one.
    """

    live = True
    duration_s = None

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self.name = without_secrets(settings.source)
        try:
            self._address, self._opener = _opener(settings.source)
        except ValueError:
            raise UserError(f"{self.name}: no address of a camera") from None

    def frames(self) -> Generator[Frame, None, None]:
        """Give new pictures, stamped with monotonic time, until the camera fails.

        Raises:
            CameraError: It cannot be reached, refuses, or gives nothing new for ``stall_s``.
            NoSnapshotError: What it answers is a stream or a page.
        """
        s = self._settings
        interval_s, limit_s = 1.0 / s.fps, max(s.stall_s, FIRST_S)
        due = new_t = time.monotonic()
        last: tuple[bytes, bool] | None = None
        agreed: tuple[int, int] | None = None
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + interval_s, time.monotonic())
            fault, problem = CameraFault.FROZEN, "gives the same picture again and again"
            try:
                body = self._picture()
                now = time.monotonic()
                # a black picture repeats itself with nothing broken
                if last is None or last[1] or body != last[0]:
                    image, colours = _decoded(body)
                    agreed = agreed or (image.shape[1], image.shape[0])
                    check_size(self.name, image, agreed)
                    last, new_t, limit_s = (body, bool(image.std() < FLAT)), now, s.stall_s
                    yield upright_frame(now, image, colours, s)
                    continue
            except (OSError, HTTPException, ValueError, NoSnapshotError) as error:
                fault, problem = _in_words(error)
                if agreed is None and isinstance(error, NoSnapshotError):
                    raise
                if agreed is None and fault is CameraFault.UNPLUGGED:
                    raise CameraError(fault, f"{self.name} {problem}") from None
            if time.monotonic() - new_t >= limit_s:
                raise CameraError(fault, f"{self.name} {problem}")

    def is_one(self) -> bool:
        """Return whether the address answers with one picture."""
        try:
            self._picture()
        except (OSError, HTTPException, ValueError, NoSnapshotError):
            return False
        return True

    def _picture(self) -> bytes:
        """Ask for one picture.

        Raises:
            OSError: It cannot be had.
            HTTPException: What is answered is not HTTP.
            ValueError: It was cut short.
            NoSnapshotError: It is no single picture.
        """
        deadline = time.monotonic() + max(self._settings.stall_s, FIRST_S)
        with self._opener.open(self._address, timeout=self._settings.stall_s) as answer:
            kind = answer.headers.get_content_type()
            if not (kind.startswith("image/") or kind == _UNSAID):
                raise NoSnapshotError(kind)
            body = bytearray()
            while chunk := answer.read1(_CHUNK_BYTES):
                body += chunk
                if time.monotonic() > deadline:
                    raise TimeoutError
                if len(body) > _MOST_BYTES:
                    raise ValueError(f"an answer of more than {_MOST_BYTES} bytes")
            promised = answer.headers.get("Content-Length")
        if promised is not None and len(body) < int(promised):
            raise ValueError(f"a picture was cut short: {len(body)} of {promised} bytes came")
        return bytes(body)


def _opener(address: str) -> tuple[str, OpenerDirector]:
    """The address without its login, and what opens it with the login. No proxy: a camera is near."""
    parts = urlsplit(address)
    login, _, host = parts.netloc.rpartition("@")
    plain = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
    # none of the system's authorities: reading them takes longer than anything else here, and none is asked
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    handlers: list[BaseHandler] = [ProxyHandler({}), HTTPSHandler(context=context)]
    if login:
        user, _, password = login.partition(":")
        known = HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, plain, unquote(user), unquote(password))
        handlers += [HTTPBasicAuthHandler(known), HTTPDigestAuthHandler(known)]
    return plain, build_opener(*handlers)


def _decoded(body: bytes) -> tuple[Image, Colours]:
    picture = of_jpeg(np.frombuffer(body, np.uint8))
    if picture is None:
        raise ValueError("what it answers is no picture that can be decoded")
    return picture


def _in_words(error: Exception) -> tuple[CameraFault, str]:
    """Return what is wrong, and why in words; never with the address, which may hold a password."""
    fault = CameraFault.UNPLUGGED
    if isinstance(error, HTTPError):
        error.close()
        if error.code in (401, 403):
            return fault, f"refuses the login ({error.code}): is it in the address?"
        return fault, f"answers {error.code} {error.reason}: is the address right?"
    if isinstance(error, NoSnapshotError):
        return fault, f"answers with {error}, not with a picture"
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return CameraFault.STALLED, "stopped giving pictures: it does not answer in time"
    if isinstance(reason, OSError):
        why = f" ({reason.strerror})" if reason.strerror else ""
        return fault, f"cannot be reached{why}: is the address right, and does the camera answer?"
    return fault, f"gives no picture: {reason or type(error).__name__}"
