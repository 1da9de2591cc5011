"""The life of an alert: start, updates, acknowledgement, end; at most one open alert of a kind.

Takes what the judges decide, gives ``Alert`` steps. Within one alert the level never falls: no transition leads down.
"""

from typing import Generic

from dms.driver.state import Alert, AlertKind, AngerLevel, DistractionLevel, Evidence, FatigueLevel, Phase
from dms.driver.transitions import E, L, Transitions

RANK: dict[FatigueLevel | AngerLevel | DistractionLevel, int] = {
    **{level: rank for rank, level in enumerate(FatigueLevel)},
    **{level: rank for rank, level in enumerate(AngerLevel)},
    **{level: rank for rank, level in enumerate(DistractionLevel)},
}
"""Place of each level within its kind, the mildest 0."""


class AlertLife(Generic[L, E]):
    """The one alert of a kind that may be open.

    Args:
        kind: The kind.
        transitions: Which event leads from which level to which.
        repeat_s: An open alert that nobody acknowledged is told of this often.
    """

    __slots__ = (
        "_acknowledged",
        "_last_t",
        "_repeat_s",
        "_started_t",
        "_transitions",
        "ended_level",
        "ended_t",
        "episode",
        "kind",
        "level",
    )

    def __init__(self, kind: AlertKind, transitions: Transitions[L, E], repeat_s: float) -> None:
        self.kind = kind
        self._transitions = transitions
        self._repeat_s = repeat_s
        self.episode = 0
        """Number of the latest alert, from 1; 0 before the first."""
        self.level: L | None = None
        """Level of the open alert, None when there is none."""
        self.ended_t: float | None = None
        """When the latest alert ended."""
        self.ended_level: L | None = None
        self._started_t = 0.0
        self._last_t = 0.0
        self._acknowledged = False

    def shift(self, seconds: float) -> None:
        """The clock has jumped: move all remembered times along."""
        self._started_t += seconds
        self._last_t += seconds
        if self.ended_t is not None:
            self.ended_t += seconds

    def forget(self) -> None:
        """Somebody else drives: the alert that ended says nothing of them."""
        self.ended_t = self.ended_level = None

    def leads(self, event: E) -> bool:
        """Whether an event leads anywhere from the present level."""
        return event in self._transitions[self.level]

    def target(self, event: E) -> L | None:
        """The level to which an event leads that leads somewhere, None where it ends the alert."""
        return self._transitions[self.level][event]

    def cooling(self, t: float, level: L, cooldown_s: float) -> bool:
        """Whether an alert of this level may not start yet: one at least as bad ended a moment ago."""
        return (
            self.level is None
            and self.ended_t is not None
            and self.ended_level is not None
            and RANK[level] <= RANK[self.ended_level]
            and t - self.ended_t < cooldown_s
        )

    def raise_to(self, level: L, started_t: float, t: float, evidence: Evidence) -> Alert:
        """Start an alert, or update the open one: to a worse level, or with the same happening again."""
        if self.level is None:
            self.episode += 1
            self.level = level
            self._started_t = min(started_t, t)
            self._acknowledged = False
            return self._step(Phase.START, level, t, evidence)
        self.level = level
        self._acknowledged = False
        return self._step(Phase.UPDATE, level, t, evidence)

    def due(self, t: float) -> bool:
        """Whether the open alert should repeat itself."""
        return self.level is not None and not self._acknowledged and t - self._last_t >= self._repeat_s

    def repeat(self, t: float, evidence: Evidence) -> Alert:
        """Update the open alert with nothing new but its evidence."""
        assert self.level is not None
        return self._step(Phase.UPDATE, self.level, t, evidence)

    def acknowledge(self, t: float, episode: int | None, evidence: Evidence) -> Alert | None:
        """Stop repeating; gives the update that says so, None when there is nothing to acknowledge."""
        if self.level is None or self._acknowledged or episode not in (None, self.episode):
            return None
        self._acknowledged = True
        return self._step(Phase.UPDATE, self.level, t, evidence)

    def end(self, t: float, evidence: Evidence) -> Alert | None:
        """End the open alert, None when there is none."""
        if self.level is None:
            return None
        level = self.level
        self.level, self.ended_level, self.ended_t = None, level, t
        return self._step(Phase.END, level, t, evidence)

    def _step(self, phase: Phase, level: L, t: float, evidence: Evidence) -> Alert:
        self._last_t = t
        return Alert(self.kind, phase, level, self.episode, self._started_t, t, evidence)
