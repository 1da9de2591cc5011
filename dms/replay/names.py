"""Tells drives by their names, as labels and results have them.

Takes names such as ``monday``, ``monday.mp4`` and ``cars/7/monday.mp4``, says which of them are one drive.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

_SHOWN = 5


def meant(told: Iterable[str], drives: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Return which drive each name means.

    A name may have a suffix and folders that the drive's own has not, and the other way round. It means the drives
    with which it has the most folders in common: ``1/monday`` is not ``2/monday`` where there is a ``1/monday``.

    Args:
        told: Names as labels have them.
        drives: Each drive with the names that it goes by.

    Returns:
        For each drive, those of ``told`` that mean it.
    """
    # only names that end alike are compared: there may be thousands
    by_end: dict[str, list[tuple[str, PurePosixPath]]] = defaultdict(list)
    for drive, names in drives.items():
        for path in map(_path, names):
            for end in {path.name, path.stem}:
                by_end[end].append((drive, path))
    found: dict[str, set[str]] = {drive: set() for drive in drives}
    for name in told:
        path = _path(name)
        near = [*by_end.get(path.name, ()), *(one for one in by_end.get(path.stem, ()) if one[1].name == path.stem)]
        folders = [(drive, _in_common(path.parent, other.parent)) for drive, other in near]
        most = max((count for _, count in folders), default=0)
        for drive, count in folders:
            if count == most:
                found[drive].add(name)
    return found


def some(names: Iterable[str]) -> str:
    """Return the first names in their order, and how many more there are."""
    first, rest = (ordered := sorted(names))[:_SHOWN], ordered[_SHOWN:]
    return ", ".join(first) + (f" and {len(rest)} more" if rest else "")


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))


def _in_common(one: PurePosixPath, other: PurePosixPath) -> int:
    """Return how many folders, counted from the drive upwards."""
    pairs = zip(reversed(one.parts), reversed(other.parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
