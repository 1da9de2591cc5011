"""What the judges of fatigue, anger and distraction have in common: one kind of alert, led by a table of transitions.

Takes what a judge finds, gives the steps of its alert.
"""

from abc import ABC, abstractmethod
from typing import Generic

from dms.driver.baseline import BaselineLearner
from dms.driver.lifecycle import AlertLife
from dms.driver.state import Alert, Evidence, Eyes
from dms.driver.transitions import E, L
from dms.observation import Observation


class Judge(ABC, Generic[L, E]):
    """One kind of alert over one drive. A judge of eyes also has an ``add`` that takes every span.

    Args:
        life: The alert of its kind.
    """

    def __init__(self, life: AlertLife[L, E]) -> None:
        self.life = life

    @abstractmethod
    def reset(self) -> None:
        """Begin all measures anew; an open alert stays open."""

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives: forget everything and rest on another baseline."""
        self.life.forget()
        self.reset()

    @abstractmethod
    def judge(self, observation: Observation, eyes: Eyes, speed_kmh: float | None) -> list[Alert]:
        """Decide on what has been put in up to an observation.

        Args:
            observation: The observation.
            eyes: The eyes in it, as they are believed.
            speed_kmh: The vehicle's speed, None when it is absent.
        """

    @abstractmethod
    def evidence(self, t: float, cause: str) -> Evidence:
        """The numbers behind a step of the alert at time ``t``; ``cause`` says what made it."""

    def end(self, t: float, cause: str) -> list[Alert]:
        """End the open alert, if there is one."""
        return self._steps(self.life.end(t, self.evidence(t, cause)))

    def acknowledge(self, t: float, episode: int | None) -> list[Alert]:
        """Somebody has taken note of the open alert, if it is this one."""
        return self._steps(self.life.acknowledge(t, episode, self.evidence(t, "acknowledged")))

    def _take(self, event: E, started_t: float, t: float, cause: str) -> list[Alert]:
        """Go where an event leads that was found at time ``t`` and began at ``started_t``; mostly nowhere."""
        if not self.life.leads(event):
            return []
        target = self.life.target(event)
        if target is None:
            return self.end(t, cause)
        return [self.life.raise_to(target, started_t, t, self.evidence(t, cause))]

    def _repeat(self, t: float) -> list[Alert]:
        """Nothing has happened: tell of an alert that has been open for long."""
        return [self.life.repeat(t, self.evidence(t, "repeat"))] if self.life.due(t) else []

    @staticmethod
    def _steps(alert: Alert | None) -> list[Alert]:
        return [] if alert is None else [alert]
