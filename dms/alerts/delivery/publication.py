"""A message as it goes to the broker."""

from dataclasses import dataclass, replace

_FRESH_S = 1.0
"""A message older than this when sent was waiting for the broker: it says nothing about the way itself."""

Identity = tuple[str, int | None]
"""What stays the same when a message is offered again: of what is retained the topic, of an alert its key."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to send now.

    Attributes:
        topic: Where it goes.
        payload: What it says.
        qos: 1, or 0 where the broker takes no more.
        retain: Whether the broker keeps it.
        expiry_s: Seconds that the broker keeps it for a subscriber who is away.
        bare: Without the properties that a message does not need.
        key: Its key in the outbox; None for what is retained.
        t: When what it reports was captured, seconds on the frames' clock, where it is fresh.
        size: Bytes of the packet.
    """

    topic: str
    payload: str
    qos: int
    retain: bool
    expiry_s: int | None = None
    bare: bool = False
    key: int | None = None
    t: float | None = None
    size: int = 0

    @property
    def identity(self) -> Identity:
        """What stays the same when it is offered again."""
        return self.topic, self.key

    def dated(self, t: float | None, clock: float) -> "Publication":
        """Return the same with the time of what it reports, where that is fresh at ``clock``."""
        return replace(self, t=t) if t is not None and 0.0 <= clock - t < _FRESH_S else self
