"""The driver at one moment, put together from what the judges know.

Takes what was judged, gives a ``DriverState`` with its condition by ``transitions.CONDITION``.
"""

from dms.config.driver import DriverSettings
from dms.driver.anger import AngerJudge
from dms.driver.baseline import BaselineLearner
from dms.driver.distraction import DistractionJudge
from dms.driver.fatigue import FatigueJudge
from dms.driver.state import DriverState, Eyes
from dms.driver.transitions import Facts, condition
from dms.driver.visibility import Visibility
from dms.observation import Observation, View


class Describer:
    """Describes the driver of whom these know.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline.
        fatigue: Judge of fatigue.
        anger: Judge of anger.
        distraction: Judge of where the driver looks.
        visibility: Whether the driver can be judged.
    """

    __slots__ = ("_anger", "_asleep_s", "_distraction", "_fatigue", "_learner", "_visibility")

    def __init__(
        self,
        settings: DriverSettings,
        learner: BaselineLearner,
        fatigue: FatigueJudge,
        anger: AngerJudge,
        distraction: DistractionJudge,
        visibility: Visibility,
    ) -> None:
        self._asleep_s = settings.closure.asleep_s
        self._learner = learner
        self._fatigue, self._anger, self._distraction = fatigue, anger, distraction
        self._visibility = visibility

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives."""
        self._learner = learner

    def describe(self, observation: Observation, eyes: Eyes) -> DriverState:
        """The driver as last judged.

        Args:
            observation: What was seen last.
            eyes: The eyes in it, as they are believed.
        """
        fatigue, anger, distraction, learner = self._fatigue, self._anger, self._distraction, self._learner
        closed_s, level, unseen = fatigue.closures.closed_s, fatigue.life.level, self._visibility.reason
        awake = self._visibility.enough() and closed_s < self._asleep_s
        return DriverState(
            observation.t,
            condition(Facts(unseen is not None, level is not None, awake)),
            unseen,
            observation.face if observation.view is View.CLEAR else None,
            eyes,
            closed_s if eyes is Eyes.CLOSED else 0.0 if eyes is Eyes.OPEN else None,
            fatigue.perclos,
            fatigue.known_share(),
            level,
            anger.life.level,
            anger.score,
            anger.emotions,
            (learner.opening.learned + learner.anger.learned) / 2,
            fatigue.held_back(observation.t),
            distraction.looking,
            distraction.off_road_s,
            distraction.life.level,
        )
