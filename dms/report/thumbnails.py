"""Small pictures of the moments that a report leads to, for who asks for them.

Takes drives and the recordings that their summaries name, gives the drives with a picture at each mark. The rest of a
report holds no picture of anybody.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
from pydantic import ValidationError

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames import Image
from dms.frames.source import open_recording
from dms.records.trace import is_trace
from dms.report.drives import ReportDrive
from dms.report.timeline import Mark, Wrong

MOST = 60
"""Pictures in a report; a page of 2 MB has room for more, but not beside its curves."""
_WIDTH_PX, _QUALITY = 200, 60


def with_thumbnails(drives: Sequence[ReportDrive]) -> tuple[list[ReportDrive], list[str]]:
    """Put pictures at what went wrong, at ``MOST`` moments, those of the first drives first.

    Returns:
        The drives, and a line for each of which there are no pictures, and why.
    """
    shown, warnings, left = [], [], MOST
    for drive in drives:
        wanted = [mark for mark in drive.now.marks if mark.kind is not Wrong.FOUND][:left]
        left -= len(wanted)
        pictures: dict[Mark, str] = {}
        if wanted:
            try:
                pictures = dict(_pictures(wanted, drive.summary))
            except UserError as error:
                warnings.append(f"{drive.name}: no thumbnails: {error}")
        marks = tuple(replace(mark, picture=pictures.get(mark)) for mark in drive.now.marks)
        shown.append(replace(drive, now=replace(drive.now, marks=marks)))
    if left == 0:
        warnings.append(f"thumbnails of {MOST} moments, those of what went wrong most; the others have none")
    return shown, warnings


def _pictures(marks: Sequence[Mark], summary: Mapping[str, Any]) -> Iterator[tuple[Mark, str]]:
    """Yield the picture of each mark: of an alert its moment, of a label its middle, or the first picture after it."""
    waiting = sorted(marks, key=_middle)
    for t, picture in _frames(summary):
        while waiting and _middle(waiting[0]) <= t:
            yield waiting.pop(0), _address(picture)
        if not waiting:
            return


def _middle(mark: Mark) -> float:
    return (mark.t + mark.end_s) / 2


def _frames(summary: Mapping[str, Any]) -> Iterator[tuple[float, Image]]:
    """Yield the pictures of the recording that a summary names, with their times."""
    made_by = summary.get("made_by") or {}
    path = Path(str((made_by.get("source") or {}).get("path", "")))
    if not made_by or is_trace(path) or not path.exists():
        raise UserError("its summary names no recording that is there: replay the recording itself with this version")
    try:
        settings = CameraSettings.model_validate(made_by.get("camera") or {})
    except ValidationError as error:
        raise UserError("its summary is of another version: replay the recording again") from error
    recording = open_recording(path, settings, fps=made_by.get("fps"), track=made_by.get("track"))
    for frame in recording.frames():
        yield frame.t, frame.picture


def _address(picture: Image) -> str:
    """Return a small JPEG as a ``data:`` address."""
    height = max(1, round(picture.shape[0] * _WIDTH_PX / picture.shape[1]))
    small = cv2.resize(picture, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
