"""What a drive came to, in numbers.

Takes the steps of a drive, gives a ``Summary``.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from dms.driver.state import AlertKind, Condition, DriverState
from dms.frames.report import RecordingReport
from dms.observation import View
from dms.sink import Sink, Step

_LITTLE_KNOWN = 1 / 3
"""Eyes that are known for a smaller share of the time are pointed out: \"no alerts\" then says little."""
_MUCH_UNSEEN = 0.1
"""So is a larger share of the file in which there was no picture to judge."""
_NOT_LOOKED_AT = frozenset({View.LOST, View.FAILED})
"""Views of moments in which nothing was judged."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a drive came to.

    Attributes:
        drive: The drive's name.
        duration_s: From the first to the last observation, seconds.
        missing_s: Seconds that the file promises beyond what could be decoded: a recording that was cut short.
        frames: Frames judged.
        frames_decoded: Frames that were decoded: those judged and those left out.
        frames_left_out: How many were left out, by reason.
        undecodable: Pictures or packets that could not be decoded.
        eyes_known_share: Share 0..1 of the time with at least one known eye.
        unseen_share: Share 0..1 of the file without a picture to judge: gaps, standstill, what cannot be decoded or
            could not be analysed.
        notes: What a person should know of the recording, a line each.
        face_share: Share 0..1 of frames with a face.
        eyes_share: Share 0..1 of frames with at least one known eye.
        alerts: Alerts by the level they reached, as ``{"fatigue/asleep": 1}``.
        conditions_s: Seconds in each condition.
        stage_ms: Mean milliseconds a run of each stage of perception took on this machine; empty for a trace.
        speed: How many times faster than real time this machine replayed the drive.
        made_by: Program, models, limits and source, as plain data.
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
    frames_decoded: int = 0
    frames_left_out: dict[str, int] = field(default_factory=dict)
    undecodable: int = 0
    eyes_known_share: float = 0.0
    unseen_share: float = 0.0
    notes: tuple[str, ...] = ()
    made_by: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data for ``summary.json``."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return {**plain, "notes": list(self.notes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From plain data.

        Raises:
            TypeError: It is of another version: a value is missing, or one is not known.
        """
        return cls(**{**data, "notes": tuple(data["notes"])})

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know, a line each: notes, and warnings of what was not judged."""
        return (*self.notes, *self._warnings())

    def line(self) -> str:
        """For people, as one line among many drives."""
        short = (
            (f"the last {self.missing_s:.1f} s cannot be decoded: was the file cut short?",) if self.missing_s else ()
        )
        about = f"face {self.face_share:.0%}, eyes {self.eyes_share:.0%}"
        return "; ".join((f"{self.drive}: {self._alerts()} in {self.duration_s:.1f} s, {about}", *short, *self.remarks))

    def text(self) -> str:
        """For people: two lines, and one for each thing that they should know."""
        short = f", then {self.missing_s:.1f} s cannot be decoded: was the file cut short?" if self.missing_s else ""
        return (
            f"{self.drive}: {self._alerts()} in {self.duration_s:.1f} s{short}\n"
            f"  face in {self.face_share:.0%} of {self.frames} frames, eyes known in {self.eyes_share:.0%}, "
            f"replayed at {self.speed:.1f} times real time" + "".join(f"\n  {note}" for note in self.remarks)
        )

    def _alerts(self) -> str:
        return ", ".join(f"{count} x {name}" for name, count in self.alerts.items()) or "no alerts"

    def _warnings(self) -> Iterator[str]:
        if self.eyes_known_share < _LITTLE_KNOWN:
            yield f"the eyes were known in only {self.eyes_known_share:.0%} of the time: no alert says little here"
        if self.unseen_share > _MUCH_UNSEEN:
            yield f"{self.unseen_share:.0%} of the file was not judged"


class Tally(Sink):
    """Counts while a drive is walked."""

    def __init__(self) -> None:
        self._frames = self._faces = self._eyes = 0
        self._first: DriverState | None = None
        self._last: DriverState | None = None
        self._conditions_s: dict[Condition, float] = defaultdict(float)
        self._levels: dict[tuple[AlertKind, int], str] = {}
        self._known_s = self._unseen_s = 0.0
        self._known = self._unseen = False

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
        view, last = observation.view, self._last
        unseen = view is not View.CLEAR and view in _NOT_LOOKED_AT
        if last is None:
            self._first = state
        elif (span_s := state.t - last.t) > 0.0:
            self._conditions_s[last.condition] += span_s
            if self._known:
                self._known_s += span_s
            # a picture speaks for the moment until the next; without one, nothing does for the time before it either
            if unseen or self._unseen:
                self._unseen_s += span_s
        self._last = state
        self._known = observation.left_eye is not None or observation.right_eye is not None
        self._unseen = unseen
        if unseen:
            return
        self._frames += 1
        self._faces += observation.face is True
        self._eyes += self._known

    def summary(self, drive: str, report: RecordingReport | None, stage_ms: dict[str, float], took_s: float) -> Summary:
        """Return the numbers so far.

        Args:
            drive: The drive's name.
            report: What became of the pictures of a recording, None for a trace.
            stage_ms: Mean milliseconds by stage.
            took_s: Time that the replay took.
        """
        frames = max(1, self._frames)
        report = report or RecordingReport(decoded=self._frames)
        whole_s = self.duration_s + report.missing_s
        return Summary(
            drive=drive,
            duration_s=round(self.duration_s, 3),
            missing_s=report.missing_s,
            frames=self._frames,
            face_share=round(self._faces / frames, 4),
            eyes_share=round(self._eyes / frames, 4),
            alerts=dict(Counter(self._levels.values())),
            conditions_s={condition.value: round(s, 3) for condition, s in self._conditions_s.items()},
            stage_ms=stage_ms,
            speed=round(self.duration_s / took_s, 1),
            frames_decoded=report.decoded,
            frames_left_out={why.value: count for why, count in report.left_out.items()},
            undecodable=report.undecodable,
            eyes_known_share=round(self._known_s / self.duration_s if self.duration_s else self._eyes / frames, 4),
            unseen_share=round((self._unseen_s + report.missing_s) / whole_s, 4) if whole_s else 0.0,
            notes=report.notes,
        )
