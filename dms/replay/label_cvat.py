"""Labels from CVAT: "CVAT for video" with tracks, "CVAT for images" with tags and shapes.

Takes the XML file and the rate of the frames that it counts, gives a ``LabelTable`` whose rows know their line.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dms.errors import UserError
from dms.replay.labels import LabelRow, LabelTable, label_at
from dms.replay.xml_lines import Element, elements

_STEP = re.compile(r"step\s*=\s*([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class _Shape:
    """A track's shape in a frame.

    Attributes:
        where: Its line.
        frame: Which, counted from 0.
        outside: Whether what is tracked is not there from this frame on.
        key: Whether a person drew it; otherwise it is calculated from those that one drew.
    """

    where: str
    frame: int
    outside: bool
    key: bool


def cvat_table(path: Path, text: str, fps: float | None) -> LabelTable:
    """Read the labels of all tracks, tags and shapes.

    A track's label holds from each frame in which it is there to the next that is ``outside``. An export that has key
    frames alone leaves its last one standing to the end of the task, as CVAT does. An image's tags and shapes hold for
    one frame, and are one label in frames that follow each other.

    Args:
        path: The file.
        text: What is in it.
        fps: Frames a second; the file does not say.

    Raises:
        UserError: It is no such export, a number in it is wrong, or the rate is not given.
    """
    if fps is None:
        raise UserError(f"{path}: CVAT counts frames: give --label-fps, the frames a second of its video")
    found = elements(path, text)
    if not found or found[0].name != "annotations":
        raise UserError(f"{path}:1: no export of CVAT: its first element must be annotations")
    task = _Task.of(found)
    spans = [*_tracks(found, task), *_images(found, task)]
    spans.sort(key=lambda span: (span[2], span[3]))
    rows = tuple(
        LabelRow(where, label_at(where, first / fps, last / fps, event), task.drive)
        for where, event, first, last in spans
    )
    return LabelTable(path, rows, frozenset() if task.drive is None else frozenset([task.drive]))


@dataclass(frozen=True, slots=True)
class _Task:
    """What the file says of the video.

    Attributes:
        drive: Its name, None when it is not given.
        step: Every how many frames one was labelled; the numbers are those of the video all the same.
        end: The first frame after the task, None when it is not given.
    """

    drive: str | None
    step: int
    end: int | None

    @classmethod
    def of(cls, found: list[Element]) -> Self:
        """Read the part before the labels."""
        meta = {one.name: one for one in found if "meta" in one.inside}
        sources = [one for one in found if one.name == "source" and "meta" in one.inside]
        if len(sources) > 1:
            raise UserError(f"{sources[1].where}: several videos in one file: export each task of CVAT by itself")
        chosen = _STEP.search(meta["frame_filter"].text) if "frame_filter" in meta else None
        step = int(chosen[1]) if chosen else 1
        end = None
        if "stop_frame" in meta:
            end = _whole(meta["stop_frame"], meta["stop_frame"].text) + step
        elif "size" in meta:
            end = _whole(meta["size"], meta["size"].text) * step
        return cls(sources[0].text.strip() or None if sources else None, step, end)


_Span = tuple[str, str, int, int]
"""Where it stands, the event, its first frame, and the first one after it."""


def _tracks(found: list[Element], task: _Task) -> Iterator[_Span]:
    shapes: list[_Shape] = []
    event = ""
    for element in [*found, None]:
        if element is None or element.name == "track":
            yield from _spans(event, shapes, task)
            shapes = []
            event = "" if element is None else element.values.get("label", "")
        elif element.inside == ("annotations", "track"):
            frame = _whole(element, element.values.get("frame", ""))
            outside, key = (element.values.get(name) == "1" for name in ("outside", "keyframe"))
            shapes.append(_Shape(element.where, frame, outside, key))


def _spans(event: str, shapes: list[_Shape], task: _Task) -> Iterator[_Span]:
    if not shapes:
        return
    shapes = sorted(shapes, key=lambda shape: shape.frame)
    end = shapes[-1].frame + task.step
    if task.end is not None and all(shape.key for shape in shapes):
        end = max(end, task.end)
    begun: _Shape | None = None
    for shape in shapes:
        if begun is None and not shape.outside:
            begun = shape
        elif begun is not None and shape.outside:
            yield begun.where, event, begun.frame, shape.frame
            begun = None
    if begun is not None:
        yield begun.where, event, begun.frame, end


def _images(found: list[Element], task: _Task) -> Iterator[_Span]:
    frames: dict[str, dict[int, str]] = defaultdict(dict)
    image: Element | None = None
    for element in found:
        if element.name == "image":
            image = element
        elif image is not None and element.inside == ("annotations", "image"):
            frame = _whole(image, image.values.get("id", ""))
            frames[element.values.get("label", "")].setdefault(frame, element.where)
    for event, places in frames.items():
        for frame in sorted(places):
            if frame - task.step not in places:
                first = frame
            if frame + task.step not in places:
                yield places[first], event, first, frame + task.step


def _whole(element: Element, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise UserError(f"{element.where}: {element.name} has {text!r} where a whole number must be") from error
