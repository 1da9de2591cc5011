"""What to send next, given what was acknowledged, refused and lost.

Pure: no socket, no thread, no clock. Takes what waits and what happened, with the time of each event, gives the
messages to send. Order of a connection: what is retained (info, health, state, discovery), ``online``, alerts. What is
retained and left out, refused or unanswered counts as done: nothing retained holds an alert back for more than 5 s.

A broker that closes the connection right behind a message may have choked on it, whatever it states. That message does
not go first again: it waits until everything else is through and then goes alone; when that has ended several
connections it rests for a while, and is named.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from dms.alerts.entry import Entry
from dms.alerts.limits import Limits, packet_bytes
from dms.alerts.messages import ONLINE
from dms.alerts.newest import Newest
from dms.alerts.topics import Topics

PATIENCE_S = 5.0
"""Longest time for which what is retained holds alerts back."""
_BEHIND_S = 5.0
"""A connection that ends so soon after a message ended right behind it: the longest delay of a working network."""
_RESERVED = 4
"""Part of the broker's window that alerts leave to availability, info, health and state."""
_REST_S = 600.0
"""So long a message rests that has ended connections: the broker's limits may change, but not by the minute."""
_STRIKES_RETAINED = 3
_STRIKES_ALERT = 5
"""Connections in a row that a message must have ended before it rests. More for an alert: bad networks end them too."""
_FRESH_S = 1.0
"""A message older than this when sent was waiting for the broker: it says nothing about the way itself."""


