"""Limits by which the driver is judged: the ``[driver]`` table of the configuration, a module for each judge.

Takes nothing, gives ``DriverSettings``. Every limit carries its unit, bounds and source; docs/driver.md shows them
as a table that is made from here.
"""

from pydantic import Field

from dms.config.driver.anger import AngerSettings
from dms.config.driver.baseline import BaselineSettings
from dms.config.driver.closure import ClosureSettings
from dms.config.driver.degraded import DegradedSettings
from dms.config.driver.distraction import DistractionSettings
from dms.config.driver.eyes import EyesSettings
from dms.config.driver.life import LifecycleSettings
from dms.config.driver.perclos import PerclosSettings
from dms.config.driver.signs import SignsSettings
from dms.config.driver.speed import SpeedSettings
from dms.config.driver.time import TimeSettings
from dms.config.section import Section

__all__ = [
    "AngerSettings",
    "BaselineSettings",
    "ClosureSettings",
    "DegradedSettings",
    "DistractionSettings",
    "DriverSettings",
    "EyesSettings",
    "LifecycleSettings",
    "PerclosSettings",
    "SignsSettings",
    "SpeedSettings",
    "TimeSettings",
]


class DriverSettings(Section):
    """The ``[driver]`` table."""

    time: TimeSettings = Field(TimeSettings(), title="Time", description="How far one observation speaks.")
    eyes: EyesSettings = Field(EyesSettings(), title="Eyes", description="Open, closed or unknown.")
    closure: ClosureSettings = Field(ClosureSettings(), title="Closures", description="The ladder of one closure.")
    perclos: PerclosSettings = Field(PerclosSettings(), title="PERCLOS", description="Droops over a minute.")
    signs: SignsSettings = Field(SignsSettings(), title="Second signs", description="What corroborates PERCLOS.")
    baseline: BaselineSettings = Field(
        BaselineSettings(), title="Baseline", description="What is normal for this driver."
    )
    anger: AngerSettings = Field(AngerSettings(), title="Anger", description="When a face is angry.")
    distraction: DistractionSettings = Field(
        DistractionSettings(), title="Distraction", description="When eyes are off the road for too long."
    )
    degraded: DegradedSettings = Field(DegradedSettings(), title="Degraded", description="When nothing can be judged.")
    life: LifecycleSettings = Field(
        LifecycleSettings(), title="Life cycle", description="Repeats, endings and cooldowns of alerts."
    )
    speed: SpeedSettings = Field(
        SpeedSettings(), title="Speed gates", description="From which speed alerts are raised."
    )
