"""What a drive came to, minute by minute: features for those who look at many drives.

Takes the table ``states`` of a drive, gives a row for each minute. Every share is one of time, not of rows: a row
counts until the next, and for no longer than a second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.driver.state import AlertKind, Condition, Eyes, Looking
from dms.observation import Emotions, View
from dms.replay.tables import Column, Kind

_EMOTIONS = tuple(field.name for field in fields(Emotions))
_MEANS = ("perclos", "anger_score", "yaw", "pitch", *(f"emotion_{name}" for name in _EMOTIONS))
"""Columns of the states whose mean over known time is a feature."""

COLUMNS = (
    Column("drive", Kind.TEXT, "the drive's name"),
    Column("results", Kind.TEXT, "where its results are, below `--out`; no two drives share it"),
    Column("minute", Kind.COUNT, "from 0, since the start of the drive"),
    Column("time_s", Kind.NUMBER, "seconds of this minute that the drive covers"),
    Column("seen_s", Kind.NUMBER, "of these, seconds with a picture that could be judged"),
    Column("face_s", Kind.NUMBER, "seconds with a face"),
    Column("eyes_known_s", Kind.NUMBER, "seconds with known eyes"),
    Column("closed_s", Kind.NUMBER, "of these, seconds with closed ones"),
    Column("longest_closed_s", Kind.NUMBER, "longest that the eyes had been closed at any moment of it"),
    Column("yawn_s", Kind.NUMBER, "seconds with a mouth wide open"),
    Column("off_road_s", Kind.NUMBER, "seconds in which open eyes look down or aside"),
    *(Column(f"{one.value}_s", Kind.NUMBER, f"seconds in the condition `{one.value}`") for one in Condition),
    *(Column(f"{name}_mean", Kind.NUMBER, f"mean of `{name}` over the time in which it is known") for name in _MEANS),
    *(Column(f"{kind.value}_alerts", Kind.COUNT, f"{kind.value} alerts that began") for kind in AlertKind),
)
"""The columns of the table, in their order."""

_ROW_S = 1.0
"""Longest that a row counts: after it nobody looked any more."""
_YAWN = 0.5
_MINUTE_S = 60.0
_OFF_ROAD = (Looking.DOWN.value, Looking.ASIDE.value)
_UNSEEN = (View.LOST.value, View.FAILED.value)

Floats = npt.NDArray[np.float64]


def minutes(drive: str, place: str, states: Mapping[str, Any]) -> list[list[Any]]:
    """Return the features of a drive, column by column in the order of ``COLUMNS``.

    Args:
        drive: Its name in the table.
        place: Where its results are.
        states: A numpy array for each column of ``dms.replay.states.COLUMNS``; numbers as float with NaN for unknown,
            text and truth as objects with None.
    """
    return [list(column) for column in _columns(drive, place, states)]


def _columns(drive: str, place: str, states: Mapping[str, Any]) -> Iterator[list[Any]]:
    t: Floats = states["t"]
    begun_s = t[0] if len(t) else 0.0
    # a clock may step back, at the start and across a minute
    number = np.maximum((t - begun_s) // _MINUTE_S, 0.0).astype(np.int64)
    count = int(number.max()) + 1 if len(t) else 0
    span_s = np.diff(t, append=t[-1:])
    weight_s = np.clip(span_s, 0.0, _ROW_S)

    def total(where: npt.NDArray[np.bool_]) -> list[Any]:
        return list(np.bincount(number, np.where(where, weight_s, 0.0), count))

    seen = ~np.isin(states["view"], _UNSEEN)
    eyes = states["eyes"]
    yield [drive] * count
    yield [place] * count
    yield list(range(count))
    yield np.bincount(number, np.maximum(span_s, 0.0), count).tolist()
    yield total(seen)
    yield total(states["face"] == True)  # noqa: E712  # an array of truths and None
    yield total(eyes != Eyes.UNKNOWN.value)
    yield total(eyes == Eyes.CLOSED.value)
    longest = np.zeros(count)
    np.maximum.at(longest, number, np.nan_to_num(states["closed_s"]))
    yield longest.tolist()
    with np.errstate(invalid="ignore"):
        yield total(states["yawn"] >= _YAWN)
    yield total(np.isin(states["looking"], _OFF_ROAD))
    for condition in Condition:
        yield total(states["condition"] == condition.value)
    for name in _MEANS:
        yield _mean(states[name], weight_s, number, count)
    told = [str(one or "").split("; ") for one in states["alert"]]
    for kind in AlertKind:
        began = [sum(step.startswith(f"{kind.value}/") and step.endswith(" start") for step in one) for one in told]
        yield np.bincount(number, began, count).astype(np.int64).tolist()


def _mean(values: Floats, weight_s: Floats, number: npt.NDArray[np.int64], count: int) -> list[float | None]:
    known = ~np.isnan(values)
    known_s = np.bincount(number, np.where(known, weight_s, 0.0), count)
    sums = np.bincount(number, np.where(known, values, 0.0) * weight_s, count)
    return [float(total / span) if span > 0 else None for total, span in zip(sums, known_s, strict=True)]
