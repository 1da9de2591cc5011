"""Judges anger: the mean anger of the face above this driver's resting face.

Takes emotions as they come, at whatever rate, gives smoothed emotions and alerts. Anger is a frown, or in a mouth wide
open, which distorts the face, a shout as opposed to a yawn or a laugh; where the net has not been asked about a wide
mouth, the reading counts as unknown. Where no frown was read, the anger of the emotions counts. Before the resting face
is learned, a prior stands for it. What is found leads from level to level by ``transitions.ANGER``.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.cues import Cues
from dms.driver.judge import Judge
from dms.driver.lifecycle import AlertLife
from dms.driver.smoothing import EPSILON_S, DecayingMean
from dms.driver.state import Alert, AlertKind, AngerLevel, Evidence, Eyes
from dms.driver.transitions import ANGER, AngerEvent
from dms.observation import Emotions, Observation

_CLASSES = tuple(field.name for field in fields(Emotions))
_VALUES: Callable[[Emotions], tuple[float, ...]] = attrgetter(*_CLASSES)
_ANGER = _CLASSES.index("anger")


class AngerJudge(Judge[AngerLevel, AngerEvent]):
    """Anger over one drive.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; the resting face is learned from here.
        cues: Head and mouth.
    """

    def __init__(self, settings: DriverSettings, learner: BaselineLearner, cues: Cues) -> None:
        super().__init__(AlertLife(AlertKind.ANGER, ANGER, settings.life.repeat_s))
        self._limits = settings.anger
        self._life_limits = settings.life
        self._laugh_limit = settings.closure.laugh_limit
        self._learner = learner
        self._mouth = cues.mouth
        self._mean = DecayingMean(settings.anger.average_s, len(_CLASSES))
        self.reset()

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives: forget everything and rest on another baseline."""
        self._learner = learner
        super().begin(learner)

    def reset(self) -> None:
        """Begin all measures anew; an open alert stays open."""
        self._mean.clear()
        self._sample: tuple[float, ...] | None = None
        self._happiness = 0.0
        self._sample_t = self._face_t = float("-inf")
        self._mark_t: float | None = None
        self.score: float | None = None
        """Mean anger 0..1 above the resting face, None unknown."""
        self.emotions: Emotions | None = None
        """Smoothed emotions, None unknown."""
        limits = self._limits
        self._above = {
            AngerLevel.IRRITATED: TimeAbove(limits.irritated, limits.clear),
            AngerLevel.ANGRY: TimeAbove(limits.angry, limits.irritated),
        }
        self._below_s = 0.0
        self._unknown_s = 0.0

    def laughing(self, t: float) -> bool:
        """Whether the latest reading of the face, if it still holds, laughs."""
        return self._happiness >= self._laugh_limit and t - self._face_t <= self._limits.hold_s

    def judge(self, observation: Observation, eyes: Eyes, speed_kmh: float | None) -> list[Alert]:
        """Take an observation's emotions, mostly None as the face is read at a lower rate, and decide."""
        return self._follow(observation) or self._repeat(observation.t)

    def _follow(self, observation: Observation) -> list[Alert]:
        t, emotions, wide_mouth = observation.t, observation.emotions, observation.wide_mouth
        if self._mark_t is None:
            self._mark_t = t
        if emotions is not None:
            if not self._mouth.wide(t):
                return self._read(t, emotions, observation.frown, teaches=True)
            if wide_mouth is not None:
                return self._read(t, emotions, wide_mouth.shout, teaches=False)
        if t - self._sample_t > self._limits.hold_s and t - self._mark_t > self._limits.hold_s:
            # the last reading has had its time; from here on nothing is known
            return self._pass(t, None)
        return []

    def _read(self, t: float, emotions: Emotions, anger: float | None, *, teaches: bool) -> list[Alert]:
        """``anger`` stands for that of the emotions, None leaves it to them; ``teaches`` the resting face."""
        sample = _VALUES(emotions) if anger is None else _with_anger(emotions, anger)
        # a value that differs from itself is not a number, and so is the sum of values with one
        total = sum(sample)
        if total != total:  # noqa: PLR0124
            return []
        if teaches:
            self._happiness, self._face_t = emotions.happiness, t
        return self._pass(t, sample, teaches=teaches)

    def _pass(self, t: float, sample: tuple[float, ...] | None, *, teaches: bool = False) -> list[Alert]:
        """Time has passed up to ``t``, where the face shows this; ``teaches`` the resting face if it is as it rests."""
        assert self._mark_t is not None
        before, span_s = self._sample, t - self._mark_t
        hold_s = self._limits.hold_s
        self._mark_t = t
        known_s = 0.0
        if before is not None and sample is not None and span_s <= hold_s:
            known_s = span_s
            self._mean.add(span_s, before, sample)
        else:
            if before is not None:
                known_s = min(span_s, hold_s / 2)
                self._mean.add(known_s, before, before)
            after_s = 0.0 if sample is None else min(span_s - known_s, hold_s / 2)
            self._mean.skip(span_s - known_s - after_s)
            if sample is not None:
                self._mean.add(after_s, sample, sample)
            known_s += after_s
        self._sample = sample
        if sample is not None:
            self._sample_t = t
            if teaches and self._learner.anger.learned < 1.0 and known_s > 0.0:
                self._learner.anger.add(sample[_ANGER], known_s)
        return self._weigh(t, span_s)

    def _weigh(self, t: float, span_s: float) -> list[Alert]:
        before = self.score
        means = self._mean.means() if self._mean.valid_share >= self._limits.min_valid_share else None
        if means is None:
            self.emotions = self.score = None
        else:
            self.emotions = Emotions(*means)
            rest = self._learner.anger
            self.score = min(1.0, max(0.0, (means[_ANGER] - rest.value) / (1.0 - rest.value)))
        if self.score is None:
            self._unknown_s += span_s
            return self._lost(t) if self._unknown_s >= self._life_limits.lost_s else []
        self._unknown_s = 0.0
        return self._decide(t, span_s, self.score if before is None else before, self.score)

    def _lost(self, t: float) -> list[Alert]:
        """Nothing has been known for so long that what was is over."""
        alerts = self._take(AngerEvent.LOST, t, t, "lost")
        for above in self._above.values():
            above.forget()
        return alerts

    def _decide(self, t: float, span_s: float, before: float, score: float) -> list[Alert]:
        limits = self._limits
        self._below_s = self._below_s + span_s if score < limits.clear else 0.0
        for above in self._above.values():
            above.add(t, span_s, before, score)
        angry, irritated = self._above[AngerLevel.ANGRY], self._above[AngerLevel.IRRITATED]
        if angry.seconds + EPSILON_S >= limits.angry_s and self._may_take(t, AngerEvent.ANGRY):
            return self._take(AngerEvent.ANGRY, angry.since_t, t, "anger")
        if irritated.seconds + EPSILON_S >= limits.irritated_s and self._may_take(t, AngerEvent.IRRITATED):
            return self._take(AngerEvent.IRRITATED, irritated.since_t, t, "anger")
        clear_s = limits.clear_s * (2 if self.life.level is AngerLevel.ANGRY else 1)
        if self._below_s + EPSILON_S >= clear_s and self.life.leads(AngerEvent.RECOVERED):
            return self._take(AngerEvent.RECOVERED, t, t, "recovered")
        return []

    def _may_take(self, t: float, event: AngerEvent) -> bool:
        """Whether an event leads to a level that may be raised now."""
        if not self.life.leads(event):
            return False
        level = self.life.target(event)
        return level is None or not self.life.cooling(t, level, self._life_limits.anger_cooldown_s)

    def evidence(self, t: float, cause: str) -> Evidence:
        """The numbers behind a step of an alert; ``cause`` says what made it."""
        emotions, score = self.emotions, self.score
        return {
            "cause": cause,
            "anger_score": None if score is None else round(score, 4),
            "anger": None if emotions is None else round(emotions.anger, 4),
            "resting_anger": round(self._learner.anger.value, 4),
            "irritated_s": round(self._above[AngerLevel.IRRITATED].seconds, 3),
            "angry_s": round(self._above[AngerLevel.ANGRY].seconds, 3),
            "valid_share": round(self._mean.valid_share, 4),
        }


