"""Reads the pictures of a labelled set one by one, and keeps account of what cannot be measured on.

Takes picture files with their labels, gives the pictures that can be read; users' folders hold broken files and
rows without a label, and one of ten thousand must not cost the measurement. What was left out is counted in every
report and named on stderr. Never hides anything: when nothing is left it is an error.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from dms.datasets.pictures import read_grey
from dms.errors import UserError

T = TypeVar("T")

_MOST_NAMED = 3


class Reading:
    """One pass over a labelled set."""

    def __init__(self) -> None:
        self._left_out: dict[str, list[str]] = {}
        self._notes: list[str] = []

    def leave_out(self, what: str, why: str) -> None:
        """Count a picture or row that is not measured on; ``why`` goes on "left out, ..."."""
        self._left_out.setdefault(why, []).append(what)

    def note(self, line: str) -> None:
        """Something else that whoever reads the figures should know."""
        self._notes.append(line)

    def pictures(self, files: Sequence[tuple[Path, T]], what: str) -> Iterator[tuple[npt.NDArray[np.uint8], T]]:
        """Read pictures with a progress bar, each as (height, width) uint8 with its label.

        Args:
            files: Each picture and its label.
            what: They are, for the bar and the error.

        Raises:
            UserError: None of them can be read.
        """
        read, first = 0, ""
        for file, label in progress(files, what):
            try:
                grey = read_grey(file)
            except UserError as error:
                first = first or str(error)
                self.leave_out(str(file), "pictures that are missing or cannot be read")
                continue
            read += 1
            yield grey, label
        if not read and files:
            raise UserError(
                first if len(files) == 1 else f"none of {len(files)} {what} can be read; the first: {first}"
            )

    @property
    def left_out(self) -> int:
        """Number of pictures and rows that were not measured on."""
        return sum(map(len, self._left_out.values()))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each reason, with the first names, and the notes."""
        lines = []
        for why, names in self._left_out.items():
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            lines.append(f"left out, {why}: {len(names)} ({', '.join(names[:_MOST_NAMED])}{more})")
        return (*lines, *self._notes)


def progress(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield the items, with a progress bar on a terminal's stderr."""
    console = Console(stderr=True)
    yield from track(items, what, console=console, transient=True, disable=not console.is_terminal)
