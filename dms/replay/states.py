"""What was judged, frame by frame: the table ``states`` of a replay, to plot why there was an alert or why not.

Takes the steps of a drive, writes a row for each observation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from dms.driver.state import DriverState
from dms.observation import Emotions, Observation
from dms.replay.tables import Column, Kind, TableFile, open_table
from dms.sink import DriveInfo, Sink, Step

STATES = "states"
"""What the table is called, without its suffix."""

_EMOTIONS = tuple(field.name for field in fields(Emotions))
COLUMNS = (
    Column("drive", Kind.TEXT, "the drive's name"),
    Column("t", Kind.NUMBER, "seconds since the start of the file"),
    Column("view", Kind.TEXT, "whether the picture could be judged: `clear`, `dark`, `covered`, `lost`, `failed`"),
    Column("face", Kind.TRUTH, "whether a face was there"),
    Column("eyes", Kind.TEXT, "both together: `open`, `closed`, `unknown`"),
    Column("left_eye", Kind.NUMBER, "probability 0..1 that it is closed"),
    Column("right_eye", Kind.NUMBER, "the same"),
    Column("looking_down", Kind.NUMBER, "probability 0..1 that the eyes are lowered and not shut"),
    Column("yawn", Kind.NUMBER, "probability 0..1 of a mouth wide open"),
    Column("yaw", Kind.NUMBER, "head, degrees"),
    Column("pitch", Kind.NUMBER, "head, degrees"),
    Column("roll", Kind.NUMBER, "head, degrees"),
    Column("condition", Kind.TEXT, "the driver in one word"),
    Column("degraded", Kind.TEXT, "why the driver could not be judged"),
    Column("closed_s", Kind.NUMBER, "seconds that the eyes have been closed now"),
    Column("perclos", Kind.NUMBER, "share 0..1 of known time with closed eyes over the window"),
    Column("valid_share", Kind.NUMBER, "share 0..1 of that window in which the eyes were known"),
    Column("fatigue", Kind.TEXT, "level of the open fatigue alert"),
    Column("anger", Kind.TEXT, "level of the open anger alert"),
    Column("anger_score", Kind.NUMBER, "anger 0..1 above this driver's own resting face"),
    Column("held_back", Kind.TEXT, "what held back a fatigue alert that the eyes by themselves would raise"),
    *(Column(f"emotion_{name}", Kind.NUMBER, "probability 0..1, smoothed") for name in _EMOTIONS),
    Column("calibrated", Kind.NUMBER, "share 0..1 of the driver's baseline that has been learned"),
    Column("alert", Kind.TEXT, "what was raised at this moment, as `fatigue/asleep update`"),
    Column("cause", Kind.TEXT, "why"),
)
"""The columns of the table, in their order."""

_ROWS = 4096
"""Written at once: four and a half minutes at 15 frames a second."""
_SEEN = tuple(map(attrgetter, ("left_eye", "right_eye", "looking_down", "yawn")))
_POSE = tuple(map(attrgetter, ("yaw", "pitch", "roll")))
_JUDGED = tuple(
    map(
        attrgetter,
        ("condition", "degraded", "closed_s", "perclos", "valid_share", "fatigue", "anger", "anger_score", "held_back"),
    )
)


class StatesFile(Sink):
    """Writes the table.

    Args:
        folder: Where; earlier tables of the name in it are replaced when the drive starts.
        drive: The drive's name.
        made_by: What the table says of its origin.
    """

    def __init__(self, folder: Path, drive: str, made_by: Mapping[str, Any] | None) -> None:
        self._stem = folder / STATES
        self._drive = drive
        self._made_by = made_by
        self._table: TableFile | None = None
        self._seen: list[Observation] = []
        self._states: list[DriverState] = []
        self._told: dict[int, tuple[str, str]] = {}

    def start(self, info: DriveInfo) -> None:
        """Begin the table."""
        self._table = open_table(self._stem, COLUMNS, {"drive": self._drive, "made_by": self._made_by})

    def step(self, step: Step) -> None:
        """Add a row."""
        seen, state = step.observation, step.state
        if seen is None or state is None:
            return
        if step.alerts:
            self._told[len(self._seen)] = _told(step)
        self._seen.append(seen)
        self._states.append(state)
        if len(self._seen) >= _ROWS:
            self._flush()

    def stop(self, timeout_s: float) -> None:
        """Write what is in memory, and close."""
        if self._table is not None:
            self._flush()
            self._table.close()

    def _flush(self) -> None:
        if self._table is not None and self._seen:
            self._table.write(list(self._columns()))
        self._seen, self._states, self._told = [], [], {}

    def _columns(self) -> Iterator[list[Any]]:
        """Column by column: several times faster than row by row."""
        seen, states = self._seen, self._states
        yield [self._drive] * len(seen)
        yield [one.t for one in seen]
        yield [one.view for one in seen]
        yield [one.face for one in states]
        yield [one.eyes for one in states]
        for get in _SEEN:
            yield list(map(get, seen))
        poses = [one.pose for one in seen]
        for get in _POSE:
            yield [None if pose is None else get(pose) for pose in poses]
        for get in _JUDGED:
            yield list(map(get, states))
        emotions = [one.emotions for one in states]
        for name in _EMOTIONS:
            get = attrgetter(name)
            yield [None if shown is None else get(shown) for shown in emotions]
        yield [one.calibrated for one in states]
        for number in (0, 1):
            told: list[str | None] = [None] * len(seen)
            for row, words in self._told.items():
                told[row] = words[number]
            yield told


def _told(step: Step) -> tuple[str, str]:
    alerts = step.alerts
    causes = [str(alert.evidence["cause"]) for alert in alerts if alert.evidence.get("cause") is not None]
    return "; ".join(f"{one.kind}/{one.level} {one.phase}" for one in alerts), "; ".join(causes)
