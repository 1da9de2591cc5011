"""Holds what is shown now, between the thread that looks and those that show it."""

import threading
import time

from dms.aim.seen import Seen

_LOOKED_AT_S = 2.0
"""A page asks several times a second: one that has not for so long is closed, or its phone is locked."""


class Board:
    """The newest ``Seen``, and whether anybody looks at it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._seen = Seen()
        self._number = 0
        self._looked_at: float | None = None

    def show(self, seen: Seen) -> None:
        """Put something newer up."""
        with self._changed:
            self._seen, self._number = seen, self._number + 1
            self._changed.notify_all()

    def newer(self, number: int, timeout_s: float) -> tuple[int, Seen]:
        """Wait for something newer than what has this number, a picture where one is made; returns the newest.

        Args:
            number: What was seen last; 0 for whoever comes.
            timeout_s: Longest wait, seconds; then the newest is what it was.
        """
        with self._changed:
            self.expect()
            self._changed.wait_for(lambda: self._number > number and self._is_shown(), timeout_s)
            self.expect()
            return self._number, self._seen

    def expect(self) -> None:
        """Somebody is about to look: pictures are made from now on."""
        self._looked_at = time.monotonic()

    @property
    def wanted(self) -> bool:
        """Whether somebody looks at pictures now."""
        looked_at = self._looked_at
        return looked_at is not None and time.monotonic() - looked_at < _LOOKED_AT_S

    def _is_shown(self) -> bool:
        # what came before somebody looked has no picture
        return self._seen.picture is not None or self._seen.fault is not None
