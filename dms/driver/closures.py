"""Follows one closure of the eyes from its first moment to its last.

Takes spans of closed, open and unknown time in order, gives the closure that runs and each one that has ended. Only
known closed time counts. A closure survives a glimpse of open eyes and a while of unknown ones: the first is a misread
frame, the second a head that turns or sinks.
"""

from dataclasses import dataclass

from dms.config.driver import ClosureSettings, SignsSettings
from dms.driver.smoothing import EPSILON_S

HALF = 0.5
"""An explanation counts when it holds for at least half of a closure."""
LOOKING_AWAY = "looking_away"
"""The head is turned down or aside: what explains a closure for longest."""
LOOKING_DOWN = "looking_down"
"""The head went down just when the lids fell."""
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
        nod: The head sank after the lids had been down for a while.
    """

    end_t: float
    closed_s: float
    coarsest_s: float
    trusted: bool
    nod: bool


class ClosureTracker:
    """The closure that runs, if any, with what else than sleep may explain it."""

    __slots__ = (
        "_closedness",
        "_closedness_s",
        "_coarsest_s",
        "_explained_s",
        "_explanations",
        "_lowest_pitch",
        "_nod_deg",
        "_open_s",
        "_pitch",
        "_plain_s",
        "_settings",
        "_settled_pitch",
        "_settled_s",
        "_unknown_s",
        "_weight",
        "closed_s",
        "counted_s",
        "looked_down",
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
        self.see(0.0, 1.0, (), None)
        self.forget()

    def forget(self) -> None:
        """Drop the closure that runs."""
        self.closed_s = self.counted_s = 0.0
        self._open_s = self._unknown_s = self._closedness_s = self._coarsest_s = self._plain_s = 0.0
        self.looked_down = False
        self._explained_s: dict[str, float] = {}
        self._settled_pitch: float | None = None
        self._lowest_pitch = 0.0

    def see(self, closedness: float, weight: float, explanations: tuple[str, ...], pitch: float | None) -> None:
        """Note what surrounds closed eyes; it holds for the closed spans that follow.

        Args:
            closedness: How far they are shut, 0..1.
            weight: How much of their time counts, 0..1.
            explanations: What else than sleep may have shut them at this moment.
            pitch: Pitch of the head in degrees, None unknown.
        """
        self._closedness, self._weight, self._explanations, self._pitch = closedness, weight, explanations, pitch

    def closed(self, t: float, span_s: float, interval_s: float) -> None:
        """The eyes were closed for a span.

        Args:
            t: End of the span.
            span_s: Its length, above 0.
            interval_s: Time between the two observations it lies between.
        """
        if self.closed_s == 0.0:
            self.forget()
            self.start_t = t - span_s
        self._open_s = self._unknown_s = 0.0
        self.closed_s += span_s
        self.counted_s += span_s * self._weight
        if not self._explanations:
            self._plain_s += span_s * self._weight
        self._closedness_s += self._closedness * span_s
        self._coarsest_s = max(self._coarsest_s, interval_s)
        for explanation in self._explanations:
            self._explained_s[explanation] = self._explained_s.get(explanation, 0.0) + span_s
        if self._pitch is not None and self.closed_s >= self._settled_s:
            if self._settled_pitch is None:
                self._settled_pitch = self._lowest_pitch = self._pitch
            self._lowest_pitch = min(self._lowest_pitch, self._pitch)

    def opened(self, t: float, span_s: float, interval_s: float) -> Closure | None:
        """The eyes were open for a span while a closure runs; gives the closure when it is over by that."""
        self._open_s += span_s
        if interval_s > self._coarsest_s and self._open_s <= span_s:
            self._coarsest_s = interval_s
        if self._open_s < self._settings.reopen_s:
            return None
        ended = Closure(
            t - self._open_s,
            self.closed_s,
            self._coarsest_s,
            not self.half_shut() and not self._explanations_found(),
            self._settled_pitch is not None and self._settled_pitch - self._lowest_pitch >= self._nod_deg,
        )
        self.forget()
        return ended

    def unknown(self, span_s: float) -> None:
        """Nothing was known of the eyes for a span while a closure runs."""
        self._unknown_s += span_s
        if self._unknown_s > self._settings.bridge_s:
            self.forget()

    def half_shut(self) -> bool:
        """Whether the eyes of the closure that runs are, on average, not quite shut."""
        return self._closedness_s < self._settings.half_shut * self.closed_s

    def explanation(self) -> str | None:
        """What else than sleep explains at least half of the closure that runs, None when nothing does."""
        return ",".join(self._explanations_found()) or None

    def _explanations_found(self) -> list[str]:
        found = [name for name, seconds in self._explained_s.items() if seconds >= HALF * self.closed_s]
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
