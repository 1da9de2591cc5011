"""What is normal for this driver: open-eye level, blink duration, resting anger.

Takes readings with the time they stand for, gives a ``Baseline``. Learns in the first minutes by quantiles, which a
few blinks, glances or outbursts cannot move, with priors and clamps, and then freezes: it never follows a driver
who tires. A ``Baseline`` is plain numbers, so that the service can keep it for each driver.
"""

from dataclasses import dataclass
from typing import Self

from dms.config.driver import BaselineSettings, DriverSettings
from dms.driver.smoothing import Histogram

OPEN_QUANTILE = 0.3
"""Below the median, so that even a driver who starts out drowsy shows the level of eyes that are open."""
ESTIMATE_EVERY = 1.0
"""Seconds of valid time, or blinks, between two estimates while learning."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One driver's normal, as plain numbers that can be stored.

    Attributes:
        open_level: Closed probability 0..1 that the eye model gives for this driver's open eyes.
        open_learned: Share 0..1 of it that was learned; 1 is final.
        blink_s: Usual duration of a blink in seconds.
        blink_learned: The same share for it.
        anger: Anger probability 0..1 of the resting face.
        anger_learned: The same share for it.
    """

    open_level: float
    open_learned: float
    blink_s: float
    blink_learned: float
    anger: float
    anger_learned: float

    @property
    def parts_learned(self) -> int:
        """How many of its parts are learned to the end, 0 to 3."""
        return sum(learned >= 1.0 for learned in (self.open_learned, self.blink_learned, self.anger_learned))

    @classmethod
    def unknown(cls, settings: BaselineSettings) -> Self:
        """The priors: a driver of whom nothing is known."""
        return cls(settings.open_prior, 0.0, settings.blink_prior_s, 0.0, settings.anger_prior, 0.0)


class _Level:
    """One quantity that is learned: the prior moves to a quantile while valid time passes, then stays."""

    __slots__ = ("_bounds", "_estimated_at", "_histogram", "_learn", "_prior", "_quantile", "learned", "value")

    def __init__(
        self, histogram: Histogram, learn: float, prior: float, bounds: tuple[float, float], *, quantile: float = 0.5
    ) -> None:
        self._histogram, self._learn, self._quantile = histogram, learn, quantile
        self._bounds = bounds
        self._prior = self.value = prior
        self.learned = 0.0
        self._estimated_at = 0.0

    def restore(self, value: float, learned: float) -> None:
        """Take over what was learned before, if it was learned to the end; half of a lesson is begun anew."""
        if learned >= 1.0:
            self.value, self.learned = self._clamped(value), 1.0

    def _clamped(self, value: float) -> float:
        low, high = self._bounds
        return min(max(value, low), high)

    def add(self, value: float, weight: float) -> bool:
        """Learn from a reading.

        Returns:
            Whether ``value`` changed.
        """
        histogram = self._histogram
        histogram.add(value, weight)
        if histogram.total < self._estimated_at + ESTIMATE_EVERY:
            return False
        self._estimated_at = histogram.total
        self.learned = min(1.0, histogram.total / self._learn)
        self.value = self._prior + self.learned * (self.estimate() - self._prior)
        return True

    @property
    def seen(self) -> float:
        """Weight of all readings."""
        return self._histogram.total

    def estimate(self) -> float:
        """What the readings alone say, within the clamp; there must have been some."""
        return self._clamped(self._histogram.quantile(self._quantile))


class BaselineLearner:
    """Learns a ``Baseline``.

    Args:
        settings: All limits of the driver room.
        known: What is already known about this driver; parts that were learned to the end are not learned again.
    """

    __slots__ = ("_settings", "_trial", "anger", "blink", "learns_eyes", "opening", "stranger")

    def __init__(self, settings: DriverSettings, known: Baseline | None) -> None:
        self._settings = settings.baseline
        self.stranger = False
        """What was known does not fit who drives, so that it is learned anew."""
        self._trial: _Level | None = None
        self._begin()
        if known is not None:
            self.opening.restore(known.open_level, known.open_learned)
            self.blink.restore(known.blink_s, known.blink_learned)
            self.anger.restore(known.anger, known.anger_learned)
            if self.opening.learned >= 1.0:
                self._trial = self._level_of_open_eyes()
        self.learns_eyes = True
        """Whether eyes that are seen still teach something."""

    def _begin(self) -> None:
        own = self._settings
        self.opening = self._level_of_open_eyes()
        self.blink = _Level(Histogram(0.0, 1.0, 50), own.blinks, own.blink_prior_s, (own.blink_min_s, own.blink_max_s))
        self.anger = _Level(Histogram(0.0, 1.0, 50), own.learn_s, own.anger_prior, (0.0, own.anger_max))

    def _level_of_open_eyes(self) -> _Level:
        own = self._settings
        return _Level(Histogram(0.0, 1.0, 50), own.learn_s, own.open_prior, (0.0, own.open_max), quantile=OPEN_QUANTILE)

    def add_eyes(self, closed: float, span_s: float) -> bool:
        """Learn from the eyes.

        Args:
            closed: Closed probability 0..1 of the more open eye.
            span_s: Seconds for which it speaks.

        Returns:
            Whether the open-eye level changed.
        """
        changed = (
            self._learn_eyes(closed, span_s) if self._trial is None else self._try_eyes(self._trial, closed, span_s)
        )
        self.learns_eyes = self._trial is not None or self.opening.learned < 1.0
        return changed

    def _learn_eyes(self, closed: float, span_s: float) -> bool:
        return self.opening.learned < 1.0 and self.opening.add(closed, span_s)

    def _try_eyes(self, trial: _Level, closed: float, span_s: float) -> bool:
        """Compare what is known with what is seen; if it is somebody else's, go on with that."""
        trial.add(closed, span_s)
        if trial.seen < self._settings.fit_s:
            return False
        self._trial = None
        if abs(trial.estimate() - self.opening.value) <= self._settings.fit_max:
            return False
        self.stranger = True
        self._begin()
        self.opening = trial
        return True

    def baseline(self) -> Baseline:
        """What is known by now."""
        return Baseline(
            self.opening.value,
            self.opening.learned,
            self.blink.value,
            self.blink.learned,
            self.anger.value,
            self.anger.learned,
        )
