"""What is kept beside the alerts that wait: numbers, clocks, what is open, what was lost.

No disk, no broker, no threads. Takes what the outbox does and what a file held, gives the counters to write.
"""

import logging
from collections.abc import Collection, Iterable
from pathlib import Path

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.kept import Counters
from dms.driver.state import Phase

log = logging.getLogger(__name__)

_NAMED = 5
"""How many faults of a file are named; the rest is counted."""
_LONGEST_DAMAGE = 1000
"""Letters of the damage that is remembered."""


class Ledger:
    """The books of one outbox.

    Args:
        path: The outbox's file, as reports call it.

    Attributes:
        sequences: The last number used on each topic.
        offsets: UTC minus monotonic seconds of each boot of the machine.
        open_alerts: The newest message of each alert that has not ended.
        damaged: Messages put aside or lost because their copy on disk was damaged, ever; an unknown number counts as 1.
        damage: What was damaged, as found by this process; None when nothing was.
    """

    def __init__(self, path: Path) -> None:
        self.sequences: dict[str, int] = {}
        self.offsets: dict[str, float] = {}
        self.open_alerts: dict[str, Entry] = {}
        self.damaged = 0
        self.damage: str | None = None
        self._path = path

    def note(self, entry: Entry) -> None:
        """An alert message was raised."""
        self.sequences[entry.topic] = entry.sequence
        if entry.phase == Phase.END:
            self.open_alerts.pop(entry.topic, None)
        else:
            self.open_alerts[entry.topic] = entry

    def note_damage(self, faults: Collection[str], lost: int) -> None:
        """Note how many messages were lost, by these faults."""
        some = list(faults)[:_NAMED]
        named = "; ".join(some) + (f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else "")
        log.error("outbox %s: %s; %d messages lost", self._path, named, lost)
        self.damage = named if self.damage is None else f"{self.damage}; {named}"[:_LONGEST_DAMAGE]
        self.damaged += lost

    def take_over(self, counters: Counters, entries: Iterable[Entry]) -> set[str]:
        """Go on from what a file kept; returns the boots of which no message waits any more.

        Args:
            counters: What is proven of its counters.
            entries: The messages that it held.
        """
        numbers, waiting = dict(counters.sequences), set()
        for entry in entries:
            waiting.add(entry.boot)
            numbers[entry.topic] = max(numbers.get(entry.topic, 0), entry.sequence)
        for topic, number in numbers.items():
            self.sequences[topic] = max(self.sequences.get(topic, 0), number)
        self.offsets = {boot: at for boot, at in counters.offsets.items() if boot in waiting} | self.offsets
        self.open_alerts = {**counters.open_alerts, **self.open_alerts}
        self.damaged += max(0, counters.totals.get("damaged", 0))
        return set(counters.offsets) - waiting

    def counters(self, dropped: int) -> Counters:
        """Return what is to be written; ``dropped`` messages have left a full queue, ever."""
        totals = {"dropped": dropped, "damaged": self.damaged}
        return Counters(self.sequences, totals, self.offsets, self.open_alerts)
