"""The way back: how long the eyes have been open, or out of sight, while an alert is open.

Takes spans, says whether what an alert of a level waits for has come.
"""

from dms.config.driver import LifecycleSettings
from dms.driver.smoothing import EPSILON_S
from dms.driver.span import Span
from dms.driver.state import Eyes, FatigueLevel
from dms.driver.transitions import FatigueEvent


class Recovery:
    """Open time since the last slow closure or raise, and the time without known eyes.

    Args:
        settings: How long each level needs.
        slow_s: From this length on a closure is no blink, and open time begins anew after it.
    """

    __slots__ = ("_lost_s", "_recover_s", "_slow_s", "_unknown_s", "open_s")

    def __init__(self, settings: LifecycleSettings, slow_s: float) -> None:
        self._slow_s = slow_s
        self._lost_s = settings.lost_s
        self._recover_s = {
            FatigueLevel.DROWSY: settings.drowsy_recover_s,
            FatigueLevel.MICROSLEEP: settings.microsleep_recover_s,
            FatigueLevel.ASLEEP: settings.asleep_recover_s,
            FatigueLevel.UNRESPONSIVE: settings.unresponsive_recover_s,
        }
        self.begin()

    def begin(self) -> None:
        """Begin anew."""
        self.open_s = self._unknown_s = 0.0

    def add(self, span: Span, closure_s: float) -> None:
        """Take a span, at the end of which the closure that runs has lasted ``closure_s``."""
        eyes = span.reading.eyes
        if eyes is Eyes.UNKNOWN:
            self._unknown_s += span.seconds
            return
        self._unknown_s = 0.0
        if eyes is Eyes.OPEN:
            self.open_s += span.seconds
        elif closure_s >= self._slow_s:
            self.open_s = 0.0

    def raised(self) -> None:
        """A level has been raised: open time counts from here."""
        self.open_s = 0.0

    def found(self, level: FatigueLevel, eyes: Eyes) -> FatigueEvent | None:
        """What has come for an alert of this level; whether it ends it is not said here."""
        if eyes is Eyes.OPEN and self.open_s + EPSILON_S >= self._recover_s[level]:
            return FatigueEvent.RECOVERED
        return FatigueEvent.LOST if self._unknown_s >= self._lost_s else None
