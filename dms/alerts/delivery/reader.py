"""Reads an outbox's file and proves what it reads.

Takes an open database, gives what is proven to be as it was written, and says what is not.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.kept import SQL_ERRORS, Counters, Found
from dms.alerts.delivery.rows import ROW_VALUES, called, entry_of, is_sound, printable
from dms.alerts.delivery.tables import COUNTERS


class Reader:
    """Reads the tables and proves what it reads."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.rows: dict[int, Entry] = {}
        self.damage: list[str] = []
        self.lost = 0
        self.sealed_later = False
        self._database = database
        self._counters: dict[str, dict[str, Any]] = {}
        self._open_alerts: dict[str, Entry] = {}

    def read(self) -> None:
        """All of a database whose schema and pages are sound."""
        tally = self._read_tally(self._database.execute("SELECT * FROM tally").fetchall())
        self._read_rows(self._database.execute("SELECT * FROM alert"), tally)
        self._compare(tally)
        self._read_open_alerts()
        self._read_counters()

    def salvage(self) -> None:
        """What can be read and proven of a database with broken pages or names."""
        tally = None
        with contextlib.suppress(*SQL_ERRORS, ValueError):
            tally = self._read_tally(self._database.execute("SELECT * FROM tally").fetchall())
        for table in _tables(self._database):
            for order in ("", "ORDER BY rowid DESC"):  # from both sides of a broken page
                with contextlib.suppress(*SQL_ERRORS):
                    self._read_rows(self._database.execute(f"SELECT * FROM {table} {order}"), tally, quietly=True)
        if tally is None:
            self.lost += 1
        else:
            self._compare(tally)
        for read in (self._read_open_alerts, self._read_counters):
            with contextlib.suppress(*SQL_ERRORS):
                read()

    def found(self) -> Found:
        """Return what has been read and proven."""
        kept = self._counters
        counters = Counters(kept.get("sequence", {}), kept.get("total", {}), kept.get("boot", {}), self._open_alerts)
        return Found(self.rows, counters, tuple(self.damage), self.lost)

    def _read_tally(self, lines: Sequence[tuple[Any, ...]]) -> dict[str, tuple[int, int, int]] | None:
        """Count, sum and how many came without a checksum, for each topic; None when they contradict themselves."""
        tally: dict[str, tuple[int, int, int]] = {}
        for topic, *numbers in lines:
            if not all(isinstance(number, int) for number in numbers):
                tally_is_sound = False
            else:
                count, total, plain, proof = numbers
                tally_is_sound = proof == 3 * count + 5 * total + 7 * plain
            if not tally_is_sound or not isinstance(topic, bytes):
                self.damage.append("the count of the messages is damaged")
                return None
            tally[topic.decode(errors="replace")] = (count, total, plain)
        return tally

    def _read_rows(
        self,
        lines: Iterable[tuple[Any, ...]],
        tally: Mapping[str, tuple[int, int, int]] | None,
        quietly: bool = False,
    ) -> None:
        plain_known = tally is None or any(plain for _, _, plain in tally.values())
        for line in lines:
            if len(line) != ROW_VALUES or line[0] in self.rows:
                continue
            entry = entry_of(line[1:-1])
            checksum = line[-1]
            if entry is not None and checksum is None and plain_known and is_sound(entry):
                self.sealed_later = True
            elif entry is None or checksum != entry.checksum:
                if not quietly:
                    self.lost += 1
                    self.damage.append(f"a message is damaged: {called(line)}")
                continue
            self.rows[line[0]] = entry

    def _read_open_alerts(self) -> None:
        for line in self._database.execute("SELECT * FROM open_alert").fetchall():
            entry = entry_of(line)
            if entry is None or line[-1] != entry.checksum:
                self.damage.append(f"an open alert is damaged: {printable(line[0])}")
            else:
                self._open_alerts[entry.topic] = entry

    def _compare(self, tally: Mapping[str, tuple[int, int, int]] | None) -> None:
        """Find messages that vanished."""
        if tally is None:
            return
        kept: dict[str, list[int]] = {}
        for entry in self.rows.values():
            kept.setdefault(entry.topic, []).append(entry.sequence)
        written = sum(count for count, _, _ in tally.values())
        vanished = written - len(self.rows) - self.lost
        if vanished > 0:
            self.lost += vanished
            short = [topic for topic, (count, _, _) in tally.items() if count > len(kept.get(topic, ()))]
            self.damage.append(f"{vanished} messages vanished: {', '.join(short)}")
        elif vanished < 0 or (not self.lost and not self._sums_agree(tally)):
            self.damage.append("the messages are not those that were counted")

    def _sums_agree(self, tally: Mapping[str, tuple[int, int, int]]) -> bool:
        return sum(total for _, total, _ in tally.values()) == sum(entry.sequence for entry in self.rows.values())

    def _read_counters(self) -> None:
        twins = dict(self._database.execute("SELECT name, value FROM twin").fetchall())
        for table, name, value, kind in COUNTERS:
            kept = self._counters[table] = {}
            lines = self._database.execute(f"SELECT {name}, {value} FROM {table}").fetchall()
            for key, number in lines:
                twin = twins.pop(table.encode() + b"/" + key, None) if isinstance(key, bytes) else None
                # a number that is whole reads back as an integer where it is a REAL's twin
                if isinstance(number, kind) and isinstance(twin, int | float) and number == -twin:
                    kept[key.decode(errors="replace")] = number
                else:
                    self.damage.append(f"a counter is damaged: {table}")
        self.damage.extend(f"a counter vanished: {printable(name)}" for name in twins)


def salvage(database: sqlite3.Connection, reason: str) -> Found:
    """Return what is proven of a database that is damaged, for the reason given."""
    reader = Reader(database)
    reader.damage.append(reason)
    reader.salvage()
    return reader.found()


def _tables(database: sqlite3.Connection) -> Iterator[str]:
    yield "alert"
    with contextlib.suppress(*SQL_ERRORS):
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if name != b"alert":
                yield '"' + name.decode(errors="replace").replace('"', '""') + '"'
