"""What was judged, frame by frame: the table ``states`` of a replay, to plot why there was an alert or why not.

Takes the steps of a drive, writes a row for each observation.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from dms.driver.state import DriverState
from dms.observation import Emotions, HeadPose, Observation
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
    Column("looking", Kind.TEXT, "where the open eyes look: `ahead`, `down`, `aside`"),
    Column("eyes_off_road_s", Kind.NUMBER, "seconds that they have been off the road"),
    Column("fatigue", Kind.TEXT, "level of the open fatigue alert"),
    Column("anger", Kind.TEXT, "level of the open anger alert"),
    Column("distraction", Kind.TEXT, "level of the open distraction alert"),
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
_SEEN = ("t", "view", "left_eye", "right_eye", "looking_down", "yawn")
_POSE = ("yaw", "pitch", "roll")
_JUDGED = (
    "face",
    "eyes",
    "condition",
    "degraded",
    "closed_s",
    "perclos",
    "valid_share",
    "looking",
    "eyes_off_road_s",
    "fatigue",
    "anger",
    "distraction",
    "anger_score",
    "held_back",
    "calibrated",
)
_TOLD = ("alert", "cause")
_ROW = (*_SEEN, *_POSE, *_JUDGED, *(f"emotion_{name}" for name in _EMOTIONS), *_TOLD)
"""A row as it is kept until it is written."""
_PLACES = tuple(_ROW.index(column.name) for column in COLUMNS[1:])
"""Where in a row each column of the table is, but for the drive."""
_OF_SEEN: Callable[[Observation], tuple[Any, ...]] = attrgetter(*_SEEN)
_OF_POSE: Callable[[HeadPose], tuple[Any, ...]] = attrgetter(*_POSE)
_OF_STATE: Callable[[DriverState], tuple[Any, ...]] = attrgetter(*_JUDGED)
_OF_EMOTIONS: Callable[[Emotions], tuple[Any, ...]] = attrgetter(*_EMOTIONS)
_NO_POSE, _NO_EMOTIONS, _NOTHING_TOLD = (None,) * len(_POSE), (None,) * len(_EMOTIONS), (None,) * len(_TOLD)


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
        self._rows: list[tuple[Any, ...]] = []
        self._shown: Emotions | None = None
        self._emotions: tuple[Any, ...] = _NO_EMOTIONS

    def start(self, info: DriveInfo) -> None:
        """Begin the table."""
        self._table = open_table(self._stem, COLUMNS, {"drive": self._drive, "made_by": self._made_by})

    def step(self, step: Step) -> None:
        """Add a row."""
        seen, state = step.observation, step.state
        if seen is None or state is None:
            return
        pose, emotions = seen.pose, state.emotions
        if emotions is not self._shown:
            # smoothed ones are the same object until the next reading
            self._shown = emotions
            self._emotions = _NO_EMOTIONS if emotions is None else _OF_EMOTIONS(emotions)
        self._rows.append(
            (
                *_OF_SEEN(seen),
                *(_NO_POSE if pose is None else _OF_POSE(pose)),
                *_OF_STATE(state),
                *self._emotions,
                *(_told(step) if step.alerts else _NOTHING_TOLD),
            )
        )
        if len(self._rows) >= _ROWS:
            self._flush()

    def stop(self, timeout_s: float) -> None:
        """Write what is in memory, and close."""
        if self._table is not None:
            self._flush()
            self._table.close()

    def _flush(self) -> None:
        if self._table is not None and self._rows:
            columns = list(zip(*self._rows, strict=True))
            self._table.write([[self._drive] * len(self._rows), *(columns[place] for place in _PLACES)])
        self._rows = []


def _told(step: Step) -> tuple[str, str]:
    alerts = step.alerts
    causes = [str(alert.evidence["cause"]) for alert in alerts if alert.evidence.get("cause") is not None]
    return "; ".join(f"{one.kind}/{one.level} {one.phase}" for one in alerts), "; ".join(causes)
