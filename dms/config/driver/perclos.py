"""PERCLOS: the share of valid time with closed eyes, and what makes it `drowsy`."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.sources import BLINKS, FIELD_TEST, OWN, RATES, WIERWILLE
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class PerclosSettings(Section):
    """PERCLOS: the share of valid time with closed eyes, and what makes it `drowsy`."""

    window_s: Annotated[
        float,
        Limit(
            ge=20.0,
            le=300.0,
            unit="s",
            title="Window",
            text="Length of the sliding window, by presentation time.",
            source=WIERWILLE,
        ),
    ] = 60.0
    min_closure_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="s",
            title="Shortest droop",
            text="Shorter closures are blinks and do not count as closed time.",
            source="it measures droops; " + BLINKS,
        ),
    ] = 0.25
    min_valid_share: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="share",
            title="Least valid time",
            text="Below this share of the window with known eyes, PERCLOS is unknown.",
            source=FIELD_TEST + ": most false alerts came from eyes that were not seen; " + OWN,
        ),
    ] = 0.5
    max_interval_s: Annotated[
        float,
        Limit(
            ge=0.04,
            le=0.5,
            unit="s",
            title="Coarsest interval",
            text="PERCLOS is unknown while observations are further apart than this on average: a droop could hide "
            "there.",
            source=RATES + "; with room for dropped frames",
        ),
    ] = 0.15
    advisory: Annotated[
        float,
        Limit(
            ge=0.02,
            le=0.5,
            unit="share",
            title="Advisory",
            text="`drowsy` from this on together with a second sign.",
            source=FIELD_TEST,
        ),
    ] = 0.08
    warning: Annotated[
        float,
        Limit(
            ge=0.02,
            le=0.6,
            unit="share",
            title="Warning",
            text="`drowsy` from this on without a second sign.",
            source=FIELD_TEST,
        ),
    ] = 0.12
    clear: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="share",
            title="Clear",
            text="`drowsy` is over below this.",
            source="hysteresis of a quarter below the advisory level; " + OWN,
        ),
    ] = 0.06
    min_droops: Annotated[
        int,
        Limit(
            ge=1,
            le=20,
            unit="closures",
            title="Droops needed",
            text="Closures of the shortest droop or longer that the window must hold before PERCLOS means `drowsy`: "
            "one long closure is for the ladder to report.",
            source=OWN,
        ),
    ] = 3

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(clear=self.clear, advisory=self.advisory, warning=self.warning)
        return self
