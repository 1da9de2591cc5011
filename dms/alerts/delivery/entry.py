"""An alert message that waits, and the mark by which its copy on disk is known to be unchanged."""

import hashlib
from dataclasses import dataclass

EARLIER_BOOT = -1.0
"""``started_t`` of a message whose beginning was measured in an earlier boot: only its UTC is known."""
_CHECKSUM_BYTES = 8
"""One changed message in 2^64 would pass for what was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert message that waits.

    Attributes:
        topic: Where it goes.
        phase: ``start``, ``update`` or ``end``.
        sequence: Its number on its topic.
        payload: The message as JSON.
        boot: The boot of the machine in which ``t`` and ``started_t`` were measured.
        t: When it was judged, monotonic seconds.
        started_t: When what it is about began, monotonic seconds, or ``EARLIER_BOOT``.
    """

    topic: str
    phase: str
    sequence: int
    payload: str
    boot: str
    t: float
    started_t: float

    @property
    def checksum(self) -> int:
        """BLAKE2b of all that it says, as a signed 64-bit integer."""
        texts = (str(self.topic), str(self.phase), self.sequence, self.payload, self.boot, self.t, self.started_t)
        digest = hashlib.blake2b(repr(texts).encode(), digest_size=_CHECKSUM_BYTES).digest()
        return int.from_bytes(digest, "big", signed=True)

    def sealed(self) -> "Sealed":
        """Return all that it says and its checksum, as a row on disk."""
        said = (self.topic, self.phase, self.sequence, self.payload, self.boot, self.t, self.started_t)
        return (*said, self.checksum)

    def __str__(self) -> str:
        """Return a text as in ``dms/van-7/alert/fatigue 17``: what a report calls it."""
        return f"{self.topic} {self.sequence}"


Sealed = tuple[str, str, int, str, str, float, float, int]
"""A message as a row on disk."""
