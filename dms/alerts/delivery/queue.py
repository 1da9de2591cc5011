"""The order of the alerts that wait, and which of them go when there are too many.

Pure: no disk, no broker, no clock, no threads.
"""

from collections.abc import Collection, Iterable
from itertools import islice

from dms.alerts.delivery.entry import Entry
from dms.driver.state import Phase


class AlertQueue:
    """A bounded queue in the order in which alerts were raised.

    Args:
        limit: Most messages kept. Beyond it the oldest updates are dropped first, then the oldest ends but the
            newest of each topic. Starts are never dropped, so they alone can exceed the limit.

    Attributes:
        dropped: Messages dropped because the queue was full.
    """

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._entries: dict[int, Entry] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, key: int) -> Entry:
        return self._entries[key]

    def get(self, key: int) -> Entry | None:
        """Return a message by its key; None when it is gone."""
        return self._entries.get(key)

    def add(self, entry: Entry) -> tuple[int, list[int]]:
        """Take a message; returns its key, and the keys of those that had to go, itself perhaps among them."""
        key = self._next
        self._next += 1
        self._entries[key] = entry
        return key, self._shrink()

    def put_first(self, entries: Iterable[Entry]) -> list[int]:
        """Take messages older than all that wait; returns their keys."""
        behind = self._entries
        self._entries = {self._next + number: entry for number, entry in enumerate(entries)}
        keys = list(self._entries)
        self._next += len(keys)
        self._entries.update(behind)
        return keys

    def remove(self, key: int) -> Entry | None:
        """Forget a message; None when it is gone already."""
        return self._entries.pop(key, None)

    def items(self) -> list[tuple[int, Entry]]:
        """Return all that wait, oldest first, with their keys."""
        return list(self._entries.items())

    def waiting(self, count: int, taken: Collection[int] = (), held: Collection[str] = ()) -> list[tuple[int, Entry]]:
        """The oldest messages in order, with their keys: at most ``count``, no key ``taken``, no topic ``held``."""
        ready = ((key, one) for key, one in self._entries.items() if key not in taken and one.topic not in held)
        return list(islice(ready, count))

    def _shrink(self) -> list[int]:
        excess = len(self._entries) - self._limit
        if excess <= 0:
            return []
        newest_ends = {entry.topic: key for key, entry in self._entries.items() if entry.phase == Phase.END}
        updates = [key for key, entry in self._entries.items() if entry.phase == Phase.UPDATE]
        ends = [
            key for key, entry in self._entries.items() if entry.phase == Phase.END and newest_ends[entry.topic] != key
        ]
        gone = [*updates, *ends][:excess]
        for key in gone:
            del self._entries[key]
        self.dropped += len(gone)
        return gone


def in_sequence(entries: Iterable[Entry]) -> list[Entry]:
    """Return the same messages, each topic's in the order of its numbers on the places that it has, repeats left out.

    What was read from a disk in any order is in the order in which it was raised then, as far as a subscriber can tell.
    """
    distinct = list({(entry.topic, entry.sequence): entry for entry in entries}.values())
    ordered: dict[str, list[Entry]] = {}
    for entry in sorted(distinct, key=lambda one: one.sequence, reverse=True):
        ordered.setdefault(entry.topic, []).append(entry)
    return [ordered[entry.topic].pop() for entry in distinct]
