"""The copy on disk of the alerts that wait in memory.

Takes what changed in the queue and lets the file follow as soon as it can. A disk that is full, broken or read-only is
a fault to report, not a reason to lose an alert. What the disk gives back is believed only as far as it is proven.
"""

import logging
import sqlite3
import time
from pathlib import Path

from dms.alerts.clock import FLOOR
from dms.alerts.delivery.kept import Found, UnsoundError
from dms.alerts.delivery.ledger import Ledger
from dms.alerts.delivery.numbers import BLOCK, NumberFile
from dms.alerts.delivery.queue import AlertQueue, in_sequence
from dms.alerts.delivery.store import SqliteStore

log = logging.getLogger(__name__)


class DiskCopy:
    """Follows a queue and its ledger. Not safe for several threads.

    Args:
        path: The SQLite file; its folder is made when missing. ``*.numbers`` beside it holds for each topic
            a sequence number not yet reached. A file with damage is set aside as ``*.broken``.
        queue: The alerts that wait.
        ledger: What is kept beside them.

    Attributes:
        error: Why the disk does not follow; None when it does.
    """

    def __init__(self, path: Path, queue: AlertQueue, ledger: Ledger) -> None:
        self.error: str | None = None
        self._path = path
        self._queue = queue
        self._ledger = ledger
        self._store = SqliteStore(path)
        self._numbers = NumberFile(path.with_name(f"{path.stem}.numbers"))
        self._closed = False
        self._read = False
        self._unsound = False
        self._vouched = False
        self._is_first = False
        self._dirty = False
        self._unwritten: dict[int, None] = {}
        self._rows: dict[int, int] = {}
        self._forgotten: set[int] = set()

    def add(self, key: int) -> None:
        """A message has come into the queue."""
        self._unwritten[key] = None
        self._dirty = True

    def forget(self, key: int) -> None:
        """A message has left the queue."""
        self._unwritten.pop(key, None)
        if (row := self._rows.pop(key, None)) is not None:
            self._forgotten.add(row)
            self._dirty = True

    def touch(self) -> None:
        """The ledger has changed."""
        self._dirty = True

    def next_safe(self, topic: str, used: int) -> int:
        """Return the last number that may have been used on a topic: ``used``, or one not yet reached."""
        kept = self._numbers.known
        if kept is None:
            return used if self._vouched or self._is_first else max(used, int(max(time.time(), FLOOR)))
        not_reached = kept.get(topic, 0)
        # a sound database that is a whole block behind is an old copy of itself
        return used if self._vouched and not_reached - BLOCK <= used else max(used, not_reached)

    def sync(self) -> None:
        """Write what the disk lacks; ``error`` says whether that went well."""
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
            if self.error is not None:
                log.warning("outbox %s: alerts are on disk again", self._path)
            self.error = None

    def close(self) -> None:
        """Write what the disk lacks and close the file; from now on nothing is written."""
        self.sync()
        self._closed = True
        self._store.close()

    def _fail(self, error: Exception) -> None:
        if self.error is None:
            log.error("outbox %s: %s; alerts are kept in memory meanwhile", self._path, error)
        self.error = str(error)

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
            self._note_damage((f"the file was {'empty' if found.empty else 'gone'}",), 1)

    def _take_over(self, found: Found) -> None:
        self._read = True
        self._vouched = found.existed and not found.damage
        entries = in_sequence(found.rows.values())
        stale_boots = self._ledger.take_over(found.counters, entries)
        self._queue.dropped += max(0, found.counters.totals.get("dropped", 0))
        keys = self._queue.put_first(entries)
        rows = {(entry.topic, entry.sequence): row for row, entry in found.rows.items()}
        self._rows.update({key: rows.pop((one.topic, one.sequence)) for key, one in zip(keys, entries, strict=True)})
        if not found.damage and stale_boots:
            self._store.forget_boots(stale_boots)

    def _note_damage(self, faults: tuple[str, ...], lost: int) -> None:
        self._ledger.note_damage(faults, lost)
        self._dirty = True

    def _start_anew(self) -> None:
        """Begin a new file with all that is known; the old one is set aside."""
        self._rows.clear()
        self._forgotten.clear()
        waiting = self._queue.items()
        self._unwritten = {key: None for key, _ in waiting}
        self._dirty = True
        counters = self._ledger.counters(self._queue.dropped)
        rows = self._store.replace([entry for _, entry in waiting], counters)
        self._rows = dict(zip((key for key, _ in waiting), rows, strict=True))
        self._unwritten.clear()
        self._dirty = self._unsound = False
        log.warning("outbox %s: begun anew with %d messages, the old file is *.broken", self._path, len(rows))

    def _write(self) -> None:
        keys = list(self._unwritten)
        counters = self._ledger.counters(self._queue.dropped)
        rows = self._store.write([self._queue[key] for key in keys], self._forgotten, counters)
        self._rows.update(zip(keys, rows, strict=True))
        self._unwritten.clear()
        self._forgotten.clear()
        self._numbers.reach(self._ledger.sequences)
        # not before: what went wrong once is tried again
        self._dirty = False
