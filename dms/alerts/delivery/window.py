"""What is on its way on one connection, and what its broker takes: QoS, retained messages, their size and number.

Pure. Made when the broker accepts the connection, thrown away with it.
"""

from collections.abc import Collection

from dms.alerts.delivery.limits import Limits, packet_bytes
from dms.alerts.delivery.publication import Publication


class Window:
    """One connection's.

    Args:
        limits: What the broker states that it takes.
        version_5: MQTT 5, not 3.1.1.
        began: When the broker accepted the connection, monotonic seconds.

    Attributes:
        online_sent: ``online`` has gone out.
        done: Topics on which the broker has answered, or will not be asked.
        too_large: Keys of alerts that this broker cannot take.
    """

    def __init__(self, limits: Limits, version_5: bool, began: float) -> None:
        self.limits = limits
        self.began = began
        self.online_sent = False
        self.done: set[str] = set()
        self.too_large: set[int] = set()
        self._version_5 = version_5
        self._flying: dict[int, tuple[Publication, float]] = {}

    def __len__(self) -> int:
        """Messages on their way."""
        return len(self._flying)

    def publication(
        self, topic: str, payload: str, retain: bool, key: int | None = None, expiry_s: int | None = None
    ) -> Publication:
        """Return a message as this broker takes it: without the flags and properties that it does not."""
        if not self._version_5:
            expiry_s = None
        size = packet_bytes(topic, payload, self._version_5, expiry_s)
        bare = not self.limits.takes(size)
        if bare:
            size = packet_bytes(topic, payload, self._version_5, expiry_s, bare=True)
        keeps, qos = retain and self.limits.retain, self.limits.maximum_qos
        return Publication(topic, payload, qos, keeps, expiry_s, bare, key, size=size)

    def room(self, out: Collection[Publication]) -> int:
        """Return how many more the broker takes now, with these on their way as well."""
        return self.limits.window - len(self._flying) - len(out)

    def sent(self, mid: int, publication: Publication, now: float) -> None:
        """A message is on its way under this id; nothing is awaited for one of QoS 0."""
        if publication.qos:
            self._flying[mid] = publication, now
        else:
            self.done.add(publication.topic)

    def answered(self, mid: int) -> Publication | None:
        """The broker has answered; returns the message, None for one that is not on its way."""
        publication, _ = self._flying.pop(mid, (None, 0.0))
        if publication is not None:
            self.done.add(publication.topic)
        return publication

    def is_flying(self, mids: Collection[int]) -> bool:
        """Return whether one of these is on its way."""
        return any(mid in self._flying for mid in mids)

    @property
    def flying(self) -> list[Publication]:
        """What is on its way, in the order in which it was sent."""
        return [publication for publication, _ in self._flying.values()]

    @property
    def first(self) -> tuple[Publication, float] | None:
        """The first that has no answer, and when it was sent; None when all have one."""
        return next(iter(self._flying.values()), None)
