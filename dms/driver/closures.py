"""Follows one closure of the eyes and decides how far it has come: a microsleep, sleep, no response.

Takes spans of closed, open and unknown time in order, gives the closure that runs and each one that has ended. Only
known closed time counts. A closure survives a glimpse of open eyes and a while of unknown ones: the first is a misread
frame, the second a head that turns or sinks.
"""

from dataclasses import dataclass

from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.cues import LOOKING_AWAY, LOOKING_DOWN, MOUTH_WIDE, YAWNING
from dms.driver.smoothing import EPSILON_S
from dms.driver.span import Span
from dms.driver.state import Eyes

HALF = 0.5
"""An explanation counts when it holds for at least half of a closure."""
MOST_SLACK_S = 0.1
"""A duration is no worse known than this: half of Euro NCAP's tolerance of 0.2 s."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure that is over.

    Attributes:
        end_t: When the eyes opened again, in seconds.
        closed_s: Time for which they were known to be closed.
        coarsest_s: Longest interval between observations around and within it: its duration is no better known.
        trusted: Quite shut, and nothing else explains it.
        nod: The head sank after the lids had been down for a while, and they were not lowered to look down.
    """

    end_t: float
    closed_s: float
    coarsest_s: float
    trusted: bool
    nod: bool


class ClosureTracker:
    """The closure that runs, if any, with what else than sleep may explain it."""

    __slots__ = (
        "_closedness_s",
        "_coarsest_s",
        "_explained_s",
        "_lowest_pitch",
        "_nod_deg",
        "_open_s",
        "_plain_s",
        "_settings",
        "_settled_pitch",
        "_settled_s",
        "_unknown_s",
        "closed_s",
        "counted_s",
        "looked_down",
        "lowered",
        "start_t",
    )

    def __init__(self, settings: ClosureSettings, signs: SignsSettings) -> None:
        self._settings = settings
        self._nod_deg = signs.nod_deg
        self._settled_s = signs.nod_after_s
        self.closed_s = 0.0
        """Known closed time of the closure that runs, 0 when none does."""
        self.counted_s = 0.0
        """The same as the ladder counts it: less where only one eye is known."""
        self.start_t = 0.0
        """When it began."""
        self.looked_down = False
        """The head went down with the lids of the closure that runs; whoever knows says so."""
        self.lowered = False
        """The lids of the closure that runs turned out to be lowered to look down; whoever knows says so."""
        self.reset()

    def reset(self) -> None:
        """Drop the closure that runs."""
        self.closed_s = self.counted_s = 0.0
        self._open_s = self._unknown_s = self._closedness_s = self._coarsest_s = self._plain_s = 0.0
        self.looked_down = self.lowered = False
        self._explained_s: dict[str, float] = {}
        self._settled_pitch: float | None = None
        self._lowest_pitch = 0.0

    def add(self, span: Span) -> Closure | None:
        """Take a span; gives the closure that is over by it."""
        eyes = span.reading.eyes
        if eyes is Eyes.CLOSED:
            self._closed(span)
        elif self.closed_s:
            if eyes is Eyes.OPEN:
                return self._opened(span)
            self._unknown_s += span.seconds
            if self._unknown_s > self._settings.bridge_s:
                self.reset()
        return None

    def _closed(self, span: Span) -> None:
        seconds, reading = span.seconds, span.reading
        if self.closed_s == 0.0:
            self.reset()
            self.start_t = span.end_t - seconds
        self._open_s = self._unknown_s = 0.0
        self.closed_s += seconds
        self.counted_s += seconds * reading.weight
        self._closedness_s += reading.closedness * seconds
        self._coarsest_s = max(self._coarsest_s, span.interval_s)
        if not reading.explanations:
            self._plain_s += seconds * reading.weight
        for explanation in reading.explanations:
            self._explained_s[explanation] = self._explained_s.get(explanation, 0.0) + seconds
        if reading.pitch is not None and self.closed_s >= self._settled_s:
            if self._settled_pitch is None:
                self._settled_pitch = self._lowest_pitch = reading.pitch
            self._lowest_pitch = min(self._lowest_pitch, reading.pitch)

    def _opened(self, span: Span) -> Closure | None:
        self._open_s += span.seconds
        if span.interval_s > self._coarsest_s and self._open_s <= span.seconds:
            self._coarsest_s = span.interval_s
        if self._open_s < self._settings.reopen_s:
            return None
        ended = Closure(
            span.end_t - self._open_s,
            self.closed_s,
            self._coarsest_s,
            not self.half_shut() and not self._explanations_found(),
            self._nodded(),
        )
        self.reset()
        return ended

    def _nodded(self) -> bool:
        if self.lowered or self._settled_pitch is None:
            return False
        return self._settled_pitch - self._lowest_pitch >= self._nod_deg

    def half_shut(self) -> bool:
        """Whether the eyes of the closure that runs are, on average, not quite shut."""
        return self._closedness_s < self._settings.half_shut * self.closed_s

    def explanation(self) -> str | None:
        """What else than sleep explains at least half of the closure that runs, None when nothing does."""
        return ",".join(self._explanations_found()) or None

    def _explanations_found(self) -> list[str]:
        explained = self._explained_s
        if YAWNING in explained and MOUTH_WIDE in explained:
            # one mouth is wide all the time, whatever its face is read as
            explained = dict(explained)
            shorter, longer = sorted((MOUTH_WIDE, YAWNING), key=explained.__getitem__)
            explained[longer] += explained.pop(shorter)
        found = [name for name, seconds in explained.items() if seconds >= HALF * self.closed_s]
        return [*found, LOOKING_DOWN] if self.looked_down else found

    def rung(self) -> int:
        """How far up the ladder the closure that runs has come: 0 nowhere, 1 microsleep, 2 asleep, 3 unresponsive.

        From ``asleep_s`` of counted time on no doubt helps.
        """
        limits = self._settings
        counted_s = self.counted_s + self._slack_s()
        if counted_s >= limits.asleep_s:
            return 2 if counted_s < limits.unresponsive_s else 3
        return 1 if self.closed_s + self._slack_s() >= limits.microsleep_s and not self._excused() else 0

    def _slack_s(self) -> float:
        """By how much the closure may have been longer than was seen once its end is: half an interval, if small."""
        return EPSILON_S + (min(self._coarsest_s / 2, MOST_SLACK_S) if self._open_s else 0.0)

    def _excused(self) -> bool:
        """Whether a closure of the length of a microsleep need not be one.

        Each doubt excuses up to a length of its own and the longest counts: doubts do not multiply. Time that nothing
        explains counts by itself.
        """
        limits, slack_s, half_shut = self._settings, self._slack_s(), self.half_shut()
        if self._plain_s + slack_s >= limits.microsleep_s and not (self.looked_down or half_shut):
            return False
        closed_s, found = self.closed_s + slack_s, self._explanations_found()
        if LOOKING_AWAY in found:
            return closed_s < limits.asleep_s
        if half_shut and closed_s < limits.half_shut_microsleep_s:
            return True
        return closed_s < limits.excused_s if found else self.counted_s + slack_s < limits.microsleep_s
