"""What an outbox's file keeps, as plain values, and what it means that a file is unsound."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from dms.alerts.delivery.entry import Entry

_UNSOUND = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_TOOBIG,
}
SQL_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The module cannot decode SQLite's own message where a damaged name is quoted in it."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What is kept beside the messages.

    Attributes:
        sequences: The last number used on each topic.
        totals: Counts by name.
        offsets: UTC minus monotonic seconds of each boot of the machine.
        open_alerts: The newest message of each topic's alert that has not ended.
    """

    sequences: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    open_alerts: Mapping[str, Entry] = field(default_factory=dict)

    def copy(self) -> "Counters":
        """Return the same, whatever becomes of these."""
        return Counters(dict(self.sequences), dict(self.totals), dict(self.offsets), dict(self.open_alerts))


@dataclass(frozen=True, slots=True)
class Found:
    """What a file held.

    Attributes:
        rows: The messages that are proven to be as they were written, by their ids, in the order of the file.
        counters: The counters that are proven.
        damage: What was wrong, in words; empty when all is sound.
        lost: Messages that had been written and are not among the rows; at least 1 where the number is unknown.
        existed: Whether there was a database before.
        empty: Whether there was a file, and nothing in it.
    """

    rows: Mapping[int, Entry]
    counters: Counters
    damage: tuple[str, ...] = ()
    lost: int = 0
    existed: bool = True
    empty: bool = False


class UnsoundError(Exception):
    """The file is not what was written, rather than full, locked, read-only or out of reach."""


def is_unsound(error: Exception) -> bool:
    """Return whether the file itself is damaged, rather than full, locked, read-only or out of reach."""
    if not isinstance(error, sqlite3.Error):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the module itself or by a test, not by the library
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in _UNSOUND
