"""Puts the parts of one drive in order, by when they were taken.

Takes files, gives them in their order with the time between their starts where it is known: from the times in all of
their names, else from those in all of the files, else none.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dms.errors import UserError
from dms.frames.names import natural

_TIME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[T _.-]*(\d\d)[-_.:h]?(\d\d)[-_.:m]?(\d\d)(?!\d)", re.IGNORECASE
)
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Files whose clock was never set begin in 1904 or 1970."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a drive.

    Attributes:
        path: The file.
        start_s: Seconds from the start of the first part to that of this one; None where it is not known.
    """

    path: Path
    start_s: float | None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts in their order, and by what they are ordered, for people."""

    parts: tuple[Part, ...]
    by: str


def in_order(files: Sequence[Path]) -> Parts:
    """Put the parts of a drive in order.

    Raises:
        UserError: Two of them say in their names that they begin at the same moment: they are of two cameras.
    """
    named = _times(files, _in_name)
    if named is not None:
        if len(set(named)) < len(named):
            again = next(time for time in named if named.count(time) > 1)
            both = ", ".join(file.name for file, time in zip(files, named, strict=True) if time == again)
            raise UserError(f"{both}: begin at the same time: put the files of each camera into a folder of their own")
        return _placed(files, named, "the times in their names")
    from dms.frames import container  # noqa: PLC0415  # brings PyAV, which a camera never needs

    told = _times(files, container.created) if container.AVAILABLE else None
    # programs that copy many files give all of them the time of copying
    if told is not None and len(set(told)) == len(told):
        return _placed(files, told, "the times in the files")
    return Parts(
        tuple(Part(file, None) for file in sorted(files, key=lambda file: natural(file.as_posix()))), "their names"
    )


def _times(files: Sequence[Path], find: Callable[[Path], datetime | None]) -> list[datetime] | None:
    """Return when all of them were taken; None where one does not say."""
    found = []
    for file in files:
        time = find(file)
        if time is None or time < _OLDEST:
            return None
        found.append(time)
    return found


def _in_name(file: Path) -> datetime | None:
    match = _TIME.search(file.stem)
    if match is None:
        return None
    try:
        # no zone is known, and none is needed: only differences count
        return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _placed(files: Sequence[Path], times: Sequence[datetime], by: str) -> Parts:
    ordered = sorted(zip(times, files, strict=True))
    first = ordered[0][0]
    return Parts(tuple(Part(file, (time - first).total_seconds()) for time, file in ordered), by)
