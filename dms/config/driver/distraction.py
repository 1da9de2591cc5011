"""When the driver looks away from the road for too long."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from dms.config.driver.sources import ADDW, OWN
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class DistractionSettings(Section):
    """When the driver looks away from the road for too long; `closure.down_deg` and `aside_deg` say what is away."""

    enabled: bool = Field(
        False,
        title="Alerts of distraction",
        description="Whether eyes off the road raise an alert; the state says how long they are in any case.",
    )
    without_speed: bool = Field(
        False,
        title="Without a speed",
        description="Whether they do so while the vehicle's speed is absent, by the limit of a fast vehicle.",
    )
    fast_s: Annotated[
        float,
        Limit(
            ge=1.5,
            le=10.0,
            unit="s",
            title="Off the road, fast",
            text="Eyes off the road for this long raise `eyes_off_road` in a fast vehicle.",
            source=ADDW + ": 3.5 s",
        ),
    ] = 3.5
    fast_kmh: Annotated[
        float,
        Limit(
            ge=20.0,
            le=130.0,
            unit="km/h",
            title="Fast",
            text="The vehicle is fast from this speed.",
            source=ADDW + ": from 50 km/h",
        ),
    ] = 50.0
    slow_s: Annotated[
        float,
        Limit(
            ge=2.0,
            le=20.0,
            unit="s",
            title="Off the road, slow",
            text="The same in a slower vehicle.",
            source=ADDW + ": 6 s",
        ),
    ] = 6.0
    slow_kmh: Annotated[
        float,
        Limit(
            ge=0.0,
            le=50.0,
            unit="km/h",
            title="Slow",
            text="Below this speed eyes off the road raise nothing.",
            source=ADDW + ": from 20 km/h",
        ),
    ] = 20.0
    return_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=2.0,
            unit="s",
            title="Back on the road",
            text="Only eyes that look ahead for this long are back: a shorter look does not end the time off the road.",
            source="a fixation lasts 0.2 to 0.4 s; " + OWN,
        ),
    ] = 0.3
    recover_s: Annotated[
        float,
        Limit(
            ge=0.1,
            le=10.0,
            unit="s",
            title="Recovery",
            text="Eyes on the road for this long end the alert.",
            source=OWN,
        ),
    ] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(fast_s=self.fast_s, slow_s=self.slow_s)
        in_order(slow_kmh=self.slow_kmh, fast_kmh=self.fast_kmh)
        # an alert that ended before the eyes are back would begin again at their next glance
        in_order(return_s=self.return_s, recover_s=self.recover_s)
        return self
