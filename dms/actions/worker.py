"""Runs one action in a thread of its own.

Takes alert messages and an action, gives counts. What comes too fast is dropped, counted and reported; the end of an
alert is never too fast. When the queue is too long, updates are dropped first, then starts.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from dms.actions.notice import Notice
from dms.driver.state import Phase

log = logging.getLogger(__name__)

_WAITING = 8
"""Most messages that wait: with more, the driver would hear of the past."""
_FIRST_OUT = (Phase.UPDATE, Phase.START, Phase.END)
"""Who leaves a queue that is too long, the oldest of them first: what was begun at a start must hear of the end."""
_MINUTE_S = 60.0


class Action(Protocol):
    """Something that is done about an alert. Everything may raise, which is reported and does not end the worker."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    def open(self) -> None:
        """Get ready."""
        ...

    def act(self, message: Notice) -> str:
        """Do it for one step of an alert; returns in words what was done."""
        ...

    def close(self) -> None:
        """Stop what is being done, and let go of everything; called from another thread when ``act`` takes long.

        Called once more when that ``act`` has come back.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step of an alert.

    Attributes:
        name: The action's.
        message: The step.
        done: Whether it was acted on.
        text: What was done, or why not.
    """

    name: str
    message: Notice
    done: bool
    text: str


Witness = Callable[[Outcome], None]
"""Receives what came of each step; from the action's thread or that of the offer, so it must return at once."""


class Worker:
    """Offers messages to one action.

    Args:
        action: What is done.
        kinds: Kinds of alert that it is done for.
        per_minute: Most starts and updates of real alerts in any minute; None for no limit.
        witness: Receives what came of each message.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        action: Action,
        kinds: tuple[str, ...],
        per_minute: int | None,
        witness: Witness | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action = action
        self._kinds = kinds
        self._recent: deque[float] | None = None if per_minute is None else deque(maxlen=per_minute)
        self._witness = witness or (lambda _outcome: None)
        self._now = now
        self._changed = threading.Condition()
        self._waiting: deque[Notice] = deque()
        self._finishing = False
        self.done = self.failed = self.dropped = 0
        self.error: str | None = None
        """Why it failed the last time; None when it did not."""
        self._thread = threading.Thread(target=self._work, name=action.name, daemon=True)

    def start(self) -> None:
        """Begin to act."""
        self._thread.start()

    @property
    def name(self) -> str:
        """What a person calls the action."""
        return self._action.name

    def takes(self, kind: str) -> bool:
        """Return whether alerts of this kind are acted on."""
        return kind in self._kinds

    def offer(self, message: Notice) -> None:
        """Take a message; returns at once."""
        if not self.takes(str(message.kind)):
            return
        # a test takes nothing from what real alerts may do in a minute
        if message.phase is not Phase.END and not message.test and not self._in_time():
            self._drop(message, "too many in a minute")
            return
        first_out: Notice | None = None
        with self._changed:
            self._waiting.append(message)
            if len(self._waiting) > _WAITING:
                first_out = min(self._waiting, key=lambda waiting: _FIRST_OUT.index(waiting.phase))
                self._waiting.remove(first_out)
            self._changed.notify()
        if first_out is not None:
            self._drop(first_out, "it is still busy with earlier ones")

    def begin_stop(self) -> None:
        """End after what waits has been acted on; returns at once."""
        with self._changed:
            self._finishing = True
            self._changed.notify()

    def stop(self, timeout_s: float) -> None:
        """Give it so long to finish, then stop it: what waits then is dropped."""
        self.begin_stop()
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            return
        with self._changed:
            left = list(self._waiting)
            self._waiting.clear()
        for message in left:
            self._drop(message, "it was stopped")
        self._close()

    def _in_time(self) -> bool:
        recent = self._recent
        if recent is None:
            return True
        now = self._now()
        if len(recent) == recent.maxlen and now - recent[0] < _MINUTE_S:
            return False
        recent.append(now)
        return True

    def _drop(self, message: Notice, reason: str) -> None:
        self.dropped += 1
        log.warning("%s: left out an alert: %s", self._action.name, reason)
        self._witness(Outcome(self._action.name, message, False, f"left out: {reason}"))

    def _work(self) -> None:
        try:
            self._action.open()
        except Exception as error:
            self._fail(error)
        while (message := self._next()) is not None:
            self._act(message)
        self._close()

    def _act(self, message: Notice) -> None:
        try:
            text = self._action.act(message)
        except Exception as error:
            # programs and hardware libraries fail in all sorts of ways; the next alert may find them mended
            self.failed += 1
            self._fail(error)
            self._witness(Outcome(self._action.name, message, False, str(error)))
        else:
            self.done += 1
            self.error = None
            self._witness(Outcome(self._action.name, message, True, text))

    def _next(self) -> Notice | None:
        """Wait for a message; None when there is nothing left to wait for."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._finishing)
            return self._waiting.popleft() if self._waiting else None

    def _close(self) -> None:
        with suppress(Exception):  # it ends anyway
            self._action.close()

    def _fail(self, error: Exception) -> None:
        self.error = f"{self._action.name}: {error}"
        log.warning("%s", self.error)
