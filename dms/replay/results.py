"""What a replay left of a drive.

Takes the path of its ``events.jsonl``, gives what the files beside it say of the drive.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dms.errors import UserError
from dms.replay.files import UNFINISHED

EVENTS, TRACE = "events.jsonl", "trace.jsonl"
"""What the files of a replay are called."""


@dataclass(frozen=True, slots=True)
class Results:
    """One drive's results.

    Attributes:
        events: Its ``events.jsonl``.
        drive: Its name by the summary; None without a summary.
        duration_s: Its length by the summary; None without a summary.
    """

    events: Path
    drive: str | None
    duration_s: float | None

    @classmethod
    def at(cls, events: Path) -> Self:
        """Read what stands beside a file of events.

        Raises:
            UserError: The replay has not come to its end.
        """
        if unfinished(events):
            raise UserError(f"{events}: its replay was interrupted or is still running: replay the drive again")
        summary = _summary(events.parent / "summary.json")
        drive, duration_s = summary.get("drive"), summary.get("duration_s")
        if not isinstance(duration_s, int | float) or not math.isfinite(duration_s):
            duration_s = None
        return cls(events, drive if isinstance(drive, str) else None, duration_s)

    @property
    def names(self) -> list[str]:
        """What labels may call the drive: its folder of results, or its file."""
        folder = str(self.events.absolute().parent)
        return [folder] if self.drive is None else [folder, self.drive]


def unfinished(events: Path) -> bool:
    """Return whether the replay that writes this file has not come to its end."""
    return (events.parent / UNFINISHED).exists()


def _summary(path: Path) -> dict[str, Any]:
    """Return the summary of a drive's replay, empty without one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
