"""How two eye probabilities become open, closed or unknown."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.sources import BLINKS, OWN
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class EyesSettings(Section):
    """How two eye probabilities become open, closed or unknown.

    The limits apply to the closed probability above this driver's own open-eye level: 0 is that level, 1 is shut.
    """

    closed_limit: Annotated[
        float,
        Limit(
            ge=0.5,
            le=0.95,
            unit="share",
            title="Closed from",
            text="The eyes are closed when both are at or above this.",
            source="hysteresis of 0.1 on either side of the equal-odds point 0.5; " + OWN,
        ),
    ] = 0.6
    open_limit: Annotated[
        float,
        Limit(
            ge=0.05,
            le=0.5,
            unit="share",
            title="Open up to",
            text="The eyes are open when either is at or below this.",
            source="hysteresis of 0.1 on either side of the equal-odds point 0.5; " + OWN,
        ),
    ] = 0.4
    profile_open_limit: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.4,
            unit="probability",
            title="Open in profile up to",
            text="Of a head in profile the eyes are open when both are at or below this, whatever the driver's level.",
            source="of our development clips 0.06 at most where both eyes are in view, 0.09 and more where the nose "
            "hides half of one; " + OWN,
        ),
    ] = 0.08
    together_s: Annotated[
        float,
        Limit(
            ge=0.3,
            le=3.0,
            unit="s",
            title="Open together after",
            text="Eyes that were both shut for this long open together: one that reads open beside one that reads shut "
            "is read by the mean of their log-odds.",
            source="as `closure.slow_s`: no blink any more; " + OWN,
        ),
    ] = 0.5
    hold_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="s",
            title="Hold between the limits",
            text="Between the two limits the eyes stay what they were for at most this long, then they are unknown.",
            source=BLINKS + "; " + OWN,
        ),
    ] = 0.3

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(open_limit=self.open_limit, closed_limit=self.closed_limit)
        return self
