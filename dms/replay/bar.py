"""Shows how far a batch of drives has come: one bar for the whole on a terminal, nothing elsewhere.

Takes what is done of each drive, gives a line on standard error with drives, hours, speed and time left.
"""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_COLUMNS = (
    TextColumn("{task.fields[drives]} drives, {task.fields[hours]:.2f} h, {task.fields[speed]:.1f} times real time"),
    BarColumn(),
    TaskProgressColumn(),
    TimeRemainingColumn(),
)

_SHOW_S = 0.2
"""A bar that moves more often is not easier to read."""


class Bar:
    """One bar; the work is measured in bytes, which are known before a drive is opened.

    Args:
        sizes: Bytes of each drive.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = sizes
        self._shares: dict[int, float] = {}
        self._seconds: dict[int, float] = {}
        self._ended = 0
        self._shown = 0.0
        self._began = time.monotonic()
        console = Console(stderr=True)
        self._progress = Progress(
            *_COLUMNS,
            console=console,
            transient=True,
            disable=not console.is_terminal,
            # lines for a file must not go through the terminal's bar
            redirect_stdout=sys.stdout.isatty(),
        )
        self._task = self._progress.add_task("", total=sum(sizes), drives="", hours=0.0, speed=0.0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def reached(self, drive: int, seconds: float, duration_s: float | None) -> None:
        """A drive has come so far.

        Args:
            drive: Its number.
            seconds: Seconds of it that are done.
            duration_s: Its length where it is known.
        """
        now = time.monotonic()
        if now - self._shown < _SHOW_S:
            return
        self._shown = now
        self._seconds[drive] = seconds
        if duration_s:
            self._shares[drive] = min(1.0, seconds / duration_s)
        self._show()

    def ended(self, drive: int, seconds: float | None) -> None:
        """A drive is done.

        Args:
            drive: Its number.
            seconds: Its length; None for one that was not replayed now.
        """
        self._ended += 1
        self._shares[drive] = 1.0
        self._seconds[drive] = seconds or 0.0
        self._show()

    def _show(self) -> None:
        done_s = sum(self._seconds.values())
        self._progress.update(
            self._task,
            completed=sum(self._sizes[drive] * share for drive, share in self._shares.items()),
            drives=f"{self._ended}/{len(self._sizes)}",
            hours=done_s / 3600,
            speed=done_s / max(0.001, time.monotonic() - self._began),
        )
