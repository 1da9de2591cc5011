"""Draws the aim into a picture, for people who look.

Takes a ``Sight`` and an ``Aim``, gives a picture or a JPEG. Not part of any judgement.
"""

import textwrap
from pathlib import Path

import cv2
import numpy as np

from dms.aim.verdict import Aim, Verdict
from dms.aim.viewer import Sight
from dms.errors import UserError
from dms.frames import Image

Colour = tuple[int, int, int]

# blue, green, red; each is legible on black and on white skin
_COLOURS: dict[Verdict | None, Colour] = {
    None: (200, 200, 200),
    Verdict.GOOD: (80, 200, 60),
    Verdict.USABLE: (0, 170, 255),
    Verdict.NOT_USABLE: (60, 60, 255),
}
_WIDTH = 640
"""Pixels across of a picture for people: no phone shows more, and more takes longer to send."""
_LEAST_WIDTH = 480
"""Narrower ones are enlarged: the words must fit."""
_QUALITY = 75
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_LINE = 22
_MARGIN = 10


def drawn(sight: Sight, verdict: Verdict | None) -> Image:
    """Return the picture with the face that was seen: its box and the corners of eyes and mouth.

    Args:
        sight: What was seen.
        verdict: Decides the colour; None before there is one.

    Returns:
        (height, width, 3) BGR, at most 640 pixels wide.
    """
    width = sight.picture.shape[1]
    scale = min(1.0, _WIDTH / width) if width > _LEAST_WIDTH else _LEAST_WIDTH / width
    size = (round(width * scale), round(sight.picture.shape[0] * scale))
    view = np.array(cv2.resize(sight.picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))
    colour = _COLOURS[verdict]
    if sight.box is not None:
        box = sight.box
        corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]]) * scale
        (left, top), (right, bottom) = corners.round().astype(int).tolist()
        # black beneath, so that it shows on any skin and in sunlight
        cv2.rectangle(view, (left, top), (right, bottom), (0, 0, 0), 5, cv2.LINE_AA)
        cv2.rectangle(view, (left, top), (right, bottom), colour, 2, cv2.LINE_AA)
    if sight.points is not None:
        for x, y in (sight.points[36:68] * scale).round().astype(int).tolist():
            cv2.circle(view, (x, y), 1, colour, -1, cv2.LINE_AA)
    return np.asarray(view, np.uint8)


def annotated(view: Image, aim: Aim) -> Image:
    """Return a picture as ``drawn`` returns it, and below it the verdict in words, (height, width, 3) BGR."""
    width = view.shape[1]
    columns = (width - 2 * _MARGIN) // 9
    lines = textwrap.wrap(aim.headline(), columns)
    count = len(lines)
    for one in aim.advice:
        lines += textwrap.wrap(one.text, columns, initial_indent="- ", subsequent_indent="  ")
    panel = np.full((2 * _MARGIN + _LINE * len(lines), width, 3), 24, np.uint8)
    for row, line in enumerate(lines):
        colour = _COLOURS[aim.verdict] if row < count else (235, 235, 235)
        at = (_MARGIN, _MARGIN + _LINE * row + 16)
        cv2.putText(panel, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.48, colour, 1, cv2.LINE_AA)
    return np.asarray(np.vstack([view, panel]), np.uint8)


def jpeg(picture: Image) -> bytes:
    """Encode a picture as JPEG."""
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()


def opened(encoded: bytes) -> Image:
    """Return the picture of a JPEG that ``jpeg`` made."""
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def check_name(path: Path, source: str) -> None:
    """Refuse a file that no picture can be written to, before anybody has waited for one.

    Args:
        path: The file.
        source: What is looked at.

    Raises:
        UserError: It ends in neither .jpg nor .png, its folder is not there, or is a picture of ``source``.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise UserError(f"{path}: a picture is written as .jpg or .png")
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}")
    place = path.resolve()
    if place.is_file() and Path(source).resolve() in (place, place.parent):
        raise UserError(f"{path}: is a picture that is looked at: give it another name")


def write_picture(path: Path, picture: Image) -> None:
    """Write a picture to a file whose name says which kind.

    Raises:
        UserError: It cannot be written.
    """
    _, encoded = cv2.imencode(path.suffix.lower(), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
