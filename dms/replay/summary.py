"""What a drive came to, in numbers.

Takes the steps of a drive, gives a ``Summary``.
"""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from dms.driver.state import AlertKind, Condition, DriverState
from dms.sink import Sink, Step

_SHORT_S = 1.0
"""Containers round their length; a second less is no cut."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a drive came to.

    Attributes:
        drive: The drive's name.
        duration_s: From the first to the last observation, seconds.
        missing_s: Seconds that the file promises beyond what could be decoded: a recording that was cut short.
        frames: Frames judged.
        face_share: Share 0..1 of frames with a face.
        eyes_share: Share 0..1 of frames with at least one known eye.
        alerts: Alerts by the level they reached, as ``{"fatigue/asleep": 1}``.
        conditions_s: Seconds in each condition.
        stage_ms: Mean milliseconds a run of each stage of perception took on this machine; empty for a trace.
        speed: How many times faster than real time this machine replayed the drive.
    """

    drive: str
    duration_s: float
    missing_s: float
    frames: int
    face_share: float
    eyes_share: float
    alerts: dict[str, int]
    conditions_s: dict[str, float]
    stage_ms: dict[str, float]
    speed: float

    def to_json(self) -> dict[str, Any]:
        """As plain data for ``summary.json``."""
        return asdict(self)

    def text(self) -> str:
        """In two lines for people."""
        alerts = ", ".join(f"{count} x {name}" for name, count in self.alerts.items()) or "no alerts"
        short = f", then {self.missing_s:.1f} s cannot be decoded: was the file cut short?" if self.missing_s else ""
        return (
            f"{self.drive}: {alerts} in {self.duration_s:.1f} s{short}\n"
            f"  face in {self.face_share:.0%} of {self.frames} frames, eyes known in {self.eyes_share:.0%}, "
            f"replayed at {self.speed:.1f} times real time"
        )


class Tally(Sink):
    """Counts while a drive is walked."""

    def __init__(self) -> None:
        self._frames = self._faces = self._eyes = 0
        self._first: DriverState | None = None
        self._last: DriverState | None = None
        self._conditions_s: dict[Condition, float] = defaultdict(float)
        self._levels: dict[tuple[AlertKind, int], str] = {}

    @property
    def start_t(self) -> float:
        """Time of the first observation; 0 before it."""
        return self._first.t if self._first is not None else 0.0

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last observation."""
        return self._last.t - self.start_t if self._last is not None else 0.0

    def step(self, step: Step) -> None:
        """Count one frame, and each alert by the level of its latest step."""
        for alert in step.alerts:
            self._levels[alert.kind, alert.episode] = f"{alert.kind}/{alert.level}"
        observation, state = step.observation, step.state
        if observation is None or state is None:
            return
        if self._last is not None:
            self._conditions_s[self._last.condition] += max(0.0, state.t - self._last.t)
        self._first = self._first or state
        self._last = state
        self._frames += 1
        self._faces += observation.face is True
        self._eyes += observation.left_eye is not None or observation.right_eye is not None

    def summary(self, drive: str, promised_s: float | None, stage_ms: dict[str, float], took_s: float) -> Summary:
        """The numbers so far.

        Args:
            drive: The drive's name.
            promised_s: Length that the file claims, None when it claims none.
            stage_ms: Mean milliseconds by stage.
            took_s: Time that the replay took.
        """
        frames = max(1, self._frames)
        missing_s = (promised_s or 0.0) - self.duration_s
        return Summary(
            drive=drive,
            duration_s=round(self.duration_s, 3),
            missing_s=round(missing_s, 3) if missing_s > _SHORT_S else 0.0,
            frames=self._frames,
            face_share=round(self._faces / frames, 4),
            eyes_share=round(self._eyes / frames, 4),
            alerts=dict(Counter(self._levels.values())),
            conditions_s={condition.value: round(s, 3) for condition, s in self._conditions_s.items()},
            stage_ms=stage_ms,
            speed=round(self.duration_s / took_s, 1),
        )
