"""Walks a trace once more, to draw what was seen and judged.

Takes a trace and limits, gives curves, spans of the driver's condition and of eyes that were closed or unknown, and the
alerts that these limits raise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dms.config.driver import DriverSettings
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert, Condition, DriverState, Eyes
from dms.observation import Observation, View
from dms.records.trace import read_trace
from dms.report.timeline import EMOTIONS, FAST, SLOW, Curves, Lane, Span

_SLOW_S = 0.5
"""Averages over seconds are drawn twice a second."""
_HOLD_S = 0.5
"""The mouth is not measured in every frame: a reading is drawn for so long, as long as there is a face."""
_UNKNOWN_S = 0.5
"""Eyes that are unknown for less are no span of their own: the curves show them."""


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """What a trace came to.

    Attributes:
        duration_s: From the first to the last observation.
        fast: What was seen in each frame.
        slow: What was judged.
        spans: Condition and eyes.
        raised: Each step of each alert as ``(t, kind, phase, level)``.
    """

    duration_s: float
    fast: Curves
    slow: Curves
    spans: tuple[Span, ...]
    raised: tuple[tuple[float, str, str, str], ...]


def walk(trace: Path, settings: DriverSettings) -> Walked:
    """Judge a trace again.

    Args:
        trace: The file, or the folder of its parts.
        settings: Limits.

    Raises:
        UserError: The file is missing or broken.
    """
    header, events = read_trace(trace)
    monitor = DriverMonitor(settings, header.baseline)
    fast: list[tuple[float, ...]] = []
    slow: list[tuple[float, ...]] = []
    conditions, eyes = _Runs(Lane.CONDITION, 0.0), _Runs(Lane.EYES, _UNKNOWN_S)
    alerts: list[Alert] = []
    start_t: float | None = None
    t = 0.0
    mouth: tuple[float, float | None] = (0.0, None)
    for event in events:
        if not isinstance(event, Observation):
            judgement = monitor.receive(event)
            alerts.extend(judgement.alerts if judgement is not None else ())
            continue
        start_t = event.t if start_t is None else start_t
        judged = monitor.step(event)
        alerts.extend(judged.alerts)
        if fast and event.t - start_t <= t:
            # a clock that went back: the same moment cannot be drawn twice
            continue
        t = event.t - start_t
        if event.yawn is not None or not event.face or t - mouth[0] >= _HOLD_S:
            mouth = (t, event.yawn)
        fast.append((t, *_seen(event, mouth[1])))
        if not slow or t - slow[-1][0] >= _SLOW_S:
            slow.append((t, *_judged(judged.state)))
        conditions.add(t, *_condition(judged.state))
        eyes.add(t, *_eyes(event, judged.state))
    alerts.extend(monitor.finish("end_of_drive"))
    raised = [(round(alert.t - (start_t or 0.0), 6), alert.kind, alert.phase, alert.level) for alert in alerts]
    spans = (*conditions.spans(t), *eyes.spans(t, settings.closure.slow_s))
    return Walked(t, _curves(FAST, fast), _curves(SLOW, slow), spans, tuple(raised))


def _seen(seen: Observation, yawn: float | None) -> tuple[float, ...]:
    pose = seen.pose
    angles = (None, None, None) if pose is None else (pose.yaw, pose.pitch, pose.roll)
    numbers = (seen.right_eye, seen.left_eye, seen.looking_down, yawn, *angles)
    return tuple(np.nan if number is None else number for number in numbers)


def _judged(state: DriverState) -> tuple[float, ...]:
    emotions = state.emotions
    shares = [None if emotions is None else getattr(emotions, name) for name in EMOTIONS]
    numbers = (state.perclos, state.valid_share, state.anger_score, *shares)
    return tuple(np.nan if number is None else number for number in numbers)


def _curves(names: Sequence[str], rows: list[tuple[float, ...]]) -> Curves:
    table = np.array(rows, np.float64).reshape(-1, len(names) + 1)
    values = {name: table[:, column].astype(np.float32) for column, name in enumerate(names, 1)}
    return Curves(table[:, 0], values)


def _condition(state: DriverState) -> tuple[str, str]:
    """Return what the driver's condition is called, and its colour."""
    if state.condition is Condition.DEGRADED and state.degraded is not None:
        return state.degraded.value.replace("_", " "), Condition.DEGRADED
    return state.condition.value, state.condition


def _eyes(seen: Observation, state: DriverState) -> tuple[str, str]:
    """Return what the eyes were, or why nobody knows."""
    if state.eyes is Eyes.OPEN:
        return "", ""
    if state.eyes is Eyes.CLOSED:
        return "closed", "closed"
    if seen.view is not View.CLEAR:
        return {View.LOST: "no picture"}.get(seen.view, seen.view.value), "unknown"
    return ("no face" if seen.face is False else "eyes unknown"), "unknown"


class _Runs:
    """Joins like moments to spans."""

    def __init__(self, lane: Lane, unknown_s: float) -> None:
        self._lane = lane
        self._unknown_s = unknown_s
        self._runs: list[tuple[float, str, str]] = []

    def add(self, t: float, text: str, tone: str) -> None:
        if not self._runs or self._runs[-1][1:] != (text, tone):
            self._runs.append((t, text, tone))

    def spans(self, end_t: float, closed_s: float = 0.0) -> Iterator[Span]:
        """Those with a text, of closed eyes only those of ``closed_s`` seconds and more: shorter ones are blinks."""
        ends = [*(t for t, _, _ in self._runs[1:]), end_t]
        for (start, text, tone), end in zip(self._runs, ends, strict=True):
            least_s = closed_s if tone == "closed" else self._unknown_s
            if text and end - start >= least_s:
                yield Span(self._lane, start, end, text, tone, f"{end - start:.1f} s")
