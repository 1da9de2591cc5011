"""Messages behind which a broker closed the connection, and may have choked on them, whatever it states.

Pure. Such a message does not go first again: it waits until everything else is through and then goes alone; when that
has ended several connections it rests for a while, and is named.
"""

from dataclasses import dataclass

from dms.alerts.delivery.publication import Identity, Publication

_REST_S = 600.0
"""How long a message rests after it has ended connections: the broker's limits may change, but not by the minute."""
_STRIKES_RETAINED = 3
_STRIKES_ALERT = 5
"""Connections in a row that a message must have ended before it rests. More for an alert: bad networks end them too."""


@dataclass(slots=True)
class _Suspect:
    strikes: int
    size: int
    rests_until: float = 0.0

    def words(self, identity: Identity) -> str:
        text = f"{identity[0]} rests: the broker closed {self.strikes} connections right behind its"
        return f"{text} {self.size} bytes"


class Suspects:
    """Remembers them. Methods take the time of the event, monotonic seconds."""

    def __init__(self) -> None:
        self._suspects: dict[Identity, _Suspect] = {}

    def blame(self, publication: Publication, now: float) -> None:
        """A connection has ended right behind this message."""
        suspect = self._suspects.setdefault(publication.identity, _Suspect(0, publication.size))
        suspect.strikes, suspect.size = suspect.strikes + 1, publication.size
        if suspect.strikes >= (_STRIKES_RETAINED if publication.key is None else _STRIKES_ALERT):
            suspect.rests_until = now + _REST_S

    def clear(self, identity: Identity) -> None:
        """It has arrived, or is gone."""
        self._suspects.pop(identity, None)

    def resting(self, now: float) -> dict[Identity, str]:
        """Return those that rest, each in words."""
        return {identity: one.words(identity) for identity, one in self._suspects.items() if now < one.rests_until}

    def to_try(self, now: float) -> list[Identity]:
        """Return those that are tried again, each alone."""
        return [identity for identity, one in self._suspects.items() if now >= one.rests_until]

    @property
    def topics(self) -> set[str]:
        """Their topics."""
        return {topic for topic, _ in self._suspects}

    @property
    def retained_topics(self) -> set[str]:
        """The topics of those that are retained."""
        return {topic for topic, key in self._suspects if key is None}
