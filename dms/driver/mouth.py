"""Tells a yawn from a word, a laugh and a shout: how long the mouth stays wide open, and what the face does meanwhile.

Takes yawn probabilities at whatever rate they come and what the face shows of a wide mouth, says whether the mouth is
wide open now and when that has become a yawn. A covered mouth is unknown and neither begins nor ends one.
"""

from dms.config.driver import ClosureSettings, SignsSettings

HOLD_S = 0.5
"""How long one reading speaks for the mouth: at the lowest rate, 3 a second, the next one may come a frame late."""


class MouthReader:
    """Follows the mouth.

    Args:
        settings: The limit on the probability.
        signs: How long a yawn lasts.
    """

    __slots__ = ("_counted", "_faces", "_likely", "_limit", "_open_s", "_t", "_wide", "_yawn_s", "_yawning")

    def __init__(self, settings: ClosureSettings, signs: SignsSettings) -> None:
        self._limit = settings.yawn_limit
        self._yawn_s = signs.yawn_s
        self._likely = signs.yawn_face
        self.reset()

    def reset(self) -> None:
        """Start anew."""
        self._t = float("-inf")
        self._wide = False
        self._shut()

    def _shut(self) -> None:
        """No opening is under way."""
        self._open_s = 0.0
        self._counted = False
        self._faces, self._yawning = 0, 0.0

    def read(self, t: float, yawn: float) -> bool:
        """Take a reading; a mouth that is not read or cannot be seen has none.

        Returns:
            Whether this has just become a yawn: the mouth has been wide open for the length of one, and the faces
            that were read meanwhile, if any, rather yawn than shout, laugh or talk. Once for each opening.
        """
        last_t, was_wide = self._t, self._wide
        self._t, self._wide = t, yawn >= self._limit
        if not (self._wide and was_wide and t - last_t <= HOLD_S):
            self._shut()
            return False
        self._open_s += t - last_t
        if self._counted or self._open_s < self._yawn_s or not self.yawns:
            return False
        self._counted = True
        return True

    def read_face(self, t: float, yawning: float) -> None:
        """Take how likely it is that a wide mouth yawns, by the whole face; after ``read`` of the same moment."""
        if self.wide(t):
            self._faces += 1
            self._yawning += yawning

    @property
    def yawns(self) -> bool:
        """Whether the faces that were read of this opening, if any, rather yawn than shout, laugh or talk."""
        return self._yawning >= self._likely * self._faces

    def wide(self, t: float) -> bool:
        """Whether the mouth is wide open at time ``t``, by the latest reading if it still holds."""
        return self._wide and t - self._t <= HOLD_S
