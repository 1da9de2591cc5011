"""Runs one action in a thread of its own.

Takes alert messages and an action, gives counts. What comes too fast is dropped, counted and told; the end of an alert
is never too fast. Of what waits too long a queue the updates go first, then the starts.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from dms.alerts.messages import AlertMessage
from dms.driver.state import Phase

log = logging.getLogger(__name__)

_WAITING = 8
"""Most messages that wait: with more, the driver would hear of the past."""
_FIRST_OUT = (Phase.UPDATE, Phase.START, Phase.END)
"""Who leaves a queue that is too long, the oldest of them first: what was begun at a start must hear of the end."""
_MINUTE_S = 60.0


class Action(Protocol):
    """Something that is done about an alert. Everything may raise, which is told and does not end the worker."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    def open(self) -> None:
        """Get ready."""
        ...

    def act(self, message: AlertMessage) -> None:
        """Do it for one step of an alert."""
        ...

    def close(self) -> None:
        """Stop what is being done, and let go of everything; called from another thread when ``act`` takes long.

        Called once more when that ``act`` has come back.
        """
        ...


class Worker:
    """Offers messages to one action.

    Args:
        action: What is done.
        kinds: Kinds of alert that it is done for.
        per_minute: Most starts and updates in any minute; None for no limit.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        action: Action,
        kinds: tuple[str, ...],
        per_minute: int | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action = action
        self._kinds = kinds
        self._recent: deque[float] | None = None if per_minute is None else deque(maxlen=per_minute)
        self._now = now
        self._changed = threading.Condition()
        self._waiting: deque[AlertMessage] = deque()
        self._finishing = False
        self.done = self.failed = self.dropped = 0
        self.error: str | None = None
        """Why it failed the last time; None when it did not."""
        self._thread = threading.Thread(target=self._work, name=action.name, daemon=True)

    def start(self) -> None:
        """Begin to act."""
        self._thread.start()

    def offer(self, message: AlertMessage) -> None:
        """Take a message; returns at once."""
        if message.kind.value not in self._kinds:
            return
        if message.phase is not Phase.END and not self._in_time():
            self._drop("too many in a minute")
            return
        with self._changed:
            self._waiting.append(message)
            full = len(self._waiting) > _WAITING
            if full:
                self._waiting.remove(min(self._waiting, key=lambda waiting: _FIRST_OUT.index(waiting.phase)))
            self._changed.notify()
        if full:
            self._drop("it is still busy with earlier ones")

    def finish(self) -> None:
        """End after what waits has been acted on; returns at once."""
        with self._changed:
            self._finishing = True
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Give it so long to finish, then stop it: what waits then is dropped."""
        self.finish()
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            return
        with self._changed:
            left = len(self._waiting)
            self._waiting.clear()
        for _ in range(left):
            self._drop("it was stopped")
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

    def _drop(self, reason: str) -> None:
        self.dropped += 1
        log.warning("%s: left out an alert: %s", self._action.name, reason)

    def _work(self) -> None:
        self._try(self._action.open)
        while (message := self._next()) is not None:
            if self._try(lambda: self._action.act(message)):  # called before the next one is taken
                self.done += 1
            else:
                self.failed += 1
        self._close()

    def _next(self) -> AlertMessage | None:
        """Wait for a message; None when there is nothing left to wait for."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._finishing)
            return self._waiting.popleft() if self._waiting else None

    def _close(self) -> None:
        with suppress(Exception):  # it ends anyway
            self._action.close()

    def _try(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception as error:
            # programs and hardware libraries fail in all sorts of ways; the next alert may find them mended
            self.error = f"{self._action.name}: {error}"
            log.warning("%s", self.error)
            return False
        self.error = None
        return True
