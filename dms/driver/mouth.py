"""Tells a yawn from a word: how long the mouth stays wide open.

Takes yawn probabilities at whatever rate they come, says whether the mouth is wide open now and when that has become
a yawn. A covered mouth is unknown and neither begins nor ends one.
"""

from dms.config.driver import ClosureSettings, SignsSettings


class MouthReader:
    """Follows the mouth.

    Args:
        settings: The limit on the probability.
        signs: How long a yawn lasts.
        hold_s: How long one reading speaks for the mouth, in seconds.
    """

    __slots__ = ("_hold_s", "_limit", "_open_s", "_t", "_wide", "_yawn_s")

    def __init__(self, settings: ClosureSettings, signs: SignsSettings, hold_s: float) -> None:
        self._limit = settings.yawn_limit
        self._yawn_s = signs.yawn_s
        self._hold_s = hold_s
        self.reset()

    def reset(self) -> None:
        """Start anew."""
        self._t = float("-inf")
        self._wide = False
        self._open_s = 0.0

    def read(self, t: float, yawn: float) -> bool:
        """Take a reading; a mouth that is not read or cannot be seen has none.

        Returns:
            Whether the mouth has just been wide open for the length of a yawn.
        """
        last_t, was_wide = self._t, self._wide
        self._t, self._wide = t, yawn >= self._limit
        if not (self._wide and was_wide and t - last_t <= self._hold_s):
            self._open_s = 0.0
            return False
        before_s = self._open_s
        self._open_s += t - last_t
        return before_s < self._yawn_s <= self._open_s

    def wide(self, t: float) -> bool:
        """Whether the mouth is wide open at time ``t``, by the latest reading if it still holds."""
        return self._wide and t - self._t <= self._hold_s
