"""Looks through a camera for somebody who aims it: perception, scout and judge together.

Takes frames in order of time, gives an ``Aim`` and the newest picture with what was seen in it.
"""

from dataclasses import dataclass

from dms.aim.glimpse import Points, glimpse_of
from dms.aim.judge import AimJudge
from dms.aim.scout import Scout
from dms.aim.verdict import Aim
from dms.config import Config
from dms.frames import Frame, Image
from dms.observation import Box, Observation
from dms.perception.perception import Perception
from dms.perception.view import as_grey


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A picture as it was seen.

    Attributes:
        picture: (height, width, 3) BGR, uint8.
        box: Of the driver's face in it, pixels; None without one.
        points: (68, 2) of that face, pixels.
    """

    picture: Image
    box: Box | None
    points: Points | None


class Viewer:
    """Sees frames and judges the aim.

    Args:
        config: Models, limits, and how the picture is turned.

    Raises:
        UserError: A model cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._scout = Scout(config.perception)
        self._judge = AimJudge(config)

    @property
    def ready(self) -> bool:
        """Whether enough was seen for a verdict."""
        return self._judge.ready

    def take(self, frame: Frame, seen: Observation, points: Points | None) -> None:
        """Take the next frame.

        Args:
            frame: The picture.
            seen: What perception saw in it.
            points: (68, 2) of the face it follows, pixels; None without one.
        """
        scene = self._scout.look(as_grey(frame.image), frame.t)
        self._judge.update(glimpse_of(frame, seen, points if seen.box is not None else None), scene)

    def aim(self) -> Aim:
        """Return the aim over the last seconds.

        Raises:
            ValueError: No frame was taken.
        """
        return self._judge.aim()


class Lookout:
    """A viewer with a perception of its own, for a camera that no daemon watches.

    Args:
        config: Models, limits, and how the picture is turned.

    Raises:
        UserError: A model cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._perception = Perception(config.perception)
        self.viewer = Viewer(config)

    def observe(self, frame: Frame) -> Observation:
        """See the next frame."""
        seen = self._perception.observe(frame)
        self.viewer.take(frame, seen, self._perception.landmarks)
        return seen

    def sight(self, frame: Frame, seen: Observation) -> Sight:
        """Return the frame that was seen last, for people; before the next one is asked for."""
        return Sight(frame.picture, seen.box, self._perception.landmarks if seen.box is not None else None)
