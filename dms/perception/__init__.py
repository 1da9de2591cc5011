"""Sees the driver: a picture in, an ``Observation`` out.

Takes ``Frame`` objects in order of time. Runs the shipped INT8 models one after another, each at its own rate.
Never judges the driver, reads no clock but to measure its own stages, keeps no picture beyond the last crop.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms.perception.perception import Perception
else:
    from dms.lazy import lazy

    __getattr__ = lazy(__name__, {"Perception": "dms.perception.perception"})

__all__ = ["Perception"]
