"""Measures the driver room alone: how many observations a second it judges.

Takes limits, gives numbers; the drive is made: an awake driver who blinks every four seconds.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from dms.config import DriverSettings
from dms.driver.monitor import DriverMonitor
from dms.observation import Box, Emotions, HeadPose, Observation, View

_CALM = Emotions(0.85, 0.04, 0.03, 0.02, 0.03, 0.01, 0.01, 0.01)
_RATES = (5, 10, 15, 30)
_STEPS = 50_000


@dataclass(frozen=True, slots=True)
class DriverBench:
    """What the driver room manages on this machine.

    Attributes:
        steps_per_s: Observations per second of processor time, by the frame rate of the drive in frames per second.
    """

    steps_per_s: dict[int, int]

    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"steps_per_s": {str(rate): steps for rate, steps in self.steps_per_s.items()}}

    def text(self) -> str:
        """Return a line for each rate."""
        return "\n".join(
            f"{rate:>3} fps: {steps:>9,} observations a second of one core" for rate, steps in self.steps_per_s.items()
        )


def bench_driver(settings: DriverSettings) -> DriverBench:
    """Judge made drives as fast as it goes."""
    return DriverBench({rate: _measure(settings, rate) for rate in _RATES})


def _measure(settings: DriverSettings, rate: int) -> int:
    observations = list(awake_drive(_STEPS / rate, rate))
    monitor = DriverMonitor(settings)
    start_s = time.process_time()
    for observation in observations:
        monitor.step(observation)
    return round(len(observations) / (time.process_time() - start_s))


def awake_drive(seconds: float, rate: float, start_s: float = 0.0) -> Iterator[Observation]:
    """An awake driver who blinks every four seconds and looks away every minute; five readings of the face a second."""
    box, pose = Box(200.0, 100.0, 150.0, 190.0), HeadPose(2.0, -3.0, 0.0)
    emotion_every = max(1, round(rate / 5))
    for frame in range(int(seconds * rate)):
        t = start_s + frame / rate
        away = t % 60 < 2
        closed = None if away else 0.95 if t % 4 < 0.2 else 0.04
        emotions = _CALM if frame % emotion_every == 0 and not away else None
        yield Observation(t, View.CLEAR, True, 0.95, box, pose, closed, closed, 0.04, emotions)
