"""The language of scenarios: a drive told as intervals, seen by cameras of different kinds.

    drive().awake(60).mark("nods off").closed(1.5).open(20)

tells what the driver really does; a ``Camera`` says when it looks, and ``ride`` puts what it sees into a monitor. What
must come of it is told with ``raised`` and ``ended`` against the marks, in true time.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from dms.config.driver import DriverSettings
from dms.driver import Baseline, DriverInput, DriverMonitor
from dms.driver.state import Alert, AngerLevel, DistractionLevel, DriverState, FatigueLevel, Judgement, Phase
from dms.observation import Box, Emotions, HeadPose, Observation, View, WideMouth

LIMITS = DriverSettings()
EMOTIONS_EVERY_S = 0.2
"""Perception reads the face at a lower rate than the eyes."""
NOISE = 0.03
"""Spread of every probability, as a model has it."""
BOX = Box(200.0, 120.0, 160.0, 200.0)
DROOPS_GONE = "droops gone"
"""A mark that every drive has: see ``Drive.droops_gone``."""
Level = FatigueLevel | AngerLevel | DistractionLevel


@dataclass(frozen=True)
class Look:
    """What the driver looks like; probabilities as the models would give them without noise."""

    left: float | None = 0.04
    right: float | None = 0.04
    yawn: float | None = 0.03
    pitch: float = 0.0
    yaw: float = 0.0
    anger: float = 0.03
    happiness: float = 0.05
    face: bool | None = True
    view: View = View.CLEAR
    upright: bool | None = None
    wide: WideMouth | None = None
    frown: float | None = None
    """As the emotions' anger where it is not given."""
    looking_down: float | None = None

    def emotions(self, noise: float) -> Emotions:
        anger = min(1.0, max(0.0, self.anger + noise))
        happiness = min(1.0 - anger, self.happiness)
        rest = 1.0 - anger - happiness
        return Emotions(0.7 * rest, happiness, 0.05 * rest, 0.1 * rest, anger, 0.05 * rest, 0.05 * rest, 0.05 * rest)


AWAKE = Look()
SHUT = Look(left=0.95, right=0.95)
UNSEEN = Look(left=None, right=None)
AWAY = Look(left=None, right=None, yawn=None)
ASKEW = Look(upright=False)
ABSENT = Look(left=None, right=None, yawn=None, face=False)


@dataclass
class Drive:
    """A drive as it really was; every method adds to its end and gives the drive back."""

    looks: list[tuple[float, Look]] = field(default_factory=list)
    inputs: list[tuple[float, DriverInput]] = field(default_factory=list)
    jumps: list[tuple[float, float]] = field(default_factory=list)
    marks: dict[str, float] = field(default_factory=dict)
    length_s: float = 0.0

    def show(self, seconds: float, look: Look) -> "Drive":
        """The driver looks like this for so long."""
        self.looks.append((self.length_s, look))
        self.length_s += seconds
        return self

    def open(self, seconds: float, **look: Any) -> "Drive":
        """Eyes open, without a blink."""
        return self.show(seconds, replace(AWAKE, **look))

    def closed(self, seconds: float, **look: Any) -> "Drive":
        return self.show(seconds, replace(SHUT, **look))

    def awake(self, seconds: float, blink: float = 0.15, every: float = 4.0, **look: Any) -> "Drive":
        """Eyes open with regular blinks; ends with open eyes."""
        end = self.length_s + seconds
        while end - self.length_s > every:
            self.open(every - blink, **look)
            self.closed(blink, **look)
        return self.open(end - self.length_s, **look)

    def unseen(self, seconds: float) -> "Drive":
        """The eyes cannot be seen: sunglasses."""
        return self.show(seconds, UNSEEN)

    def away(self, seconds: float) -> "Drive":
        """The face is turned away."""
        return self.show(seconds, AWAY)

    def gone(self, seconds: float) -> "Drive":
        """No face."""
        return self.show(seconds, ABSENT)

    def picture(self, seconds: float, view: View) -> "Drive":
        """A picture that cannot be judged."""
        return self.show(seconds, replace(ABSENT, face=None, view=view))

    def times(self, count: int, part: "Drive") -> "Drive":
        """A part, so many times over."""
        for _ in range(count):
            start = self.length_s
            self.looks += [(start + at, look) for at, look in part.looks]
            self.inputs += [(start + at, event) for at, event in part.inputs]
            self.length_s = start + part.length_s
        return self

    def hear(self, event: DriverInput) -> "Drive":
        """An input comes in now; its own time is set when the drive is ridden."""
        self.inputs.append((self.length_s, event))
        return self

    def jump(self, seconds: float) -> "Drive":
        """The camera's clock jumps."""
        self.jumps.append((self.length_s, seconds))
        return self

    def mark(self, name: str) -> "Drive":
        self.marks[name] = self.length_s
        return self

    def droops_gone(self) -> float:
        """When PERCLOS by the truth falls to its clear level for the last time."""
        limits = LIMITS.perclos
        ends = [start for start, _ in self.looks[1:]] + [self.length_s]
        droops = [
            (start, end)
            for (start, look), end in zip(self.looks, ends, strict=True)
            if look.left == SHUT.left and end - start >= limits.min_closure_s
        ]
        left_s = limits.clear * limits.window_s
        for start, end in reversed(droops):
            if end - start >= left_s:
                return end - left_s + limits.window_s
            left_s -= end - start
        return 0.0


