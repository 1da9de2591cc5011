"""What the driver room hears besides observations: vehicle and driver events, each with its time on the frames' clock.

Plain data, so that a trace can hold and replay them.
"""

from dataclasses import dataclass

from dms.driver.baseline import Baseline
from dms.driver.state import AlertKind


@dataclass(frozen=True, slots=True)
class VehicleSpeed:
    """The vehicle's speed now.

    Attributes:
        t: Seconds on the frames' clock.
        kmh: Kilometres per hour, 0 or more; None when the vehicle has just said that it does not know.
    """

    t: float
    kmh: float | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has taken note of an alert: it repeats no more unless it gets worse.

    Attributes:
        t: Seconds on the frames' clock.
        kind: Which kind of alert; None for every open one.
        episode: Which alert of that kind; None for the open one. An alert that is over is past acknowledging.
    """

    t: float
    kind: AlertKind | None = None
    episode: int | None = None


@dataclass(frozen=True, slots=True)
class DriverChange:
    """Somebody else drives: open alerts end, everything measured is forgotten.

    Attributes:
        t: Seconds on the frames' clock.
        baseline: What is known about the new driver; None to learn it.
    """

    t: float
    baseline: Baseline | None = None


DriverInput = VehicleSpeed | Acknowledgement | DriverChange
"""Anything that ``DriverMonitor.receive`` takes."""
