"""Reports each rung that a closure reaches once, and eyes that do not come back after it.

Takes spans, gives what the closure which runs has just come to. Never reads unknown eyes as closed: all that
they can do is fail to come back after `asleep`.
"""

from typing import NamedTuple

from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.closures import Closure, ClosureTracker
from dms.driver.smoothing import EPSILON_S
from dms.driver.span import Span
from dms.driver.state import Eyes
from dms.driver.transitions import FatigueEvent

RUNGS = (FatigueEvent.MICROSLEEP, FatigueEvent.SLEEP, FatigueEvent.NO_RESPONSE)


class Climb(NamedTuple):
    """A rung that was reached, and by what: ``closure`` or ``no_return``."""

    event: FatigueEvent
    cause: str


class Ladder:
    """How far the closure that runs has climbed.

    Args:
        settings: Limits of a closure.
        signs: What makes a nod.
    """

    __slots__ = ("_no_return_s", "_open_s", "_reopen_s", "_return_s", "_rung", "closures")

    def __init__(self, settings: ClosureSettings, signs: SignsSettings) -> None:
        self._no_return_s = settings.no_return_s
        self._reopen_s = settings.reopen_s
        self.closures = ClosureTracker(settings, signs)
        self._rung = 0
        self._return_s: float | None = None
        self._open_s = 0.0

    def reset(self) -> None:
        """Drop the closure that runs."""
        self.closures.reset()
        self._rung = 0
        self._return_s = None

    def add(self, span: Span) -> Closure | None:
        """Take a span; gives the closure that it ended."""
        closures = self.closures
        ran = closures.closed_s > 0.0
        ended = closures.add(span)
        if ran and not closures.closed_s:
            self._rung = 0
        if ended is not None:
            self._return_s = None
        if self._return_s is not None:
            self._wait(span, self._return_s)
        return ended

    def _wait(self, span: Span, waited_s: float) -> None:
        """Wait for the eyes to come back, also when the closure has been lost from view."""
        eyes = span.reading.eyes
        if eyes is Eyes.OPEN:
            self._open_s += span.seconds
            if self._open_s >= self._reopen_s:
                self._return_s = None
        elif eyes is Eyes.CLOSED or span.reading.in_view:
            self._return_s = waited_s + span.seconds
            if eyes is Eyes.CLOSED:
                self._open_s = 0.0

    @property
    def is_climbed(self) -> bool:
        """Whether a closure runs, or the eyes have not come back after one."""
        return self.closures.closed_s > 0.0 or self._return_s is not None

    def climb(self) -> Climb | None:
        """The rung that the closure has reached, if it is higher than any before."""
        reached = self.closures.rung() if self.closures.closed_s else 0
        if reached <= self._rung:
            return None
        self._rung = reached
        event = RUNGS[reached - 1]
        if event is FatigueEvent.NO_RESPONSE:
            self._return_s = None
        elif event is FatigueEvent.SLEEP and self._return_s is None:
            self._return_s = self._open_s = 0.0
        return Climb(event, "closure")

    def no_return(self) -> Climb | None:
        """No response, once the eyes have not come back in time after sleep."""
        if self._return_s is None or self._return_s + EPSILON_S < self._no_return_s:
            return None
        self._return_s = None
        if self.closures.closed_s:
            self._rung = len(RUNGS)
        return Climb(FatigueEvent.NO_RESPONSE, "no_return")