def drive() -> Drive:
    return Drive()


@dataclass(frozen=True)
class Camera:
    """When a camera looks.

    Attributes:
        rate: Frames a second.
        jitter: Spread of each interval, share of it.
        missing: Share of the frames that never come.
    """

    rate: float
    jitter: float = 0.0
    missing: float = 0.0

    def __str__(self) -> str:
        kind = "jittered" if self.jitter else "missing" if self.missing else "steady"
        return f"{self.rate:g}fps-{kind}"

    def times(self, length_s: float) -> Iterator[float]:
        chance = random.Random(f"{self}")
        interval_s = 1.0 / self.rate
        # neither the drive nor its first change begins on a frame
        t = 0.37 * interval_s
        while t < length_s:
            if not (self.missing and chance.random() < self.missing):
                yield t + chance.uniform(-0.5, 0.5) * self.jitter * interval_s
            t += interval_s


STEADY = tuple(Camera(rate) for rate in (5, 10, 15, 30))
CAMERAS = (*STEADY, Camera(10, jitter=0.5), Camera(30, jitter=0.8), Camera(10, missing=0.1), Camera(30, missing=0.3))
MANY = 10_000
"""Frames from which a drive is slow."""


def cost(camera: Camera, length_s: float = 0.0) -> tuple[pytest.MarkDecorator, ...]:
    """Marks that make a drive slow for the cameras that cost most; of those at 30 frames a second one stays quick.

    Args:
        camera: Who sees the drive.
        length_s: How long it is.
    """
    best = camera.rate >= 30 and not camera.jitter
    return (pytest.mark.slow,) if best or camera.rate * length_s > MANY else ()


def seen_by(least_rate: float = 0.0) -> list[Any]:
    """Every camera that is quick enough, to parametrise a test with."""
    return [pytest.param(one, id=str(one), marks=cost(one)) for one in CAMERAS if one.rate >= least_rate]


@dataclass
class Ride:
    """What a monitor made of a drive: every judgement with its true time, in order."""

    judged: list[tuple[float, Judgement]]
    closing: tuple[Alert, ...]
    monitor: DriverMonitor

    def alerts(self) -> list[tuple[float, Alert]]:
        found = [(t, alert) for t, judgement in self.judged for alert in judgement.alerts]
        return found + [(self.judged[-1][0], alert) for alert in self.closing]

    def steps(self) -> list[tuple[float, Phase, Level]]:
        """Starts, rises and ends, without what only repeats."""
        found: list[tuple[float, Phase, Level]] = []
        levels: dict[str, Level] = {}
        for t, alert in self.alerts():
            if alert.phase is Phase.UPDATE and levels.get(alert.kind) == alert.level:
                continue
            levels[alert.kind] = alert.level
            found.append((t, alert.phase, alert.level))
        return found

    def states(self, since: float = 0.0, until: float = float("inf")) -> list[DriverState]:
        return [judgement.state for t, judgement in self.judged if since <= t < until]

    def gap(self, around: float) -> float:
        """Longest interval between two looks near a moment."""
        times = [t for t, _ in self.judged if around - 1.5 <= t <= around + 1.5]
        return max((b - a for a, b in pairwise(times)), default=0.0)


