"""What is retained: the newest message of each topic counts, older ones are forgotten unsent.

Takes messages from one thread, gives them to another. Bounded by the number of topics.
"""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retained:
    """A message for a retained topic.

    Attributes:
        topic: Where it goes.
        payload: What it says.
        t: When what it reports was captured, seconds on the frames' clock; None when it is no report of a frame.
    """

    topic: str
    payload: str
    t: float | None = None


class RetainedMessages:
    """Keeps the newest message of each topic and knows which of them wait to be sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, Retained] = {}
        self._waiting: dict[str, None] = {}

    def put(self, message: Retained) -> None:
        """Take a message; it replaces the one before it on its topic."""
        with self._lock:
            self._newest[message.topic] = message
            self._waiting[message.topic] = None

    @property
    def known(self) -> set[str]:
        """The topics on which there is a message, sent or not."""
        with self._lock:
            return set(self._newest)

    def send_again(self, topics: Iterable[str]) -> None:
        """Let what is known on these topics wait again, in this order, and nothing else."""
        with self._lock:
            self._waiting = {topic: None for topic in topics if topic in self._newest}

    def put_back(self, topic: str) -> None:
        """Let the topic's newest message wait again: what was taken did not arrive."""
        with self._lock:
            if topic in self._newest:
                self._waiting.setdefault(topic)

    def take(self, busy: Collection[str], limit: int) -> list[Retained]:
        """Return the messages that wait, at most ``limit`` and none on a busy topic; they wait no longer."""
        with self._lock:
            ready = [self._newest[topic] for topic in self._waiting if topic not in busy][: max(0, limit)]
            for message in ready:
                del self._waiting[message.topic]
            return ready
