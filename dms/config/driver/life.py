"""How alerts repeat and end."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.sources import NCAP, OWN
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class LifecycleSettings(Section):
    """How alerts repeat and end."""

    repeat_s: Annotated[
        float,
        Limit(
            ge=1.0,
            le=300.0,
            unit="s",
            title="Repeat",
            text="An open alert that nobody acknowledged sends an `update` this often.",
            source=OWN,
        ),
    ] = 10.0
    drowsy_recover_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=60.0,
            unit="s",
            title="Recovery from drowsy",
            text="Open eyes, but for blinks, for this long end the alert once PERCLOS has cleared.",
            source=OWN,
        ),
    ] = 2.0
    microsleep_recover_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=60.0,
            unit="s",
            title="Recovery from a microsleep",
            text="Open eyes, but for blinks, for this long end it.",
            source=NCAP + ": gaze return within 3 s",
        ),
    ] = 3.0
    asleep_recover_s: Annotated[
        float,
        Limit(
            ge=1.0,
            le=120.0,
            unit="s",
            title="Recovery from sleep",
            text="`asleep` latches until the eyes have been open, but for blinks, for this long.",
            source=OWN,
        ),
    ] = 10.0
    unresponsive_recover_s: Annotated[
        float,
        Limit(
            ge=1.0,
            le=300.0,
            unit="s",
            title="Recovery from unresponsive",
            text="`unresponsive` latches until the eyes have been open, but for blinks, for this long.",
            source=OWN,
        ),
    ] = 20.0
    lost_s: Annotated[
        float,
        Limit(
            ge=5.0,
            le=600.0,
            unit="s",
            title="Lost",
            text="An alert that does not latch ends when nothing was known for this long; latched ones stay.",
            source="the PERCLOS window: after it nothing that was measured counts any more",
        ),
    ] = 60.0
    drowsy_cooldown_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=1800.0,
            unit="s",
            title="Cooldown of drowsy",
            text="No new `drowsy` for this long after a fatigue alert; closures have no cooldown.",
            source="the PERCLOS window: the same closures would raise it again",
        ),
    ] = 60.0
    anger_cooldown_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=1800.0,
            unit="s",
            title="Cooldown of anger",
            text="No new anger alert of the same or a milder level for this long after one.",
            source=OWN,
        ),
    ] = 30.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(
            drowsy_recover_s=self.drowsy_recover_s,
            microsleep_recover_s=self.microsleep_recover_s,
            asleep_recover_s=self.asleep_recover_s,
            unresponsive_recover_s=self.unresponsive_recover_s,
        )
        return self
