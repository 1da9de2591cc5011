"""The alerts of a drive, and the moments at which they said something new.

Takes ``events.jsonl`` (one wire message a line, with ``t`` in seconds from the start of the drive) or its messages,
gives ``Raised`` values.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dms.driver.state import AngerLevel, DistractionLevel, FatigueLevel, Phase
from dms.errors import UserError

RANKS: Mapping[str, int] = {
    **{level.value: rank for rank, level in enumerate(FatigueLevel)},
    **{level.value: rank for rank, level in enumerate(AngerLevel)},
    **{level.value: rank for rank, level in enumerate(DistractionLevel)},
}
AGAIN = frozenset({"closure"})
"""Causes by which an update of the same level says something new."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A moment at which an alert said something new: its start, a worse level, or the same again."""

    t: float
    kind: str
    level: str
    event_id: str


def raises(messages: Iterable[Mapping[str, Any]]) -> list[Raised]:
    """Return the moments at which alerts said something new: repeats, acknowledgements, ends and tests are none."""
    found = []
    levels: dict[str, int] = {}
    for message in messages:
        if message.get("test"):
            continue
        event_id, level = str(message["event_id"]), str(message["level"])
        worse = RANKS.get(level, 0) > levels.get(event_id, -1)
        levels[event_id] = max(RANKS.get(level, 0), levels.get(event_id, -1))
        evidence = message.get("evidence") or {}
        cause = evidence.get("cause")
        # eyes that do not come back after an alert are its consequence, not a new event
        new = message["phase"] == Phase.START or (
            message["phase"] == Phase.UPDATE and (cause in AGAIN or (worse and cause != "no_return"))
        )
        if new:
            found.append(Raised(float(message["t"]), str(message["kind"]), level, event_id))
    return found


def read_events(path: Path) -> list[dict[str, Any]]:
    """Read the alerts of ``events.jsonl``; messages that are no alerts are left out.

    Raises:
        UserError: It is missing, or a line is wrong.
    """
    found = []
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip() and (message := _event(line, f"{path}:{number}")) is not None:
                    found.append(message)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): make it with dms replay") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a file of events ({error})") from error
    return sorted(found, key=lambda message: float(message["t"]))


def _event(line: str, where: str) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise UserError(f"{where}: not JSON ({error}): make the file again with dms replay") from error
    if not isinstance(message, dict):
        raise UserError(f"{where}: not a message: make the file again with dms replay")
    if "trace_version" in message:
        raise UserError(f"{where}: a trace, not events: score the events.jsonl that dms replay makes of it")
    alert = ("kind", "phase", "level", "event_id")
    if not any(name in message for name in alert):
        return None
    missing = [name for name in ("t", *alert) if name not in message]
    if missing:
        raise UserError(f"{where}: the message has no {', '.join(missing)}: make the file again with dms replay")
    t = message["t"]
    if isinstance(t, bool) or not isinstance(t, int | float) or not math.isfinite(t):
        raise UserError(f"{where}: t must be seconds from the start of the drive, not {t!r}")
    if not isinstance(message.get("evidence", {}), dict | None):
        raise UserError(f"{where}: the evidence must be a table of numbers")
    return message
