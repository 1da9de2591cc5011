"""Cuts the time between two observations into spans of open, closed and unknown eyes.

Takes what was read of two observations in a row, gives up to three spans; all judges of the room are fed with these and
nothing else. Between two that agree the driver was as both say. Between two that differ the change lies half-way.
"""

from typing import NamedTuple

from dms.config.driver import TimeSettings
from dms.driver.state import Degraded, Eyes, Looking


class Reading(NamedTuple):
    """What one observation says of the eyes, and what surrounds them.

    Attributes:
        eyes: Both eyes together.
        closedness: How far closed eyes are shut, 0..1; 0 for others.
        weight: How much of their closed time counts, 0..1.
        explanations: What else than sleep may have shut them.
        doubtful: They are explained, or not quite shut.
        pitch: Pitch of the head in degrees, None unknown.
        obstacle: Why they are unknown, None for known eyes.
        in_view: The picture could be judged.
        looking: Where open eyes look, None unknown and for others.
        lowered: The lids of open eyes are down, and the eyes look down under them.
    """

    eyes: Eyes
    closedness: float = 0.0
    weight: float = 1.0
    explanations: tuple[str, ...] = ()
    doubtful: bool = False
    pitch: float | None = None
    obstacle: Degraded | None = None
    in_view: bool = True
    looking: Looking | None = None
    lowered: bool = False


class Span(NamedTuple):
    """A stretch of time in which nothing changed.

    Attributes:
        end_t: When it ends, seconds.
        seconds: Its length, above 0.
        interval_s: Time between the two observations it lies between.
        reading: What it was like.
    """

    end_t: float
    seconds: float
    interval_s: float
    reading: Reading


def cut(before: Reading, after: Reading, t: float, interval_s: float, limits: TimeSettings) -> tuple[Span, ...]:
    """The spans between two readings, the later one at time ``t``, ``interval_s`` apart.

    Each speaks for at most ``max_gap_s / 2`` of a gap between readings that agree, for at most ``edge_s`` where they
    differ; the rest in the middle, in which nobody looked, is unknown and says nothing about the driver.
    """
    agree = before.eyes is after.eyes
    if agree and interval_s <= limits.max_gap_s:
        return (Span(t, interval_s, interval_s, after),)
    side_s = min(interval_s / 2, limits.max_gap_s / 2 if agree else limits.edge_s)
    first = Span(t - interval_s + side_s, side_s, interval_s, before)
    last = Span(t, side_s, interval_s, after)
    middle_s = interval_s - 2 * side_s
    if middle_s <= 0.0:
        return first, last
    gap = Degraded.CAMERA_LOST if interval_s > limits.max_gap_s else after.obstacle or Degraded.EYES_UNKNOWN
    unseen = Reading(Eyes.UNKNOWN, obstacle=gap, in_view=False)
    return first, Span(t - side_s, middle_s, interval_s, unseen), last
