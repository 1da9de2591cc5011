"""Judges the driver: observations in, states and alerts out.

Takes ``Observation`` values and a few vehicle inputs in order of time, gives a ``Judgement`` for each. Pure: no
clock, no I/O, no pixels, no TFLite; the same observations always give the same judgements.
"""

from dms.config.driver import DriverSettings
from dms.driver.baseline import Baseline
from dms.driver.inputs import Acknowledgement, DriverChange, DriverInput, VehicleSpeed
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert, AlertKind, DriverState, Judgement
from dms.observation import Observation

__all__ = [
    "Acknowledgement",
    "Alert",
    "AlertKind",
    "Baseline",
    "DriverChange",
    "DriverInput",
    "DriverMonitor",
    "DriverSettings",
    "DriverState",
    "Judgement",
    "Observation",
    "VehicleSpeed",
]
