"""The trace: what was seen in a drive, as JSON lines without pictures.

Takes and gives ``Observation`` values and driver inputs in order of time. Numbers are written so that they read back
as the same floats: a replayed trace gives the same events byte for byte. Unknown values are null: every line of an
observation has every column, so that table readers which look at the first lines alone find them all.

A trace is one file, or a folder of parts ``0001.jsonl``, ``0002.jsonl`` and so on, which the daemon writes: every part
is a trace of its own, and the folder reads as one.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import TypeAdapter
from pydantic_core import from_json

from dms.driver.baseline import Baseline
from dms.driver.inputs import Acknowledgement, DriverChange, DriverInput, VehicleSpeed
from dms.errors import UserError
from dms.observation import Box, Emotions, HeadPose, Observation, View, WideMouth

TRACE_VERSION = 2
"""Version 1 left unknown values out of a line."""
_READ = (1, TRACE_VERSION)

_SHARES = ("face_score", "left_eye", "right_eye", "looking_down", "yawn", "frown")
_COLUMNS = ("t", "view", "face", "upright", *_SHARES, "box", "pose", "emotions", "wide_mouth")
_VALUES = itemgetter(*_COLUMNS)
_PLAIN = frozenset({float, int})
_SHARE_TYPES = _PLAIN | {type(None)}
_ANSWERS = frozenset({bool, type(None)})
_VIEWS = {view.value: view for view in View}
_RECORDS: dict[str, type[Box] | type[HeadPose] | type[Emotions] | type[WideMouth]] = {
    "box": Box,
    "pose": HeadPose,
    "emotions": Emotions,
    "wide_mouth": WideMouth,
}
_NUMBERS = [(name, attrgetter(*(field.name for field in fields(kind)))) for name, kind in _RECORDS.items()]
# inputs are rare and nested: pydantic reads and writes them; observations are many and flat
_INPUTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (VehicleSpeed, Acknowledgement, DriverChange)
}
_AS_JSON = json.JSONEncoder(separators=(",", ":")).encode
_BASELINE = TypeAdapter(Baseline)
# bytes that are no text are one broken line, wherever they stand
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """First line of a trace.

    Attributes:
        drive: What was watched: the name of the file or the camera.
        session: Names this run; ids of events derive from it.
        baseline: What was known about the driver when it began; None for nothing.
        made_by: Program, models, limits and source, as plain data; None where they are not known.
    """

    drive: str
    session: str
    baseline: Baseline | None = None
    made_by: Mapping[str, Any] | None = None


class TraceWriter:
    """Writes a trace, line by line.

    Args:
        path: The file to write; an existing one is replaced.
        header: What the trace is of.
        private: Whether only its owner may read a new file.

    Attributes:
        size: Bytes written so far, those in memory included.
    """

    def __init__(self, path: Path, header: TraceHeader, *, private: bool = False) -> None:
        mode = 0o600 if private else 0o666
        # a line is some 250 bytes: the disk is touched every 15 s or so, not at each frame
        self._file = open(path, "w", 65536, "utf-8", opener=partial(os.open, mode=mode))  # noqa: SIM115
        self.size = 0
        line: dict[str, Any] = {"trace_version": TRACE_VERSION, "drive": header.drive, "session": header.session}
        if header.baseline is not None:
            line["baseline"] = asdict(header.baseline)
        if header.made_by is not None:
            line["made_by"] = header.made_by
        self._line(line)
        # a part without its first line is no trace
        self._file.flush()

    def write(self, event: Observation | DriverInput) -> None:
        """Write what was seen in one frame, or an input."""
        if isinstance(event, Observation):
            line: dict[str, Any] = {"t": event.t, "view": event.view.value}
            line.update((name, getattr(event, name)) for name in ("face", "upright", *_SHARES))
            line.update((name, get(value) if (value := getattr(event, name)) else None) for name, get in _NUMBERS)
        else:
            name = type(event).__name__
            line = {"input": name, **_INPUTS[name].dump_python(event, mode="json")}
        self._line(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is in memory, and close."""
        self._file.close()

    def _line(self, line: dict[str, Any]) -> None:
        self.size += self._file.write(_AS_JSON(line) + "\n")


def is_trace(path: Path) -> bool:
    """Return whether a file or folder is meant to be a trace, by its name and those in it."""
    return path.suffix == ".jsonl" or bool(_parts(path))


def part_name(number: int) -> str:
    """Return the name of a part in a trace's folder, counted from 1."""
    return f"{number:04d}.jsonl"


