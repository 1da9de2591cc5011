"""Vehicle speed gates; without a speed there is no gate."""

from typing import Annotated

from dms.config.driver.sources import NCAP, OWN
from dms.config.limit import Limit
from dms.config.section import Section


class SpeedSettings(Section):
    """Vehicle speed gates; without a speed there is no gate."""

    closures_kmh: Annotated[
        float,
        Limit(
            ge=0.0,
            le=130.0,
            unit="km/h",
            title="Gate of closures",
            text="Below this speed no closure raises an alert.",
            source=NCAP + ": from 20 km/h",
        ),
    ] = 20.0
    drowsy_kmh: Annotated[
        float,
        Limit(
            ge=0.0,
            le=130.0,
            unit="km/h",
            title="Gate of drowsy",
            text="Below this speed `drowsy` is not raised.",
            source=NCAP + ": from 50 km/h",
        ),
    ] = 50.0
    hold_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=60.0,
            unit="s",
            title="Hold of a speed",
            text="A speed older than this is absent.",
            source="a vehicle's speed changes by a gate in this time; " + OWN,
        ),
    ] = 5.0
