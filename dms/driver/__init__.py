"""Judges the driver: observations in, states and alerts out.

Takes ``Observation`` values and a few vehicle inputs in order of time, gives a ``Judgement`` for each. Pure: no
clock, no I/O, no pixels, no TFLite; the same observations always give the same judgements.
"""

from dms.driver.baseline import Baseline
from dms.driver.inputs import Acknowledgement, DriverChange, DriverInput, VehicleSpeed
from dms.driver.monitor import DriverMonitor

__all__ = ["Acknowledgement", "Baseline", "DriverChange", "DriverInput", "DriverMonitor", "VehicleSpeed"]
