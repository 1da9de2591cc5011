"""What one picture shows of the aim, in numbers.

Takes a frame, what perception saw in it and the face's points; gives a ``Glimpse``. Remembers nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dms.aim.limits import BLOWN_OUT
from dms.frames import Frame, Image
from dms.observation import Box, Observation, View
from dms.perception.view import as_grey

Points = npt.NDArray[np.float32]

_EVERY = 4
"""Pixels from one whose light is measured to the next."""
_EYES = ((36, (31, 48)), (42, (35, 54)))
"""For the driver's right and left eye: its first point, and the nose's and the mouth's corner below it."""
# of the region around an eye, in distances of its corners: from its centre to either side, up and down
_ASIDE, _UP, _DOWN = 0.7, 0.35, 0.45
_VEIL, _VEIL_SPREAD = 0.85, 0.14
"""A lens that mirrors something wide lies like a veil over the eye: it is then as bright as the cheek, and flat. Least
brightness over the cheek's, most standard deviation over the mean. Source: study; eyes that are seen have 0.4 to 0.95
and 0.16 to 0.69, never both within these limits; those behind mirroring glasses 0.9 and 0.1."""
_SPOT, _SPOT_SHARE = 1.2, 0.08
"""A lens that mirrors a lamp has a spot that is blown out: how much brighter than the cheek it is at the least, and the
least share of the region that it fills. Source: study; eyes that are seen have 0.00 to 0.02 of such pixels."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One picture. Light is a mean grey level 0..255.

    Attributes:
        t: When it was taken, seconds.
        view: Whether it can be judged at all.
        size: Width and height in pixels.
        light: Of the whole picture.
        blown_out: Share 0..1 of pixels, but for the face, that are as bright as can be.
        face: As in ``Observation``.
        box: Of the face; this and all below None without one.
        outside: Share 0..1 of the face that lies beyond the picture's edges.
        edges: Which edges cut it off.
        face_light: Of the face.
        around_light: Of the rest.
        left_eye: Whether the driver's left eye could be read.
        right_eye: The same for the right eye.
        glare: Whether a reflection covers an eye.
        yaw: Of the head, degrees.
        upright: As in ``Observation``.
    """

    t: float
    view: View
    size: tuple[int, int]
    light: float
    blown_out: float
    face: bool | None = None
    box: Box | None = None
    outside: float | None = None
    edges: tuple[str, ...] = ()
    face_light: float | None = None
    around_light: float | None = None
    left_eye: bool | None = None
    right_eye: bool | None = None
    glare: bool | None = None
    yaw: float | None = None
    upright: bool | None = None


def glimpse_of(frame: Frame, observation: Observation, points: Points | None) -> Glimpse:
    """Measure a picture.

    Args:
        frame: The picture.
        observation: What perception saw in it.
        points: (68, 2) of the face it follows, pixels; None without one.
    """
    grey = as_grey(frame.image)
    height, width = grey.shape
    box = observation.box
    thin = grey[::_EVERY, ::_EVERY]
    if box is None:
        blown = float((thin >= BLOWN_OUT).mean())
        return Glimpse(observation.t, observation.view, (width, height), float(thin.mean()), blown, observation.face)
    left, top, right, bottom = box.within(width, height)
    face = grey[top:bottom, left:right]
    rest = np.ones(thin.shape, np.bool_)
    rest[-(-top // _EVERY) : -(-bottom // _EVERY), -(-left // _EVERY) : -(-right // _EVERY)] = False
    around = thin[rest]
    return Glimpse(
        observation.t,
        observation.view,
        (width, height),
        float(thin.mean()),
        float((around >= BLOWN_OUT).mean()) if around.size else 0.0,
        observation.face,
        box,
        outside=_outside(box, width, height),
        edges=_edges(box, width, height),
        face_light=float(face.mean()) if face.size else None,
        around_light=float(around.mean()) if around.size else None,
        left_eye=observation.left_eye is not None,
        right_eye=observation.right_eye is not None,
        glare=None if points is None else mirrors(grey, points),
        yaw=None if observation.pose is None else observation.pose.yaw,
        upright=observation.upright,
    )


def mirrors(grey: Image, points: Points) -> bool:
    """Return whether light is reflected over an eye, as by glasses.

    Args:
        grey: (height, width) uint8.
        points: (68, 2) iBUG points, pixels.
    """
    return any(_mirrors(grey, points, first, cheek) for first, cheek in _EYES)


def _mirrors(grey: Image, points: Points, first: int, cheek: tuple[int, int]) -> bool:
    eye = points[first : first + 6]
    x, y = eye.mean(0).tolist()
    across = math.dist(eye[0], eye[3])
    left, top, right, bottom = x - _ASIDE * across, y - _UP * across, x + _ASIDE * across, y + _DOWN * across
    if left < 0 or top < 0 or right >= grey.shape[1] or bottom >= grey.shape[0]:
        return False
    region = _cut(grey, left, top, right, bottom)
    # below the eye, short of the fold between nose and mouth
    below = points[[*cheek]].mean(0)
    cheek_x, cheek_y = (0.4 * eye.mean(0) + 0.6 * below).tolist()
    skin = _cut(grey, cheek_x - across / 4, cheek_y - across / 4, cheek_x + across / 4, cheek_y + across / 4)
    if region.size < 9 or not skin.size:
        return False
    light, mean = max(float(np.median(skin)), 1.0), float(region.mean())
    veiled = float(np.median(region)) >= _VEIL * light and float(region.std()) <= _VEIL_SPREAD * mean
    spot = (region >= BLOWN_OUT) & (region >= _SPOT * light)
    return veiled or float(spot.mean()) >= _SPOT_SHARE


def _cut(grey: Image, left: float, top: float, right: float, bottom: float) -> Image:
    return grey[max(0, int(top)) : max(0, int(bottom) + 1), max(0, int(left)) : max(0, int(right) + 1)]


def _outside(box: Box, width: int, height: int) -> float:
    across = max(0.0, min(box.x + box.width, width) - max(box.x, 0.0))
    down = max(0.0, min(box.y + box.height, height) - max(box.y, 0.0))
    return 1.0 - across * down / max(box.width * box.height, 1e-6)


def _edges(box: Box, width: int, height: int) -> tuple[str, ...]:
    beyond = {
        "left": -box.x / max(box.width, 1e-6),
        "top": -box.y / max(box.height, 1e-6),
        "right": (box.x + box.width - width) / max(box.width, 1e-6),
        "bottom": (box.y + box.height - height) / max(box.height, 1e-6),
    }
    return tuple(edge for edge, share in beyond.items() if share > 0.02)