def seen(told: Drive, camera: Camera) -> Iterator[tuple[float, Observation | DriverInput]]:
    """What the camera sees and what is heard, with true times."""
    chance = random.Random(f"{camera} noise")
    inputs, jumps = list(told.inputs), list(told.jumps)
    position, offset, face_read = 0, 1000.0, -1.0
    looks = [*told.looks, (float("inf"), AWAKE)]
    for t in camera.times(told.length_s):
        while looks[position + 1][0] <= t:
            position += 1
        while jumps and jumps[0][0] <= t:
            offset += jumps.pop(0)[1]
        while inputs and inputs[0][0] <= t:
            yield t, replace(inputs.pop(0)[1], t=t + offset)
        look = looks[position][1]
        if not look.face:
            yield t, Observation(t + offset, look.view, look.face)
            continue
        noise = chance.uniform(-NOISE, NOISE)
        emotions = frown = None
        if t - face_read >= EMOTIONS_EVERY_S - 1e-6 and look.yawn is not None:
            face_read, emotions = t, look.emotions(noise)
            frown = emotions.anger if look.frown is None else look.frown + noise
        yield (
            t,
            Observation(
                t + offset,
                look.view,
                True,
                0.95,
                BOX,
                HeadPose(look.yaw, look.pitch, 0.0),
                None if look.left is None else look.left + noise,
                None if look.right is None else look.right - noise,
                look.yawn,
                emotions,
                wide_mouth=None if emotions is None else look.wide,
                looking_down=look.looking_down,
                upright=look.upright,
                frown=frown,
            ),
        )


def ride(told: Drive, camera: Camera, settings: DriverSettings = LIMITS, baseline: Baseline | None = None) -> Ride:
    """Put a drive as a camera sees it into a new monitor."""
    monitor = DriverMonitor(settings, baseline)
    judged = []
    for t, event in seen(told, camera):
        if isinstance(event, Observation):
            judged.append((t, monitor.step(event)))
        elif (heard := monitor.receive(event)) is not None:
            judged.append((t, heard))
    return Ride(judged, monitor.finish("end_of_drive"), monitor)


@dataclass(frozen=True)
class Step:
    """A step in the life of an alert that must come.

    Attributes:
        mark: It comes ``after_s`` seconds after this mark.
        slack_s: Allowed beyond one frame interval and 0.1 s.
        maybe: It need not come.
    """

    phase: Phase
    level: Level
    mark: str
    after_s: float
    slack_s: float = 0.0
    maybe: bool = False


starts = partial(Step, Phase.START)
rises = partial(Step, Phase.UPDATE)
ends = partial(Step, Phase.END)


def differences(told: Drive, ridden: Ride, expected: tuple[Step, ...]) -> list[str]:
    """What was raised and should not have been, or the other way round: within a frame interval and 0.1 s."""
    wrong = []
    steps = ridden.steps()
    for step in expected:
        mark_s = told.droops_gone() if step.mark == DROOPS_GONE else told.marks[step.mark]
        at = mark_s + step.after_s
        tolerance = ridden.gap(at) + 0.1 + step.slack_s
        if steps and steps[0][1:] == (step.phase, step.level) and abs(steps[0][0] - at) <= tolerance:
            steps.pop(0)
        elif not step.maybe:
            found = f"{steps[0][1]} {steps[0][2]} at {steps[0][0]:.2f} s" if steps else "nothing"
            wrong.append(f"wanted {step.phase} {step.level} at {at:.2f} ± {tolerance:.2f} s, got {found}")
            return wrong
    return [f"unwanted {phase} {level} at {t:.2f} s" for t, phase, level in steps]
