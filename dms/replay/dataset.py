"""The results of many drives as two Parquet data sets: every alert message, and features of every minute.

Takes folders of results, writes ``events/part=0000/events.parquet``, ``minutes/part=0000/minutes.parquet`` and so on.
Each file is written whole and renamed, so that a task that runs twice, or is killed, harms nothing.
"""

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dms.errors import UserError
from dms.replay.states import COLUMNS as STATE_COLUMNS
from dms.replay.states import STATES
from dms.replay.tables import Column, Kind, arrow_schema, arrow_table, parquet_options

_NUMBERS = (
    *("closed_s", "longest_closed_s", "counted_s", "open_s", "perclos", "valid_share", "speed_kmh", "calibrated"),
    *("anger_score", "anger", "resting_anger", "irritated_s", "angry_s"),
    *("eyes_off_road_s", "limit_s"),
)
EVENTS = (
    Column("drive", Kind.TEXT, "the drive's name"),
    Column("results", Kind.TEXT, "where its results are, below `--out`; no two drives share it"),
    Column("session", Kind.TEXT, "names the run; ids derive from it"),
    Column("event_id", Kind.TEXT, "names the alert: its start, updates and end share it"),
    Column("sequence", Kind.COUNT, "counts the messages of this kind in the drive from 1"),
    Column("t", Kind.NUMBER, "seconds since the start of the drive"),
    Column("kind", Kind.TEXT, "`fatigue`, `anger` or `distraction`"),
    Column("phase", Kind.TEXT, "`start`, `update` or `end`"),
    Column("level", Kind.TEXT, "highest so far"),
    Column("cause", Kind.TEXT, "why"),
    *(Column(name, Kind.NUMBER, "evidence, see [driver states](driver.md)") for name in _NUMBERS),
    Column("evidence", Kind.TEXT, "all of the evidence as JSON"),
)
"""The columns of the events."""
PART = 256
"""Drives in a file: of an hour each, some hundred kilobytes."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a replay left of a drive: its name, its folder, and the folder's path below that of all results."""

    drive: str
    folder: Path
    place: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the drives, which share a file in each data set.

    Attributes:
        root: Holds the data sets.
        number: Of the part, from 0.
        results: Of the drives.
        about: What the files say of their origin.
    """

    root: Path
    number: int
    results: tuple[Results, ...]
    about: Mapping[str, Any]


def check_tables(root: Path) -> None:
    """Find out whether data sets can be written, before hours of work.

    Args:
        root: Where they go; made when absent.

    Raises:
        UserError: The extra ``tables`` is not installed, or the folder cannot be made.
    """
    if find_spec("pyarrow") is None:
        raise UserError("--tables writes Parquet: pip install 'dms[tables]'")
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{root}: cannot be made ({error.strerror}): give --tables a folder") from error


def parts(root: Path, results: Sequence[Results], about: Mapping[str, Any]) -> list[Part]:
    """Share drives out among files, by their order; files of an earlier, larger data set are removed."""
    made = [
        Part(root, number, tuple(results[first : first + PART]), about)
        for number, first in enumerate(range(0, len(results), PART))
    ]
    for data_set in ("events", "minutes"):
        wanted = {_folder(part, data_set).name for part in made}
        for old in (root / data_set).glob("part=*"):
            if old.name not in wanted:
                shutil.rmtree(old)
    return made


def write_part(part: Part) -> int:
    """Write both files of a part.

    Returns:
        The number of its drives.
    """
    _write(part, "events", EVENTS, map(_events, part.results))
    from dms.replay.minutes import COLUMNS  # noqa: PLC0415  # brings numpy

    _write(part, "minutes", COLUMNS, map(_minutes, part.results))
    return len(part.results)


def _folder(part: Part, data_set: str) -> Path:
    return part.root / data_set / f"part={part.number:04d}"


def _write(part: Part, data_set: str, columns: Sequence[Column], drives: Iterator[list[list[Any]]]) -> None:
    from pyarrow import concat_tables, parquet  # noqa: PLC0415  # the extra

    folder = _folder(part, data_set)
    folder.mkdir(parents=True, exist_ok=True)
    # hidden: no reader of a data set takes it in. Of its own for each attempt: two may run at the same time
    partial = folder / f".{uuid.uuid4().hex}"
    schema = arrow_schema(columns, part.about)
    table = concat_tables([arrow_table(schema, values) for values in drives])
    try:
        parquet.write_table(table, partial, **parquet_options(columns))
        partial.replace(folder / f"{data_set}.parquet")
    finally:
        partial.unlink(missing_ok=True)


def _events(result: Results) -> list[list[Any]]:
    rows = []
    for line in (result.folder / "events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        evidence = event["evidence"]
        told = [event[name] for name in ("session", "event_id", "sequence", "t", "kind", "phase", "level")]
        numbers = [evidence.get(name) for name in ("cause", *_NUMBERS)]
        rows.append([result.drive, result.place, *told, *numbers, json.dumps(evidence)])
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in EVENTS]


def _minutes(result: Results) -> list[list[Any]]:
    from pyarrow import parquet  # noqa: PLC0415  # the extra

    from dms.replay.minutes import minutes  # noqa: PLC0415

    path = result.folder / f"{STATES}.parquet"
    if not path.is_file():
        again = "replay it with --again where the extra tables is installed"
        raise UserError(f"{result.folder}: holds no {STATES}.parquet: {again}")
    table = parquet.read_table(path)
    states = {column.name: table[column.name].to_numpy() for column in STATE_COLUMNS}
    return minutes(result.drive, result.place, states)