def _parts(folder: Path) -> list[Path]:
    """Return the parts of a trace in their order; none when this is no folder of parts."""
    parts = [path for path in folder.glob("[0-9]*.jsonl") if path.stem.isdecimal()]
    return sorted(parts, key=lambda part: int(part.stem))


def read_trace(path: Path) -> tuple[TraceHeader, Iterator[Observation | DriverInput]]:
    """Read a trace.

    Args:
        path: The file, or the folder of its parts.

    Returns:
        The header, of parts that of the first one there is; and the observations and inputs in their order. A last
        line cut short by a power cut is left out, and so is a last part in which not even the first line is whole; any
        other broken line raises ``UserError`` when it is reached.

    Raises:
        UserError: The file is missing or no trace, or the parts do not belong together.
    """
    files = _parts(path) or [path]
    if len(files) > 1 and not _begins(files[-1]):
        files.pop()
    headers = [_read_header(file) for file in files]
    for number, (file, header) in enumerate(zip(files, headers, strict=True)):
        if header.session != headers[0].session or (number and int(file.stem) != int(files[0].stem) + number):
            raise UserError(f"{file}: does not follow the part before it: replay the parts one by one")
    return headers[0], chain.from_iterable(map(_events, files))


def _begins(part: Path) -> bool:
    """Whether a part's first line is whole, whatever it says: a power cut may come before it is on the disk."""
    try:
        with part.open("rb") as file:
            return file.readline().endswith(b"\n")
    except OSError:
        # told as the error that it is by what reads the part
        return True


def _read_header(path: Path) -> TraceHeader:
    try:
        with path.open("rb") as file:
            return _header(from_json(file.readline()))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except _BROKEN as error:
        raise _broken(path, 1, error) from error


def _events(path: Path) -> Iterator[Observation | DriverInput]:
    with path.open("rb") as file:
        next(file)
        number = 1
        try:
            for text in file:
                number += 1
                if not text.endswith(b"\n"):
                    return
                line = from_json(text)
                yield _input(line) if "input" in line else _observation(line)
        except _BROKEN as error:
            raise _broken(path, number, error) from error


def _broken(path: Path, number: int, error: Exception) -> UserError:
    problem = str(error).partition("\n")[0]
    return UserError(f"{path}:{number}: not a line of a trace of version 1 to {TRACE_VERSION} ({problem})")


def _header(line: dict[str, Any]) -> TraceHeader:
    if line["trace_version"] not in _READ:
        raise ValueError(f"version {line['trace_version']}")
    baseline = line.get("baseline")
    if baseline is not None:
        _check_numbers(baseline)
        baseline = _BASELINE.validate_python(baseline)
    made_by = line.get("made_by")
    return TraceHeader(
        str(line["drive"]), str(line["session"]), baseline, made_by if isinstance(made_by, dict) else None
    )


def _input(line: dict[str, Any]) -> DriverInput:
    values = {name: value for name, value in line.items() if name != "input"}
    _check_numbers(values)
    event: DriverInput = _INPUTS[line["input"]].validate_python(values)
    return event


def _observation(line: dict[str, Any]) -> Observation:
    try:
        values = _VALUES(line)
    except KeyError:
        # version 1, or written before there was such a column
        values = (line["t"], line["view"], *map(line.get, _COLUMNS[2:]))
    t, view, face, upright, score, left, right, down, yawn, frown, box, pose, emotions, wide = values
    shares, numbers = (score, left, right, down, yawn, frown), [t]
    for record in (box, pose, emotions, wide):
        if record is not None:
            numbers += record
    # all at once: a trace has millions of them; what is left out of a sum is unknown or 0
    if not (
        math.isfinite(sum(numbers) + sum(filter(None, shares)))
        and _PLAIN.issuperset(map(type, numbers))
        and _SHARE_TYPES.issuperset(map(type, shares))
    ):
        for number in (*numbers, *(share for share in shares if share is not None)):
            _check_number(number)
    if type(face) not in _ANSWERS or type(upright) not in _ANSWERS:
        raise ValueError(f"face is {face!r}, upright is {upright!r}")
    return Observation(
        t,
        _VIEWS.get(view) or View(view),
        face,
        score,
        None if box is None else Box(*box),
        None if pose is None else HeadPose(*pose),
        left,
        right,
        yawn,
        None if emotions is None else Emotions(*emotions),
        down,
        None if wide is None else WideMouth(*wide),
        upright,
        frown,
    )


def _check_number(value: Any) -> None:
    # a bool is an int to isinstance; a nan would pass through every comparison of the judge
    if type(value) not in _PLAIN or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")


def _check_numbers(value: Any) -> None:
    """Raise ValueError where a number anywhere in an input is not finite."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_numbers(inner)
    elif isinstance(value, float):
        _check_number(value)
