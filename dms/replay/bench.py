"""Measures this machine: what a frame costs, stage by stage.

Takes a source, gives milliseconds, frames per second and memory. The only place that reads clocks for their own sake.
"""

import resource
import time
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.config import Config
from dms.driver.monitor import DriverMonitor
from dms.frames import Frame
from dms.frames.camera import open_source
from dms.observation import Observation
from dms.perception.perception import Perception
from dms.road import Road
from dms.sink import Sink, Step

_CAMERA_FRAMES = 300


@dataclass(frozen=True, slots=True)
class Stage:
    """Cost of one stage, milliseconds a run."""

    runs: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What a drive costs on this machine.

    Attributes:
        source: What was played.
        frames: Frames seen.
        frame: The whole of perception, a frame.
        stages: By the name of the stage.
        fps: Frames per second that one core sustains, perception and judgement together.
        driver_steps_per_s: Observations per second that the driver room alone takes.
        rss_mb: Peak resident memory, MB (10^6 bytes).
    """

    source: str
    frames: int
    frame: Stage
    stages: dict[str, Stage]
    fps: float
    driver_steps_per_s: float
    rss_mb: float

    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def text(self) -> str:
        """As a table for people."""
        rows = [("stage", "runs", "median ms", "95 % ms")]
        named = {**self.stages, "whole frame": self.frame}
        rows += [(name, str(s.runs), f"{s.median_ms:.2f}", f"{s.p95_ms:.2f}") for name, s in named.items()]
        table = "\n".join(f"{a:<14}{b:>7}{c:>12}{d:>10}" for a, b, c, d in rows)
        return (
            f"{self.source}, {self.frames} frames\n{table}\n"
            f"{self.fps:.0f} frames/s, {self.driver_steps_per_s:,.0f} driver steps/s, {self.rss_mb:.0f} MB peak"
        )


class _Timed(Sink):
    """Sees frames and keeps what each took, and what was seen."""

    def __init__(self, perception: Perception) -> None:
        self._perception = perception
        self.stages: dict[str, list[float]] = {}
        self.whole: list[float] = []
        self.observations: list[Observation] = []

    def observe(self, frame: Frame) -> Observation:
        start = time.perf_counter()
        observation = self._perception.observe(frame)
        self.whole.append((time.perf_counter() - start) * 1000)
        return observation

    def step(self, step: Step) -> None:
        if step.observation is not None:
            self.observations.append(step.observation)
        for name, taken in self._perception.take_times().items():
            self.stages.setdefault(name, []).append(taken.total_ms)


def run_bench(config: Config, source: str) -> BenchResult:
    """Play a recording as fast as it goes.

    Args:
        config: Limits, rates and models.
        source: A camera, of which 300 frames are taken, a video or a folder of images.

    Raises:
        UserError: The source cannot be read.
        WorldError: The camera cannot be opened.
    """
    drive = open_source(config.camera.model_copy(update={"source": source}))
    perception = Perception(config.perception)
    perception.warm_up()
    timed = _Timed(perception)
    encoder = Encoder(config.vehicle.id, "bench", lambda t: Stamp(t, ClockQuality.UNSYNCHRONISED))
    road = Road(timed.observe, DriverMonitor(config.driver), encoder, [timed])
    for frame in islice(drive.frames(), _CAMERA_FRAMES if drive.live else None):
        road.step(frame)
    # once more alone: between two inferences it would be measured with a cold cache and a clock around each step
    monitor, whole, stages = DriverMonitor(config.driver), timed.whole, timed.stages
    start = time.perf_counter()
    for observation in timed.observations:
        monitor.step(observation)
    judging_s = time.perf_counter() - start
    return BenchResult(
        source=drive.name,
        frames=len(whole),
        frame=_stage(whole),
        stages={name: _stage(times) for name, times in stages.items()},
        fps=round(len(whole) / (sum(whole) / 1000 + judging_s), 1),
        driver_steps_per_s=round(len(whole) / judging_s),
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    )


def _stage(times_ms: list[float]) -> Stage:
    return Stage(len(times_ms), round(float(np.median(times_ms)), 3), round(float(np.percentile(times_ms, 95)), 3))
