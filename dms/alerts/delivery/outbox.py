"""Alerts on disk until the broker has acknowledged them.

Takes alert messages in the order in which they were raised, gives them back in that order, forgets them when told.
The queue is in memory and a SQLite file holds its copy. A disk that is full, broken or read-only is a fault to report,
not a reason to lose an alert: the queue goes on in memory, and the disk follows as soon as it can. What the disk gives
back is believed only as far as it is proven; what is not is put aside, counted and named. Never talks to a broker.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from dms.alerts.clock import FLOOR
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.numbers import BLOCK, NumberFile
from dms.alerts.delivery.queue import AlertQueue, in_sequence
from dms.alerts.delivery.store import Counters, Found, SqliteStore, UnsoundError
from dms.driver.state import Phase

log = logging.getLogger(__name__)

_NAMED = 5
"""So many faults of a file are named; the rest is counted."""


class Outbox:
    """A durable, bounded queue of alert messages, safe for use from several threads.

    Args:
        path: The SQLite file; its folder is made when missing. Beside it lies ``*.numbers``, which holds for each topic
            a sequence number not yet reached. A file with damage is set aside as ``*.broken``.
        limit: Most messages kept; ``AlertQueue`` says which go beyond it.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._queue = AlertQueue(limit)
        self._store = SqliteStore(path)
        self._numbers = NumberFile(path.with_name(f"{path.stem}.numbers"))
        self._closed = False
        self._read = False
        self._unsound = False
        self._vouched = False
        self._is_first = False
        self._unwritten: dict[int, None] = {}
        self._rows: dict[int, int] = {}
        self._forgotten: set[int] = set()
        self._sequences: dict[str, int] = {}
        self._offsets: dict[str, float] = {}
        self._open_alerts: dict[str, Entry] = {}
        self._damaged = 0
        self._damage: str | None = None
        self._dirty = False
        self._error: str | None = None
        with self._lock:
            self._sync()

    def __len__(self) -> int:
        """Messages that wait."""
        with self._lock:
            return len(self._queue)

    @property
    def dropped(self) -> int:
        """Messages dropped because the queue was full, ever."""
        return self._queue.dropped

    @property
    def damaged(self) -> int:
        """Messages put aside or lost because their copy on disk was damaged, ever; an unknown number counts as 1."""
        return self._damaged

    @property
    def damage(self) -> str | None:
        """What was damaged, as found by this process; None when nothing was."""
        return self._damage

    @property
    def error(self) -> str | None:
        """Why the disk does not follow; None when it does."""
        return self._error

    def last_sequence(self, topic: str) -> int:
        """The last number used on a topic, 0 at first.

        Where the database cannot be believed this is a number not yet reached, and with that lost as well the time of
        day in seconds, which is beyond any number of alerts: the count never restarts.
        """
        with self._lock:
            used = self._sequences.get(topic, 0)
            last = self._next_safe(topic, used)
            if last != used:
                self._sequences[topic] = last
                self._dirty = True
            return last

    def put(self, entry: Entry) -> None:
        """Take a message; it is on disk when this returns, unless ``error`` says otherwise."""
        with self._lock:
            key, gone = self._queue.add(entry)
            self._unwritten[key] = None
            self._sequences[entry.topic] = entry.sequence
            if entry.phase == Phase.END:
                self._open_alerts.pop(entry.topic, None)
            else:
                self._open_alerts[entry.topic] = entry
            self._dirty = True
            for other in gone:
                self._forget(other)
            self._sync()

    def waiting(self, count: int, taken: Collection[int] = (), held: Collection[str] = ()) -> list[tuple[int, Entry]]:
        """The oldest messages in order, with their keys: at most ``count``, no key ``taken``, no topic ``held``."""
        with self._lock:
            return self._queue.waiting(count, taken, held)

    def get(self, key: int) -> Entry | None:
        """A message by its key; None when it is gone."""
        with self._lock:
            return self._queue.get(key)

    def remove(self, keys: Iterable[int]) -> None:
        """Forget messages that have been acknowledged; keys that are gone already are no error."""
        with self._lock:
            for key in keys:
                self._queue.remove(key)
                self._forget(key)
            self._sync()

    def put_aside(self, key: int, reason: str) -> None:
        """Forget a message that can never be sent, and count and name it."""
        with self._lock:
            entry = self._queue.remove(key)
            if entry is not None:
                self._note_damage([f"{entry} cannot be sent: {reason}"], 1)
                self._forget(key)
                self._sync()

    @property
    def open_alerts(self) -> tuple[Entry, ...]:
        """The newest message of each alert that has not ended; at the start those that a killed daemon left open."""
        with self._lock:
            return tuple(self._open_alerts.values())

    def remember_boot(self, boot: str, utc_offset: float) -> None:
        """Keep what turns the monotonic seconds of a boot of the machine into UTC; the first value stands."""
        with self._lock:
            if boot not in self._offsets:
                self._offsets[boot] = utc_offset
                self._dirty = True
                self._sync()

    def boot_offset(self, boot: str) -> float | None:
        """UTC minus monotonic seconds of a boot; None when its clock was never good."""
        return self._offsets.get(boot)

    def sync(self) -> None:
        """Try again to bring the disk up to date; does nothing when it is."""
        with self._lock:
            self._sync()

    def close(self) -> None:
        """Bring the disk up to date and close it; what is put afterwards is kept in memory only."""
        with self._lock:
            self._sync()
            self._closed = True
            self._store.close()

    def _next_safe(self, topic: str, used: int) -> int:
        kept = self._numbers.known
        if kept is None:
            return used if self._vouched or self._is_first else max(used, int(max(time.time(), FLOOR)))
        not_reached = kept.get(topic, 0)
        # a sound database that is a whole block behind is an old copy of itself
        return used if self._vouched and not_reached - BLOCK <= used else max(used, not_reached)

    def _forget(self, key: int) -> None:
        """Let the disk follow where a message has left the queue."""
        self._unwritten.pop(key, None)
        if (row := self._rows.pop(key, None)) is not None:
            self._forgotten.add(row)
            self._dirty = True

    def _sync(self) -> None:
        """Write what the disk lacks."""
        if self._closed:
            return
        try:
            if not self._store.is_open:
                self._open()
            if self._dirty:
                self._write()
        except UnsoundError as error:
            # found while running: the queue in memory is complete and starts a new file, at the next chance
            self._unsound = True
            self._fail(error)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        else:
            if self._error is not None:
                log.warning("outbox %s: alerts are on disk again", self._path)
            self._error = None

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            log.error("outbox %s: %s; alerts are kept in memory meanwhile", self._path, error)
        self._error = str(error)

    def _open(self) -> None:
        """Open the file and take over what is proven of it."""
        if self._unsound:
            self._start_anew()
            return
        if not self._path.exists() and not self._numbers.existed:
            self._numbers.create()
            self._is_first = True
        found = self._store.open()
        if not self._read:
            self._take_over(found)
        if found.damage:
            self._note_damage(found.damage, found.lost)
            self._start_anew()
        elif not found.existed and self._numbers.existed and self._numbers.known != {}:
            self._note_damage([f"the file was {'empty' if found.empty else 'gone'}"], 1)

    def _take_over(self, found: Found) -> None:
        self._read = True
        self._vouched = found.existed and not found.damage
        numbers: dict[str, int] = dict(found.counters.sequences)
        waiting = {entry.boot for entry in found.rows.values()}
        entries = in_sequence(found.rows.values())
        for entry in entries:
            numbers[entry.topic] = max(numbers.get(entry.topic, 0), entry.sequence)
        for topic, number in numbers.items():
            self._sequences[topic] = max(self._sequences.get(topic, 0), number)
        self._offsets = {boot: at for boot, at in found.counters.offsets.items() if boot in waiting} | self._offsets
        self._open_alerts = {**found.counters.open_alerts, **self._open_alerts}
        self._queue.dropped += max(0, found.counters.totals.get("dropped", 0))
        self._damaged += max(0, found.counters.totals.get("damaged", 0))
        keys = self._queue.put_first(entries)
        rows = {(entry.topic, entry.sequence): row for row, entry in found.rows.items()}
        self._rows.update({key: rows.pop((one.topic, one.sequence)) for key, one in zip(keys, entries, strict=True)})
        if not found.damage and set(found.counters.offsets) - waiting:
            self._store.forget_boots(set(found.counters.offsets) - waiting)

    def _note_damage(self, damage: Collection[str], lost: int) -> None:
        faults = list(damage)
        named = "; ".join(faults[:_NAMED]) + (f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else "")
        log.error("outbox %s: %s; %d messages lost", self._path, named, lost)
        self._damage = named if self._damage is None else f"{self._damage}; {named}"[:1000]
        self._damaged += lost
        self._dirty = True

    def _start_anew(self) -> None:
        """Begin a new file with all that is known; the old one is set aside."""
        self._rows.clear()
        self._forgotten.clear()
        waiting = self._queue.items()
        self._unwritten = {key: None for key, _ in waiting}
        self._dirty = True
        rows = self._store.replace([entry for _, entry in waiting], self._counters())
        self._rows = dict(zip((key for key, _ in waiting), rows, strict=True))
        self._unwritten.clear()
        self._dirty = self._unsound = False
        log.warning("outbox %s: begun anew with %d messages, the old file is *.broken", self._path, len(rows))

    def _write(self) -> None:
        keys = list(self._unwritten)
        rows = self._store.write([self._queue[key] for key in keys], self._forgotten, self._counters())
        self._rows.update(zip(keys, rows, strict=True))
        self._unwritten.clear()
        self._forgotten.clear()
        self._dirty = False
        self._numbers.reach(self._sequences)

    def _counters(self) -> Counters:
        totals = {"dropped": self.dropped, "damaged": self._damaged}
        return Counters(self._sequences, totals, self._offsets, self._open_alerts)
