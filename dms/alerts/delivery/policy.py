"""What to send next, given what was acknowledged, refused and lost.

Pure: no socket, no thread, no clock. Takes what waits and what happened, with the time of each event, gives the
messages to send. Order of a connection: what is retained (info, health, state, discovery), ``online``, alerts. What is
retained and left out, refused or unanswered counts as done: nothing retained holds an alert back for more than 5 s.
"""

from collections.abc import Callable, Collection, Iterable

from dms.alerts.delivery.denials import Denials
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.limits import Limits
from dms.alerts.delivery.packer import Packer, Waiting
from dms.alerts.delivery.publication import Publication
from dms.alerts.delivery.retained import RetainedMessages
from dms.alerts.delivery.suspects import Suspects
from dms.alerts.delivery.window import Window
from dms.alerts.messages import ONLINE
from dms.alerts.topics import Topics

PATIENCE_S = 5.0
"""Longest time for which what is retained holds alerts back."""
_BEHIND_S = 5.0
"""A connection that ends so soon after a message ended right behind it: the longest delay of a working network."""
_RESERVED = 4
"""Part of the broker's window that alerts leave to availability, info, health and state."""


class Delivery:
    """Decides what is sent. Methods take the time of the event, monotonic seconds.

    Args:
        topics: The vehicle's topics.
        retained: What is retained.
        alerts: The alerts that wait.
        render: Makes an alert's payload at the moment of sending; what it raises puts the alert aside.
        inflight: Most alerts that are sent and not yet acknowledged.
        retry_s: A refused topic is left alone for so long.
        expiry_s: Message expiry of alerts.

    Attributes:
        denials: The topics that the broker refuses.
        window: What is on its way on the connection that stands; None without one.
    """

    def __init__(
        self,
        topics: Topics,
        retained: RetainedMessages,
        alerts: Waiting,
        render: Callable[[Entry], str],
        inflight: int = 20,
        retry_s: float = 60.0,
        expiry_s: int | None = None,
    ) -> None:
        self.denials = Denials(retry_s)
        self.window: Window | None = None
        self._topics = topics
        self._retained = retained
        self._alerts = alerts
        self._packer = Packer(retained, alerts, render, expiry_s)
        self._inflight = inflight
        self._suspects = Suspects()
        self._stopping = False

    def begin(self, limits: Limits, version_5: bool, now: float) -> None:
        """The broker has accepted a connection. It may have lost its memory: what is retained is sent again."""
        self.window = Window(limits, version_5, now)
        self._packer.left_out.clear()
        self._retained.send_again((self._topics.info, self._topics.health, self._topics.state))

    @property
    def left_out(self) -> str | None:
        """What cannot be sent to this broker, in words; None when all can. From any thread."""
        return "; ".join(list(self._packer.left_out.values())) or None

    def next(self, now: float, clock: float) -> list[Publication]:
        """Return what to send now, in this order, as far as the window allows; report each by ``sent``.

        Args:
            now: Monotonic seconds.
            clock: Seconds on the frames' clock.
        """
        window = self.window
        if window is None or self._stopping:
            return []
        out: list[Publication] = []
        if not window.online_sent:
            out += self._retained_now(window, now, out, clock)
            if self._may_say_online(window, now, out):
                window.online_sent = True
                out.append(window.publication(self._topics.availability, ONLINE, retain=True))
        if self._may_send_alerts(window, now):
            out += self._alerts_now(window, now, out, clock)
        if window.online_sent:
            out += self._retained_now(window, now, out, clock)
        return out or self._alone(window, now, clock)

    def sent(self, publication: Publication, mid: int, now: float) -> None:
        """A message is on its way under this id."""
        assert self.window is not None
        self.window.sent(mid, publication, now)
        if not publication.qos:
            self._packer.left_out.pop(publication.identity, None)

    def acknowledged(self, mid: int, refusal: str | None, now: float) -> Publication | None:
        """The broker has answered; returns the message when it has taken it."""
        publication = None if self.window is None else self.window.answered(mid)
        if publication is None:
            return None
        self._suspects.clear(publication.identity)
        self._packer.left_out.pop(publication.identity, None)
        if refusal is not None:
            self._refuse(publication, refusal, now)
            return None
        self.denials.allow(publication.topic)
        return publication

    def lost(self, now: float, by_broker: bool = True) -> None:
        """The connection is over; ``by_broker`` when it was not this side that gave it up."""
        window, self.window = self.window, None
        # a broker answers in order: the first without an answer is the one that it had before it
        first = None if window is None else window.first
        if first is None or not by_broker:
            return
        publication, sent = first
        if now - sent <= _BEHIND_S and publication.topic != self._topics.availability:
            self._suspects.blame(publication, now)

    def last_words(self, messages: Iterable[tuple[str, str]]) -> list[Publication]:
        """Return what a stop says, whatever is refused; nothing else is sent any more."""
        self._stopping = True
        if self.window is None:
            return []
        window = self.window
        said = [window.publication(topic, payload, retain=True) for topic, payload in messages]
        return [one for one in said if window.limits.takes(one.size)]

    def _held(self, window: Window, now: float) -> set[str]:
        return self.denials.held(now, {one.topic for one in window.flying})

    def _retained_now(
        self, window: Window, now: float, out: Collection[Publication], clock: float
    ) -> list[Publication]:
        busy = self._held(window, now) | {one.topic for one in (*window.flying, *out) if one.key is None}
        return self._packer.retained(window, busy | self._suspects.retained_topics, window.room(out), clock)

    def _may_say_online(self, window: Window, now: float, out: Collection[Publication]) -> bool:
        """Return whether what a subscriber should find is at the broker, or has had its time."""
        held, known = self._held(window, now), self._retained.known
        if self._topics.availability in held or self._topics.state not in known or window.room(out) <= 0:
            return False
        return known <= window.done | held | self._suspects.topics or now - window.began >= PATIENCE_S

    def _may_send_alerts(self, window: Window, now: float) -> bool:
        """Return whether ``online`` has gone before, or cannot."""
        if window.online_sent or now - window.began >= PATIENCE_S:
            return True
        return self._topics.availability in self._held(window, now) or self._topics.state not in self._retained.known

    def _alerts_now(self, window: Window, now: float, out: list[Publication], clock: float) -> list[Publication]:
        if not window.limits.maximum_qos:
            text = "alerts stay on disk: the broker takes QoS 0 only, which acknowledges nothing"
            self._packer.left_out["alerts", None] = text
            return []
        most = min(self._inflight, max(1, window.limits.window - _RESERVED))
        room = min(most - len(window) - len(out), window.room(out))
        if room <= 0:
            return []
        # one that rests is passed by; one that is suspected holds its topic, so that the order stands
        held = self._held(window, now) | {topic for topic, key in self._suspects.to_try(now) if key is not None}
        taken = {key for _, key in self._suspects.resting(now) if key is not None} | window.too_large
        taken |= {one.key for one in window.flying if one.key is not None}
        ready = []
        for key, entry in self._alerts.waiting(room, taken, held):
            if entry.topic in held:
                continue
            if entry.topic in self.denials:
                held.add(entry.topic)  # it is tried again with one message
            one = self._packer.alert(window, key, entry, clock)
            if one is not None:
                ready.append(one)
        return ready

    def _alone(self, window: Window, now: float, clock: float) -> list[Publication]:
        """Return a message that ended connections, tried again with nothing else on its way."""
        if len(window):
            return []
        self._packer.left_out |= self._suspects.resting(now)
        held = self._held(window, now)
        for identity in self._suspects.to_try(now):
            topic, key = identity
            if topic in held:
                continue
            if ready := self._packer.again(window, identity, clock):
                return ready
            if key is not None:
                self._suspects.clear(identity)  # it is gone, or cannot be sent for another reason
        return []

    def _refuse(self, publication: Publication, reason: str, now: float) -> None:
        """Leave the topic alone for a while; what was refused is offered again then."""
        self.denials.refuse(publication.topic, reason, now)
        if publication.topic == self._topics.availability:
            if self.window is not None:
                self.window.online_sent = False
        elif publication.key is None:
            self._retained.put_back(publication.topic)
