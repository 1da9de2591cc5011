"""Topics that the broker does not let this vehicle write.

Pure. A refused topic holds back no other; permissions may be mended, so it is tried again after a while with one
message.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Denial:
    words: str
    until: float


class Denials:
    """Remembers them. Methods take the time of the event, monotonic seconds.

    Args:
        retry_s: A refused topic is left alone for so long.
    """

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._denied: dict[str, _Denial] = {}

    def __contains__(self, topic: str) -> bool:
        return topic in self._denied

    def __len__(self) -> int:
        return len(self._denied)

    def refuse(self, topic: str, reason: str, now: float) -> None:
        """The broker has refused a message on this topic."""
        # Mosquitto 2.0.11 with an unlimited queue even ends the connection: the pause must outlive it
        self._denied[topic] = _Denial(f"{topic} refused: {reason}", now + self._retry_s)

    def allow(self, topic: str) -> None:
        """The broker has taken a message on this topic."""
        self._denied.pop(topic, None)

    def held(self, now: float, busy: Collection[str]) -> set[str]:
        """Topics on which nothing is sent now: refused lately, or tried again with one message, which is on its way."""
        return {topic for topic, denial in list(self._denied.items()) if now < denial.until or topic in busy}

    @property
    def words(self) -> str | None:
        """One of them in words; None when there is none. From any thread."""
        return next((denial.words for denial in list(self._denied.values())), None)
