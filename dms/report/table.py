"""The table of a batch: a row for each drive, what went wrong first.

Takes drives, gives cells with the number that they are sorted by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dms.report.drives import ReportDrive
from dms.report.timeline import Timeline, Wrong


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: For people.
        value: What it is sorted by; -1 where there is nothing.
        bad: Whether it is what went wrong.
    """

    text: str
    value: float
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A drive: its place among the drives of the page, its name, its cells."""

    index: int
    name: str
    cells: tuple[Cell, ...]


def columns_of(drives: Sequence[ReportDrive]) -> tuple[str, ...]:
    """Return the head of the table."""
    old = any(drive.old is not None for drive in drives)
    scored = any(drive.score is not None for drive in drives)
    names = ["drive", "length"]
    if scored:
        names += ["missed", *(["missed, old"] * old), "false alarms", *(["false, old"] * old), "found", "slowest"]
    return (*names, "alerts", *(["alerts, old"] * old), "eyes known", "not judged")


def rows_of(drives: Sequence[ReportDrive]) -> tuple[Row, ...]:
    """Return the rows of the table, in the order of the drives."""
    old = any(drive.old is not None for drive in drives)
    scored = any(drive.score is not None for drive in drives)
    return tuple(Row(index, drive.name, _cells(drive, old=old, scored=scored)) for index, drive in enumerate(drives))


def _cells(drive: ReportDrive, *, old: bool, scored: bool) -> tuple[Cell, ...]:
    seconds = drive.now.duration_s
    cells = [Cell(f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds:.0f} s", seconds)]
    if scored:
        for kind in (Wrong.MISSED, Wrong.FALSE):
            cells.append(_count(drive.now, kind, known=drive.score is not None))
            if old:
                cells.append(_count(drive.old, kind, known=drive.old_score is not None))
        cells += _found(drive)
    cells.append(_alerts(drive.now))
    if old:
        cells.append(_alerts(drive.old))
    known, unseen = (drive.summary.get(name) for name in ("eyes_known_share", "unseen_share"))
    return (*cells, _share(known, lambda share: share < 1 / 3), _share(unseen, lambda share: share > 0.1))


_NOTHING = Cell("–", -1.0)


def _count(run: Timeline | None, kind: Wrong, *, known: bool) -> Cell:
    if run is None or not known:
        return _NOTHING
    count = sum(mark.kind is kind for mark in run.marks)
    return Cell(str(count), count, bad=count > 0)


def _found(drive: ReportDrive) -> tuple[Cell, Cell]:
    score = drive.score
    if score is None or not score.outcomes:
        return _NOTHING, _NOTHING
    found = Cell(f"{score.hits} of {len(score.outcomes)}", score.hits)
    slowest = score.delays_s[-1:]
    return found, (Cell(f"{slowest[0]:.2f} s", slowest[0]) if slowest else _NOTHING)


def _alerts(run: Timeline | None) -> Cell:
    return _NOTHING if run is None else Cell(str(run.alerts), run.alerts)


def _share(value: Any, bad: Any) -> Cell:
    return Cell(f"{value:.0%}", value, bad=bad(value)) if isinstance(value, int | float) else _NOTHING