class TimeAbove:
    """How long the mean has been at or above a limit: below it time stands still, below a lower one it is forgotten.

    Args:
        limit: From which it counts.
        least: Below which it begins anew.
    """

    __slots__ = ("_least", "_limit", "seconds", "since_t")

    def __init__(self, limit: float, least: float) -> None:
        self._limit, self._least = limit, least
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.seconds = 0.0
        self.since_t = 0.0
        """When it began to count, if ``seconds`` is not 0."""

    def add(self, t: float, span_s: float, before: float, score: float) -> None:
        """Take the mean at ``t``, after a span in which it went from one score to another."""
        if score < self._least:
            self.forget()
            return
        above_s = span_s * self._share_above(before, score)
        if self.seconds == 0.0:
            self.since_t = t - (above_s if score >= before else span_s)
        self.seconds += above_s

    def _share_above(self, before: float, score: float) -> float:
        """Share of a span in which a line from one score to another is at or above the limit."""
        if before >= self._limit <= score:
            return 1.0
        highest = max(before, score)
        return (highest - self._limit) / abs(score - before) if highest >= self._limit else 0.0


def _with_anger(emotions: Emotions, anger: float) -> tuple[float, ...]:
    """The emotions with another anger; the others share what is left."""
    values = _VALUES(emotions)
    others = sum(values) - emotions.anger
    left = (1.0 - anger) / others if others > 0.0 else 0.0
    sample = [value * left for value in values]
    sample[_ANGER] = anger
    return tuple(sample)
