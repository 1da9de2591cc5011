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

    __slots__ = ("_no_return_s", "_return_s", "_rung", "closures")

    def __init__(self, settings: ClosureSettings, signs: SignsSettings) -> None:
        self._no_return_s = settings.no_return_s
        self.closures = ClosureTracker(settings, signs)
        self._rung = 0
        self._return_s: float | None = None

    def reset(self) -> None:
        """Drop the closure that runs."""
        self.closures.reset()
        self._rung = 0
        self._return_s = None

    def add(self, span: Span) -> Closure | None:
        """Take a span; gives the closure that it ended."""
        closures, eyes = self.closures, span.reading.eyes
        ran = closures.closed_s > 0.0
        ended = closures.add(span)
        if ended is not None:
            self._return_s = None
        if ran and not closures.closed_s:
            self._rung = 0
        if self._return_s is not None and (eyes is Eyes.CLOSED or (eyes is Eyes.UNKNOWN and span.reading.in_view)):
            self._return_s += span.seconds
        return ended

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
        self._return_s = 0.0 if event is FatigueEvent.SLEEP else None
        return Climb(event, "closure")

    def no_return(self) -> Climb | None:
        """No response, once the eyes have not come back in time after sleep."""
        if self._return_s is None or self._return_s + EPSILON_S < self._no_return_s:
            return None
        self._return_s = None
        if self.closures.closed_s:
            self._rung = len(RUNGS)
        return Climb(FatigueEvent.NO_RESPONSE, "no_return")