class Waiting(Protocol):
    """The alerts that wait."""

    def waiting(self, count: int, taken: Collection[int] = (), held: Collection[str] = ()) -> list[tuple[int, Entry]]:
        """The oldest in order, with their keys: at most ``count``, no key ``taken``, no topic ``held``."""

    def get(self, key: int) -> Entry | None:
        """One by its key; None when it is gone."""

    def put_aside(self, key: int, reason: str) -> None:
        """Forget one that can never be sent, and count it."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to send now.

    Attributes:
        topic: Where it goes.
        payload: What it says.
        qos: 1, or 0 where the broker takes no more.
        retain: Whether the broker shall keep it.
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
    def identity(self) -> tuple[str, int | None]:
        """What stays the same when it is offered again: of what is retained the topic, of an alert its key."""
        return self.topic, self.key


@dataclass(frozen=True, slots=True)
class _Denial:
    """A topic that the broker does not let this vehicle write, and when it is tried again."""

    error: str
    until: float


@dataclass(slots=True)
class _Suspect:
    """A message behind which connections ended."""

    strikes: int
    size: int
    rests_until: float = 0.0


@dataclass(slots=True)
class _Connection:
    """What is known of the connection that stands."""

    limits: Limits
    version_5: bool
    began: float
    online_sent: bool = False
    in_flight: dict[int, tuple[Publication, float]] = field(default_factory=dict)
    too_large: set[int] = field(default_factory=set)
    done: set[str] = field(default_factory=set)


class Delivery:
    """Decides what is sent. Methods take the time of the event, monotonic seconds.

    Args:
        topics: The vehicle's topics.
        newest: What is retained.
        alerts: The alerts that wait.
        render: Makes an alert's payload at the moment of sending; what it raises puts the alert aside.
        inflight: Most alerts that are sent and not yet acknowledged.
        retry_s: A refused topic is left alone for so long.
        expiry_s: Message expiry of alerts.
    """

    def __init__(
        self,
        topics: Topics,
        newest: Newest,
        alerts: Waiting,
        render: Callable[[Entry], str],
        inflight: int = 20,
        retry_s: float = 60.0,
        expiry_s: int | None = None,
    ) -> None:
        self._topics = topics
        self._newest = newest
        self._alerts = alerts
        self._render = render
        self._inflight = inflight
        self._retry_s = retry_s
        self._expiry_s = expiry_s
        self._connection: _Connection | None = None
        self._denied: dict[str, _Denial] = {}
        self._suspects: dict[tuple[str, int | None], _Suspect] = {}
        self._left_out: dict[tuple[str, int | None], str] = {}
        self._stopping = False

    def begin(self, limits: Limits, version_5: bool, now: float) -> None:
        """The broker has accepted a connection. It may have lost its memory: what is retained is sent again."""
        self._connection = _Connection(limits, version_5, now)
        self._left_out.clear()
        self._newest.send_again((self._topics.info, self._topics.health, self._topics.state))

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return self._connection is None or not self._connection.in_flight

    @property
    def denied(self) -> str | None:
        """A topic that the broker refuses, in words; None when it refuses none."""
        return next((denial.error for denial in list(self._denied.values())), None)

    @property
    def left_out(self) -> str | None:
        """What cannot be sent to this broker, in words; None when all can."""
        return "; ".join(list(self._left_out.values())) or None

    def oldest(self) -> float | None:
        """When the oldest message that is on its way was sent."""
        flying = {} if self._connection is None else self._connection.in_flight
        return min((sent for _, sent in flying.values()), default=None)

    def next(self, now: float, clock: float) -> list[Publication]:
        """What to send now, in this order, as far as the window allows; tell of each by ``sent``.

        Args:
            now: Monotonic seconds.
            clock: Seconds on the frames' clock.
        """
        connection = self._connection
        if connection is None or self._stopping:
            return []
        out: list[Publication] = []
        if not connection.online_sent:
            out += self._retained(now, out, clock)
            if self._may_say_online(connection, now, out):
                connection.online_sent = True
                out.append(self._publication(self._topics.availability, ONLINE, retain=True))
        if self._may_send_alerts(connection, now):
            out += self._alerts_now(now, out, clock)
        if connection.online_sent:
            out += self._retained(now, out, clock)
        return out or self._alone(now, clock)

    def sent(self, publication: Publication, mid: int, now: float) -> None:
        """A message is on its way under this id."""
        assert self._connection is not None
        if publication.qos:
            self._connection.in_flight[mid] = publication, now
        else:
            self._connection.done.add(publication.topic)
            self._left_out.pop(publication.identity, None)

    def acknowledged(self, mid: int, refusal: str | None, now: float) -> Publication | None:
        """The broker has answered; gives the message when it has taken it."""
        if self._connection is None or mid not in self._connection.in_flight:
            return None
        publication, _ = self._connection.in_flight.pop(mid)
        self._connection.done.add(publication.topic)
        self._suspects.pop(publication.identity, None)
        self._left_out.pop(publication.identity, None)
        if refusal is not None:
            self._refuse(publication, refusal, now)
            return None
        self._denied.pop(publication.topic, None)
        return publication

    def lost(self, now: float, by_broker: bool = True) -> None:
        """The connection is over; ``by_broker`` when it was not this side that gave it up."""
        connection, self._connection = self._connection, None
        if connection is None or not connection.in_flight:
            return
        # a broker answers in order: the first without an answer is the one that it had before it
        first, sent = next(iter(connection.in_flight.values()))
        if not by_broker or now - sent > _BEHIND_S or first.topic == self._topics.availability:
            return
        suspect = self._suspects.setdefault(first.identity, _Suspect(0, first.size))
        suspect.strikes, suspect.size = suspect.strikes + 1, first.size
        if suspect.strikes >= (_STRIKES_RETAINED if first.key is None else _STRIKES_ALERT):
            suspect.rests_until = now + _REST_S

    def is_flying(self, mids: Collection[int]) -> bool:
        """Whether one of these messages is on its way."""
        return self._connection is not None and any(mid in self._connection.in_flight for mid in mids)

    def last_words(self, messages: Iterable[tuple[str, str]]) -> list[Publication]:
        """What a stop says, whatever is refused; nothing else is sent any more."""
        self._stopping = True
        said = [self._publication(topic, payload, retain=True) for topic, payload in messages]
        return [one for one in said if self._connection is not None and self._connection.limits.takes(one.size)]

    def _publication(self, topic: str, payload: str, retain: bool, key: int | None = None) -> Publication:
        """A message as this broker takes it: without the flags and properties that it does not."""
        assert self._connection is not None
        limits, version_5 = self._connection.limits, self._connection.version_5
        expiry_s = self._expiry_s if key is not None and version_5 else None
        sizes = {bare: packet_bytes(topic, payload, version_5, expiry_s, bare) for bare in (False, True)}
        bare = not limits.takes(sizes[False])
        return Publication(
            topic, payload, limits.maximum_qos, retain and limits.retain, expiry_s, bare, key, size=sizes[bare]
        )

    def _fits(self, publication: Publication) -> bool:
        assert self._connection is not None
        limits = self._connection.limits
        if limits.takes(publication.size):
            return True
        text = f"{publication.topic} is left out: {publication.size} bytes, the broker takes {limits.packet_bytes}"
        self._left_out[publication.identity] = text
        self._connection.done.add(publication.topic)
        return False

    def _room(self, out: Collection[Publication]) -> int:
        assert self._connection is not None
        return self._connection.limits.window - len(self._connection.in_flight) - len(out)

    @property
    def _flying(self) -> list[Publication]:
        return [] if self._connection is None else [one for one, _ in self._connection.in_flight.values()]

    def _held(self, now: float) -> set[str]:
        """Topics on which nothing is sent now: refused lately, or tried again with one message, which is on its way."""
        busy = {one.topic for one in self._flying}
        return {topic for topic, denial in list(self._denied.items()) if now < denial.until or topic in busy}

    def _retained(self, now: float, out: list[Publication], clock: float) -> list[Publication]:
        busy = self._held(now) | {one.topic for one in (*self._flying, *out) if one.key is None}
        busy |= {topic for topic, key in self._suspects if key is None}
        ready = []
        for newest in self._newest.take(busy, self._room(out)):
            one = self._publication(newest.topic, newest.payload, retain=True)
            if self._fits(one):
                ready.append(_dated(one, newest.t, clock))
        return ready

    def _may_say_online(self, connection: _Connection, now: float, out: Collection[Publication]) -> bool:
        """Whether what a subscriber shall find is at the broker, or has had its time."""
        held, known = self._held(now), self._newest.known
        if self._topics.availability in held or self._topics.state not in known or self._room(out) <= 0:
            return False
        answered = connection.done | held | {topic for topic, _ in self._suspects}
        return known <= answered or now - connection.began >= PATIENCE_S

    def _may_send_alerts(self, connection: _Connection, now: float) -> bool:
        """Whether ``online`` has gone before, or cannot."""
        if connection.online_sent or now - connection.began >= PATIENCE_S:
            return True
        return self._topics.availability in self._held(now) or self._topics.state not in self._newest.known

    def _alerts_now(self, now: float, out: list[Publication], clock: float) -> list[Publication]:
        assert self._connection is not None
        limits = self._connection.limits
        if not limits.maximum_qos:
            self._left_out["alerts", None] = (
                "alerts stay on disk: the broker takes QoS 0 only, which acknowledges nothing"
            )
            return []
        window = min(self._inflight, max(1, limits.window - _RESERVED))
        room = min(window - len(self._connection.in_flight) - len(out), self._room(out))
        held = self._held(now)
        # one that rests is passed by; one that is suspected holds its topic, so that the order stands
        held |= {topic for (topic, key), one in self._suspects.items() if key is not None and now >= one.rests_until}
        return self._offer(room, held, now, clock) if room > 0 else []

    def _offer(self, room: int, held: set[str], now: float, clock: float) -> list[Publication]:
        assert self._connection is not None
        taken = {one.key for one in self._flying if one.key is not None} | self._connection.too_large
        taken |= {key for (_, key), one in self._suspects.items() if key is not None and now < one.rests_until}
        ready: list[Publication] = []
        for key, entry in self._alerts.waiting(room, taken, held):
            if entry.topic in held:
                continue
            if entry.topic in self._denied:
                held.add(entry.topic)  # it is tried again with one message
            one = self._rendered(key, entry, clock)
            if one is not None:
                ready.append(one)
        return ready

    def _rendered(self, key: int, entry: Entry, clock: float) -> Publication | None:
        assert self._connection is not None
        try:
            one = self._publication(entry.topic, self._render(entry), retain=False, key=key)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            # it can never be sent: that costs neither the connection nor the others
            self._alerts.put_aside(key, f"{type(error).__name__}: {error}")
            return None
        if not self._fits(one):
            self._connection.too_large.add(key)
            return None
        return _dated(one, entry.t, clock)

    def _alone(self, now: float, clock: float) -> list[Publication]:
        """A message that ended connections, tried again with nothing else on its way."""
        assert self._connection is not None
        if self._connection.in_flight:
            return []
        held = self._held(now)
        for (topic, key), suspect in list(self._suspects.items()):
            if now < suspect.rests_until:
                text = f"{topic} rests: the broker closed {suspect.strikes} connections right behind its"
                self._left_out[topic, key] = f"{text} {suspect.size} bytes"
                continue
            if topic in held:
                continue
            if key is None:
                others = self._newest.known - {topic}
                for newest in self._newest.take(others, 1):
                    one = self._publication(newest.topic, newest.payload, retain=True)
                    if self._fits(one):
                        return [_dated(one, newest.t, clock)]
            else:
                entry = self._alerts.get(key)
                rendered = None if entry is None else self._rendered(key, entry, clock)
                if rendered is not None:
                    return [rendered]
                del self._suspects[topic, key]  # it is gone, or cannot be sent for another reason
        return []

    def _refuse(self, publication: Publication, reason: str, now: float) -> None:
        """Leave the topic alone for a while; permissions may be mended, so what was refused is offered again then."""
        # Mosquitto 2.0.11 with an unlimited queue even ends the connection: the pause must outlive it
        self._denied[publication.topic] = _Denial(f"{publication.topic} refused: {reason}", now + self._retry_s)
        if publication.topic == self._topics.availability:
            if self._connection is not None:
                self._connection.online_sent = False
        elif publication.key is None:
            self._newest.put_back(publication.topic)


def _dated(publication: Publication, t: float | None, clock: float) -> Publication:
    """The same with its time where it is fresh."""
    return replace(publication, t=t) if t is not None and 0.0 <= clock - t < _FRESH_S else publication
