"""Two closed probabilities become one of open, closed, unknown.

Takes the probabilities of one observation, gives ``Eyes`` with how far they are shut above this driver's own
open-eye level. The driver's eyes are as open as the more open one; with one eye unknown the other speaks for both,
and a closure that rests on it is in doubt. Eyes that were shut together open together: of a closure that is no blink
any more, one eye that seems to open is believed as far as the other lets it. Between the two limits they stay what they
were for a moment only.
"""

from math import exp, log

from dms.config.driver import EyesSettings
from dms.driver.smoothing import EPSILON_S
from dms.driver.state import Eyes

LEAST_DOUBT = 0.02
"""No probability counts as surer than this beside another."""


class EyeReader:
    """Reads the eyes with hysteresis.

    Args:
        settings: The limits.
        open_level: Closed probability 0..1 of this driver's open eyes.
    """

    __slots__ = (
        "_closed_from",
        "_closed_t",
        "_eyes",
        "_open_level",
        "_open_to",
        "_settings",
        "_shut_t",
        "_sure_t",
        "raw",
        "single",
    )

    def __init__(self, settings: EyesSettings, open_level: float) -> None:
        self._settings = settings
        self._eyes = Eyes.UNKNOWN
        self._sure_t = self._closed_t = 0.0
        self._shut_t: float | None = None
        self.raw: float | None = None
        """Closed probability of both, mostly that of the more open known eye; None when no eye is known."""
        self.single = False
        """Whether only one eye is known."""
        self.adapt(open_level)

    def adapt(self, open_level: float) -> None:
        """Take over this driver's open-eye level (0..1)."""
        self._open_level = open_level
        self._closed_from = open_level + self._settings.closed_limit * (1.0 - open_level)
        self._open_to = open_level + self._settings.open_limit * (1.0 - open_level)

    def reset(self) -> None:
        """Start anew: what the eyes were does not hold any longer."""
        self._eyes = Eyes.UNKNOWN
        self._shut_t = None
        self.raw = None

    def read_profile(self, left: float | None, right: float | None) -> Eyes:
        """Read the eyes of a profile: only plainly open ones are believed, and only when both are; it teaches nothing.

        Args:
            left: Probability 0..1 that the left eye is closed, None unknown; not a number counts as unknown.
            right: The same for the right eye.
        """
        self.reset()
        if left is None or right is None:
            return Eyes.UNKNOWN
        limit = self._settings.profile_open_limit
        return Eyes.OPEN if left <= limit and right <= limit else Eyes.UNKNOWN

    def closedness(self) -> float:
        """How far the eyes are shut: 0 this driver's open eyes or wider, 1 shut; an eye must be known."""
        raw = self.raw
        assert raw is not None
        return max(0.0, (raw - self._open_level) / (1.0 - self._open_level))

    def read(self, t: float, left: float | None, right: float | None) -> Eyes:
        """Read one observation.

        Args:
            t: Its time in seconds, not before the one before.
            left: Probability 0..1 that the left eye is closed, None unknown; not a number counts as unknown.
            right: The same for the right eye.
        """
        # a value that differs from itself is not a number
        if left is None or left != left:  # noqa: PLR0124
            raw, self.single = right, True
        elif right is None or right != right:  # noqa: PLR0124
            raw, self.single = left, True
        else:
            raw, self.single = (left if left < right else right), False
            if self._shut_t is not None and self._closed_t - self._shut_t >= self._settings.together_s - EPSILON_S:
                raw = max(raw, together(left, right))
        if raw is None or raw != raw:  # noqa: PLR0124
            self.reset()
            return Eyes.UNKNOWN
        self.raw = raw
        if raw <= self._open_to:
            self._eyes = Eyes.OPEN
            self._sure_t = t
        elif raw >= self._closed_from:
            self._eyes = Eyes.CLOSED
            self._sure_t = t
        elif t - self._sure_t > self._settings.hold_s:
            self._eyes = Eyes.UNKNOWN
        self._follow(t)
        return self._eyes

    def _follow(self, t: float) -> None:
        """Take what the eyes are now: a glimpse of open ones does not end that they were shut together."""
        if self._eyes is Eyes.CLOSED and not self.single:
            self._shut_t = t if self._shut_t is None else self._shut_t
            self._closed_t = t
        elif self.single or self._eyes is Eyes.UNKNOWN or t - self._closed_t > self._settings.hold_s:
            self._shut_t = None


def together(left: float, right: float) -> float:
    """Closed probability 0..1 of two eyes that do the same: the mean of their log-odds; a sure one weighs more."""
    return 1.0 / (1.0 + exp(-(_log_odds(left) + _log_odds(right)) / 2))


def _log_odds(probability: float) -> float:
    sure = min(max(probability, LEAST_DOUBT), 1.0 - LEAST_DOUBT)
    return log(sure / (1.0 - sure))
