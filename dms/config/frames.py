"""Where pictures come from."""

import re
from typing import Literal

from pydantic import Field

from dms.config.section import Section

_URI = re.compile(r"[\w+.-]*://.*", re.DOTALL)
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?")


def without_secrets(text: str) -> str:
    """Give a text as it may be logged and published: of an address only scheme, host and port.

    Cameras take logins before the host, in the path and in the query alike. An address whose host cannot be told for
    certain (``rtsp://user:pa/ss@host``) keeps its scheme only.
    """
    return _URI.sub(lambda found: _shown(found.group()), text)


def _shown(uri: str) -> str:
    scheme, _, rest = uri.partition("://")
    authority, *more = re.split(r"[/?#\\]", rest, maxsplit=1)
    host = authority.rpartition("@")[2]
    if "@" in "".join(more) or not _HOST.fullmatch(host):
        return f"{scheme}://..."
    return f"{scheme}://{host}" + ("/..." if any(more) else "")


class CameraSettings(Section):
    """The ``[camera]`` table."""

    source: str = Field(
        "0",
        min_length=1,
        title="Source",
        description="Camera index (0), device (/dev/video0), 'libcamera' for a Raspberry Pi camera module, "
        "an rtsp:// or http:// address, a video file, or a folder of images. A recording plays at its own pace.",
    )
    width: int = Field(640, ge=160, le=1920, title="Width", description="Width asked of the camera, pixels.")
    height: int = Field(480, ge=120, le=1080, title="Height", description="Height asked of the camera, pixels.")
    fps: float = Field(
        15.0,
        ge=5.0,
        le=60.0,
        title="Frame rate",
        description="Frames per second asked of the camera, the rate at which one that answers with single pictures "
        "(http://.../snap.jpg) is asked, and that at which a folder of images plays. "
        "Closures need 5, PERCLOS 10, blink durations 15.",
    )
    format: Literal["auto", "yuyv", "mjpeg", "grey"] = Field(
        "auto",
        title="Pixel format",
        description="Asked of a V4L2 camera. 'auto' takes uncompressed pictures (yuyv) where they fit through USB 2.0, "
        "else mjpeg, and grey where a camera has nothing else, as infrared cameras do.",
    )
    exposure_ms: float | None = Field(
        None,
        ge=0.1,
        le=200.0,
        title="Exposure",
        description="Exposure time in milliseconds asked of a camera; absent: the camera chooses. Under 10 ms a moving "
        "face stays sharp. A hint: few cameras know every value.",
    )
    gain: float | None = Field(
        None,
        ge=0.0,
        le=1000.0,
        title="Gain",
        description="Gain asked of a camera; absent: the camera chooses. In the driver's own unit for V4L2 "
        "(`v4l2-ctl --list-ctrls` shows it), a factor for libcamera. A hint.",
    )
    rotate: Literal[0, 90, 180, 270] = Field(
        0,
        title="Rotation",
        description="Clockwise rotation in degrees that sets a camera's picture upright; a recording's too, "
        "after what the file itself says. Not for clips that DMS wrote: they are upright.",
    )
    mirror: bool = Field(False, title="Mirrored", description="True when the camera gives a mirrored picture.")
    retry_s: float = Field(
        2.0,
        ge=0.2,
        le=60.0,
        title="Retry pause",
        description="Seconds between attempts to open a camera that is absent or was pulled.",
    )
    stall_s: float = Field(
        1.0,
        ge=0.5,
        le=10.0,
        title="Stall limit",
        description="Seconds without a new picture after which the camera counts as lost. A picture that is the same "
        "as the one before, bit for bit, is not new. Source: own; five frames of the slowest camera, and half of the "
        "2 s within which a fault is reported.",
    )
