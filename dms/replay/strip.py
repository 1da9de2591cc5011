"""The strip below the picture of an overlay: what happened in the last half minute, as rows over time.

Takes what is judged of each frame, and labels; draws the strip.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dms.driver.state import AngerLevel, Condition, DistractionLevel, DriverState, FatigueLevel
from dms.frames import Image
from dms.replay.labels import Label
from dms.replay.paint import AMBER, BLUE, CONDITIONS, GREY, RED, WHITE, Colour, text

HEIGHT = 96
_PAST_S, _AHEAD_S = 30.0, 4.0
_ROW, _LEFT, _RIGHT, _TOP, _CURVE = 17, 78, 8, 6, 20
_LEVELS: dict[str, Colour] = {
    FatigueLevel.DROWSY: (90, 220, 240),
    FatigueLevel.MICROSLEEP: AMBER,
    FatigueLevel.ASLEEP: RED,
    FatigueLevel.UNRESPONSIVE: (40, 40, 190),
    AngerLevel.IRRITATED: (200, 120, 210),
    AngerLevel.ANGRY: (170, 60, 190),
    DistractionLevel.EYES_OFF_ROAD: (210, 190, 90),
}
"""Colour of each level of an alert, which is also written on it."""


class Strip:
    """Rows of labels, alerts and condition, and the curve of closed eyes.

    Args:
        labels: What really happened; none without.
    """

    def __init__(self, labels: Sequence[Label] = ()) -> None:
        self._labels = tuple(labels)
        self._alerts: deque[_Span] = deque()
        self._conditions: deque[_Span] = deque()
        self._eyes: deque[tuple[float, float | None]] = deque()

    def update(self, t: float, state: DriverState, closed: float | None) -> None:
        """Take the next moment.

        Args:
            t: Seconds from the start of the drive.
            state: The driver then.
            closed: Probability 0..1 that the eyes are closed, None unknown.
        """
        _go_on(self._conditions, t, state.condition)
        _go_on(self._alerts, t, state.fatigue or state.distraction or state.anger or "")
        self._eyes.append((t, closed))
        while self._eyes and self._eyes[0][0] < t - _PAST_S:
            self._eyes.popleft()
        for spans in (self._alerts, self._conditions):
            while spans and spans[0].end_s < t - _PAST_S:
                spans.popleft()

    def draw(self, t: float, width: int) -> Image:
        """Draw the strip as it is at a moment.

        Returns:
            (96, width, 3) BGR.
        """
        strip = np.full((HEIGHT, width, 3), 20, np.uint8)
        at = _Scale(t, width)
        for row, name in enumerate(("labels", "alerts", "condition")):
            text(strip, name, _TOP + row * _ROW + 12, GREY, 0.4, x=8)
        text(strip, "eyes closed", _TOP + 3 * _ROW + 14, GREY, 0.4, x=8)
        text(strip, f"{t:.2f} s", HEIGHT - 5, WHITE, 0.4, x=8)
        for label in self._labels:
            if label.start_s <= t + _AHEAD_S and label.end_s >= t - _PAST_S:
                _bar(strip, at, 0, (label.start_s, label.end_s), BLUE, label.event.replace("_", " "))
        for span in self._alerts:
            if span.what:
                _bar(strip, at, 1, (span.start_s, span.end_s), _LEVELS[span.what], span.what)
        for span in self._conditions:
            _bar(strip, at, 2, (span.start_s, span.end_s), CONDITIONS[Condition(span.what)], span.what)
        self._draw_eyes(strip, at)
        for second in range(int(max(0.0, t - _PAST_S) // 5 + 1) * 5, int(t + _AHEAD_S) + 1, 5):
            x = at.x(second)
            cv2.line(strip, (x, HEIGHT - 17), (x, HEIGHT - 13), GREY, 1)
            text(strip, f"{second // 60}:{second % 60:02d}", HEIGHT - 3, GREY, 0.36, x=x - 10)
        cv2.line(strip, (at.x(t), _TOP - 3), (at.x(t), HEIGHT - 14), WHITE, 1)
        return strip

    def _draw_eyes(self, strip: Image, at: "_Scale") -> None:
        bottom = _TOP + 3 * _ROW + _CURVE
        run: list[tuple[int, int]] = []
        for moment, closed in (*self._eyes, (0.0, None)):
            if closed is not None:
                run.append((at.x(moment), bottom - round(closed * (_CURVE - 2))))
                continue
            if len(run) > 1:
                cv2.polylines(strip, [np.array(run, np.int32)], False, WHITE, 1, cv2.LINE_AA)
            run = []


class _Scale:
    """Where a moment is on a strip."""

    def __init__(self, t: float, width: int) -> None:
        self._first = t - _PAST_S
        self._px = (width - _LEFT - _RIGHT) / (_PAST_S + _AHEAD_S)
        self._last = width - _RIGHT

    def x(self, t: float) -> int:
        return min(self._last, max(_LEFT, _LEFT + round((t - self._first) * self._px)))


@dataclass(slots=True)
class _Span:
    """A stretch of time in which one thing holds; the last one grows."""

    start_s: float
    end_s: float
    what: str


def _go_on(spans: deque[_Span], t: float, what: str) -> None:
    """Lengthen the last span, and begin another where something else holds."""
    if spans:
        spans[-1].end_s = t
    if not spans or spans[-1].what != what:
        spans.append(_Span(t, t, what))


def _bar(strip: Image, at: _Scale, row: int, span: tuple[float, float], colour: Colour, word: str) -> None:
    left, right = at.x(span[0]), at.x(span[1])
    if right <= _LEFT:
        return
    top = _TOP + row * _ROW
    cv2.rectangle(strip, (left, top), (max(right, left + 1), top + _ROW - 4), colour, -1)
    if right - left > 7 * len(word):
        text(strip, word, top + 11, (20, 20, 20), 0.38, x=left + 4)
