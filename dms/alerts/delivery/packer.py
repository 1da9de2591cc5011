"""Makes messages ready for one broker, retained or not, or says why they cannot be.

Pure. Takes what is retained and the alerts that wait, gives publications that the broker takes.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.publication import Identity, Publication
from dms.alerts.delivery.retained import RetainedMessages
from dms.alerts.delivery.window import Window


class Waiting(Protocol):
    """The alerts that wait."""

    def waiting(self, count: int, taken: Collection[int] = (), held: Collection[str] = ()) -> list[tuple[int, Entry]]:
        """Return the oldest in order, with their keys: at most ``count``, no key ``taken``, no topic ``held``."""

    def get(self, key: int) -> Entry | None:
        """Return one by its key; None when it is gone."""

    def put_aside(self, key: int, reason: str) -> None:
        """Forget one that can never be sent, and count it."""


class Packer:
    """Makes publications.

    Args:
        retained: What is retained.
        alerts: The alerts that wait.
        render: Makes an alert's payload at the moment of sending; what it raises puts the alert aside.
        expiry_s: Message expiry of alerts.

    Attributes:
        left_out: What cannot be sent to this broker, in words.
    """

    def __init__(
        self, retained: RetainedMessages, alerts: Waiting, render: Callable[[Entry], str], expiry_s: int | None
    ) -> None:
        self.left_out: dict[Identity, str] = {}
        self._retained = retained
        self._alerts = alerts
        self._render = render
        self._expiry_s = expiry_s

    def retained(self, window: Window, busy: Collection[str], room: int, clock: float) -> list[Publication]:
        """Return what is retained and waits, at most so many and none on a busy topic."""
        ready = []
        for message in self._retained.take(busy, room):
            one = window.publication(message.topic, message.payload, retain=True)
            if self._fits(window, one):
                ready.append(one.dated(message.t, clock))
        return ready

    def alert(self, window: Window, key: int, entry: Entry, clock: float) -> Publication | None:
        """Return an alert; None for one that cannot be sent."""
        try:
            one = window.publication(entry.topic, self._render(entry), False, key, self._expiry_s)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            # it can never be sent: that costs neither the connection nor the others
            self._alerts.put_aside(key, f"{type(error).__name__}: {error}")
            return None
        if not self._fits(window, one):
            window.too_large.add(key)
            return None
        return one.dated(entry.t, clock)

    def again(self, window: Window, identity: Identity, clock: float) -> list[Publication]:
        """Return one message that was sent before; nothing when it does not wait any more."""
        topic, key = identity
        if key is None:
            return self.retained(window, self._retained.known - {topic}, 1, clock)
        entry = self._alerts.get(key)
        one = None if entry is None else self.alert(window, key, entry, clock)
        return [] if one is None else [one]

    def _fits(self, window: Window, publication: Publication) -> bool:
        limits = window.limits
        if limits.takes(publication.size):
            return True
        text = f"{publication.topic} is left out: {publication.size} bytes, the broker takes {limits.packet_bytes}"
        self.left_out[publication.identity] = text
        window.done.add(publication.topic)
        return False
