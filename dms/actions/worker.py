"""Runs one action in a thread of its own.

Takes alert messages and an action, gives counts. What comes too fast, or while the queue is full, is dropped, counted
and told; the end of an alert is never too fast.
"""

import logging
import queue
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
        """Stop what is being done, and let go of everything; called from another thread when ``act`` takes long."""
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
        self._queue: queue.Queue[AlertMessage | None] = queue.Queue(_WAITING)
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
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            self._drop("it is still busy with earlier ones")

    def finish(self) -> None:
        """End after what waits has been acted on; returns at once."""
        with suppress(queue.Full):
            self._queue.put_nowait(None)

    def close(self, timeout_s: float) -> None:
        """Give it so long to finish, then stop it."""
        self._thread.join(timeout_s)
        with suppress(Exception):  # it ends anyway
            self._action.close()

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
        while (message := self._queue.get()) is not None:
            if self._try(lambda: self._action.act(message)):  # called before the next one is taken
                self.done += 1
            else:
                self.failed += 1

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
