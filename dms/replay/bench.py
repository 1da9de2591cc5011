"""Measures this machine: what a frame costs, stage by stage, and what of it is the nets themselves.

Takes a source, gives milliseconds, frames per second, memory, and ratios of processor time, which mean the same on a
busy machine. The only place that reads clocks for their own sake.
"""

import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import cv2
import numpy as np

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.config import Config, PerceptionSettings
from dms.driver.monitor import DriverMonitor
from dms.frames import Frame
from dms.frames.camera import open_source
from dms.models import ModelFile
from dms.observation import Observation
from dms.perception.engine import bare_run
from dms.perception.perception import Perception
from dms.road import Road
from dms.sink import Sink, Step

_CAMERA_FRAMES = 300
_ALONE = 60
"""Runs of each net alone, of which the median counts."""
_RUNS_OF_A_STAGE = {"eyes": 2, "lids": 2}
"""How often a stage runs its net, where it does not run it once: for each eye of a face."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Cost of one stage, milliseconds a run."""

    runs: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Ratios:
    """Processor time over processor time, both measured in the same run.

    Attributes:
        frame_over_nets: The whole of perception over bare invocations of its nets: those of landmarks, eyes, lids,
            mouth and emotion as often as their stages ran, nothing given to them and nothing taken. None without a
            face.
        replay_over_decoding: A whole ``dms replay`` in this process, files and all, over OpenCV that only decodes the
            same file, with all threads. None for cameras and folders of images.
    """

    frame_over_nets: float | None
    replay_over_decoding: float | None

    def rows(self) -> list[tuple[str, str]]:
        """Return what each is called, and its number."""
        named = (
            ("whole frame over its nets alone", self.frame_over_nets),
            ("replay over decoding alone", self.replay_over_decoding),
        )
        return [(name, "-" if ratio is None else f"{ratio:.2f}") for name, ratio in named]


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What a drive costs on this machine.

    Attributes:
        source: What was played.
        frames: Frames seen.
        frame: The whole of perception, a frame.
        stages: By the name of the stage.
        ratios: What means the same on other machines.
        fps: Frames per second that one core sustains, perception and judgement together.
        driver_steps_per_s: Observations per second that the driver room alone takes.
        rss_mb: Peak resident memory before the replay, MB (10^6 bytes).
    """

    source: str
    frames: int
    frame: Stage
    stages: dict[str, Stage]
    ratios: Ratios
    fps: float
    driver_steps_per_s: float
    rss_mb: float

    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def text(self) -> str:
        """Return everything as a table for people."""
        rows = [("stage", "runs", "median ms", "95 % ms")]
        named = {**self.stages, "whole frame": self.frame}
        rows += [(name, str(s.runs), f"{s.median_ms:.2f}", f"{s.p95_ms:.2f}") for name, s in named.items()]
        table = "\n".join(f"{a:<14}{b:>7}{c:>12}{d:>10}" for a, b, c, d in rows)
        ratios = "\n".join(f"{name:<33}{number:>10}" for name, number in self.ratios.rows())
        return (
            f"{self.source}, {self.frames} frames\n{table}\n{ratios}\n"
            f"{self.fps:.0f} frames/s, {self.driver_steps_per_s:,.0f} driver steps/s, {self.rss_mb:.0f} MB peak"
        )


class _Timed(Sink):
    """Sees frames and keeps what each took, and what was seen."""

    def __init__(self, perception: Perception) -> None:
        self._perception = perception
        self.stages: dict[str, list[float]] = {}
        self.runs: Counter[str] = Counter()
        self.whole: list[float] = []
        self.cpu_s = 0.0
        self.observations: list[Observation] = []

    def observe(self, frame: Frame) -> Observation:
        start, cpu_start = time.perf_counter(), time.thread_time()
        observation = self._perception.observe(frame)
        self.cpu_s += time.thread_time() - cpu_start
        self.whole.append((time.perf_counter() - start) * 1000)
        return observation

    def step(self, step: Step) -> None:
        if step.observation is not None:
            self.observations.append(step.observation)
        for name, taken in self._perception.take_times().items():
            self.stages.setdefault(name, []).append(taken.total_ms)
            self.runs[name] += taken.runs


def run_bench(config: Config, source: str) -> BenchResult:
    """Play a recording as fast as it goes, three times: stage by stage, as ``dms replay`` does, and decoding it alone.

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
    rss_mb = _peak_mb()
    nets_s = _nets_s(perception.models, timed.runs, config.perception)
    # last, since a replay holds what no vehicle does: tables, and what reads any recording
    over_decoding = _replay_over_decoding(config, Path(source)) if Path(source).is_file() else None
    return BenchResult(
        source=drive.name,
        frames=len(whole),
        frame=_stage(whole),
        stages={name: _stage(times) for name, times in stages.items()},
        ratios=Ratios(round(timed.cpu_s / nets_s, 3) if nets_s > 0 else None, over_decoding),
        fps=round(len(whole) / (sum(whole) / 1000 + judging_s), 1),
        driver_steps_per_s=round(len(whole) / judging_s),
        rss_mb=rss_mb,
    )


def _nets_s(models: Mapping[str, ModelFile], stage_runs: Mapping[str, int], settings: PerceptionSettings) -> float:
    """Processor seconds of the nets alone, run as often as their stages did; 0 where no face was followed."""
    if not stage_runs.get("landmarks"):
        return 0.0
    nets = {
        name: bare_run(models[name].path, settings.threads, settings.runtime) for name in stage_runs if name in models
    }
    taken_s: dict[str, list[float]] = {name: [] for name in nets}
    for _ in range(_ALONE):
        # in turn, as in a frame: one net on end would find all of itself in the cache
        for name, (invoke, _) in nets.items():
            start = time.thread_time()
            invoke()
            taken_s[name].append(time.thread_time() - start)
    return sum(
        median(taken_s[name]) * _RUNS_OF_A_STAGE.get(name, 1) * stage_runs[name] / pictures
        for name, (_, pictures) in nets.items()
    )


def _replay_over_decoding(config: Config, video: Path) -> float:
    from dms.replay.replay import replay_drives  # noqa: PLC0415  # its memory is not that of the measurement

    with tempfile.TemporaryDirectory(prefix="dms-bench-") as out:
        start = time.process_time()
        replay_drives([video], config, Path(out))
        replay_s = time.process_time() - start
    start = time.process_time()
    # OpenCV alone, so that a faster reader of ours does not look like a slower replay
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG)
    while capture.read()[0]:
        pass
    capture.release()
    return round(replay_s / (time.process_time() - start), 3)


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


def _stage(times_ms: list[float]) -> Stage:
    return Stage(len(times_ms), round(float(np.median(times_ms)), 3), round(float(np.percentile(times_ms, 95)), 3))
