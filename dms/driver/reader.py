"""Reads one observation: are the eyes open, and what surrounds them if not.

Takes observations, gives a ``Reading`` for each: what the time up to the next one is judged by.
"""

from collections.abc import Callable

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.cues import Cues
from dms.driver.eyes import EyeReader
from dms.driver.span import Reading
from dms.driver.state import Eyes, Looking
from dms.driver.visibility import obstacle
from dms.observation import Observation, View

_OPEN = {looking: Reading(Eyes.OPEN, looking=looking) for looking in (None, *Looking)}
_LOWERED = Reading(Eyes.OPEN, looking=Looking.DOWN, lowered=True)


class ObservationReader:
    """Reads eyes in the light of head, mouth and this driver's own open-eye level.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; the open-eye level is learned from here.
        cues: Head and mouth, already up to date with what is read.
    """

    __slots__ = ("_closure", "_cues", "_down", "_eyes", "_learner", "_settings")

    def __init__(self, settings: DriverSettings, learner: BaselineLearner, cues: Cues) -> None:
        self._settings = settings
        self._closure = settings.closure
        self._cues = cues
        self.begin(learner)

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives."""
        self._learner = learner
        self._down = False
        self._eyes = EyeReader(self._settings.eyes, learner.opening.value)

    def reset(self) -> None:
        """Start anew: what the eyes were does not hold any longer."""
        self._eyes.reset()

    def read(self, observation: Observation, laughing: Callable[[float], bool]) -> Reading:
        """What an observation says of the eyes, and what surrounds them.

        Args:
            observation: The observation.
            laughing: Says whether the face laughs at a time.
        """
        eyes, self._down, laughs = Eyes.UNKNOWN, False, laughing(observation.t)
        if laughs:
            self._cues.laughed_t = observation.t
        if observation.view is not View.CLEAR or not observation.face or observation.upright is False:
            self._eyes.reset()
        elif self._cues.turned_away(observation.pose):
            eyes = self._eyes.read_profile(observation.left_eye, observation.right_eye)
        else:
            eyes = self._eyes.read(observation.t, observation.left_eye, observation.right_eye)
        if eyes is Eyes.OPEN:
            self._cues.lids.up(observation.t)
            looking = self._cues.looking(observation)
            self._down = looking is Looking.DOWN
            return _OPEN[looking]
        if eyes is Eyes.UNKNOWN:
            return Reading(eyes, obstacle=obstacle(observation), in_view=observation.view is View.CLEAR)
        if self._cues.lids.look_down(observation):
            self._down = True
            return _LOWERED
        pose, closedness = observation.pose, self._eyes.closedness()
        explanations = self._cues.explain(observation, laughs)
        as_one = self._eyes.single or self._cues.shows_one_side(pose)
        return Reading(
            eyes,
            closedness,
            self._closure.one_eye_weight if as_one else 1.0,
            explanations,
            bool(explanations) or closedness < self._closure.half_shut,
            None if pose is None else pose.pitch,
        )

    def learn(self, span_s: float) -> None:
        """Let what was read last teach the open-eye level for the span that it speaks for; not eyes that look down."""
        raw, learner = self._eyes.raw, self._learner
        if raw is not None and not self._down and learner.learns_eyes and learner.add_eyes(raw, span_s):
            self._eyes.adapt(learner.opening.value)
