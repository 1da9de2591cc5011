"""Keeps alerts in order until the broker has acknowledged them, and has each put on disk before it is sent.

Takes alert messages in the order in which they were raised, gives them back in that order, forgets them on request.
The queue is in memory and a SQLite file holds its copy; what is not proven to be what was written there is put aside,
counted and named. Never talks to a broker.
"""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from dms.alerts.delivery.disk import DiskCopy
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.ledger import Ledger
from dms.alerts.delivery.queue import AlertQueue


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How an outbox is doing.

    Attributes:
        error: Why the disk does not follow; None when it does.
        dropped: Messages dropped because the queue was full, ever.
        damaged: Messages put aside or lost because their copy on disk was damaged, ever; an unknown number counts as 1.
        damage: What was damaged, as found by this process; None when nothing was.
    """

    error: str | None
    dropped: int
    damaged: int
    damage: str | None


class Outbox:
    """A durable, bounded queue of alert messages, safe for use from several threads.

    Args:
        path: The SQLite file; its folder is made when missing. ``DiskCopy`` says what lies beside it.
        limit: Most messages kept; ``AlertQueue`` says which go beyond it.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._lock = threading.RLock()
        self._queue = AlertQueue(limit)
        self._ledger = Ledger(path)
        self._disk = DiskCopy(path, self._queue, self._ledger)
        self._disk.sync()

    def __len__(self) -> int:
        """Messages that wait."""
        with self._lock:
            return len(self._queue)

    @property
    def status(self) -> OutboxStatus:
        """How it is doing."""
        ledger = self._ledger
        return OutboxStatus(self._disk.error, self._queue.dropped, ledger.damaged, ledger.damage)

    @property
    def open_alerts(self) -> tuple[Entry, ...]:
        """The newest message of each alert that has not ended; at the start those that a killed daemon left open."""
        with self._lock:
            return tuple(self._ledger.open_alerts.values())

    def last_sequence(self, topic: str) -> int:
        """Return the last number used on a topic, 0 at first.

        Where the database cannot be believed this is a number not yet reached, and with that lost as well the time of
        day in seconds, which is beyond any number of alerts: the count never restarts.
        """
        with self._lock:
            used = self._ledger.sequences.get(topic, 0)
            last = self._disk.next_safe(topic, used)
            if last != used:
                self._ledger.sequences[topic] = last
                self._disk.touch()
            return last

    def put(self, entry: Entry) -> None:
        """Take a message; it is on disk when this returns, unless ``status.error`` says otherwise."""
        with self._lock:
            key, gone = self._queue.add(entry)
            self._disk.add(key)
            self._ledger.note(entry)
            for other in gone:
                self._disk.forget(other)
            self._disk.sync()

    def waiting(self, count: int, taken: Collection[int] = (), held: Collection[str] = ()) -> list[tuple[int, Entry]]:
        """The oldest messages in order, with their keys: at most ``count``, no key ``taken``, no topic ``held``."""
        with self._lock:
            return self._queue.waiting(count, taken, held)

    def get(self, key: int) -> Entry | None:
        """Return a message by its key; None when it is gone."""
        with self._lock:
            return self._queue.get(key)

    def remove(self, keys: Iterable[int]) -> None:
        """Forget messages that have been acknowledged; keys that are gone already are no error."""
        with self._lock:
            for key in keys:
                self._queue.remove(key)
                self._disk.forget(key)
            self._disk.sync()

    def put_aside(self, key: int, reason: str) -> None:
        """Forget a message that can never be sent, and count and name it."""
        with self._lock:
            entry = self._queue.remove(key)
            if entry is not None:
                self._ledger.note_damage([f"{entry} cannot be sent: {reason}"], 1)
                self._disk.forget(key)
                self._disk.touch()
                self._disk.sync()

    def remember_boot(self, boot: str, utc_offset: float) -> None:
        """Keep what turns the monotonic seconds of a boot of the machine into UTC; the first value stands."""
        with self._lock:
            if boot not in self._ledger.offsets:
                self._ledger.offsets[boot] = utc_offset
                self._disk.touch()
                self._disk.sync()

    def boot_offset(self, boot: str) -> float | None:
        """Return UTC minus monotonic seconds of a boot; None when its clock was never good."""
        return self._ledger.offsets.get(boot)

    def sync(self) -> None:
        """Try again to bring the disk up to date; does nothing when it is."""
        with self._lock:
            self._disk.sync()

    def close(self) -> None:
        """Bring the disk up to date and close it; what is put afterwards is kept in memory only."""
        with self._lock:
            self._disk.close()
