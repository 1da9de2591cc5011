"""When a face is angry. No regulation has a criterion: it is published as information with its evidence."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.sources import OWN
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class AngerSettings(Section):
    """When a face is angry. No regulation has a criterion: it is published as information with its evidence."""

    average_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=30.0,
            unit="s",
            title="Averaging time",
            text="Time constant of the average over emotions; unknown time is left out.",
            source="a shout or a frown of half a second must not carry it; " + OWN,
        ),
    ] = 3.0
    hold_s: Annotated[
        float,
        Limit(
            ge=0.1,
            le=3.0,
            unit="s",
            title="Hold of a sample",
            text="One reading of the face speaks for at most this long.",
            source="emotions may be read at a lower rate than the eyes, once a second at least; " + OWN,
        ),
    ] = 1.0
    min_valid_share: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="share",
            title="Least valid time",
            text="Below this share of known readings in the average, anger is unknown.",
            source="1.3 s of readings, after which a rage that is there from the first one is told as soon as another; "
            + OWN,
        ),
    ] = 0.35
    irritated: Annotated[
        float,
        Limit(
            ge=0.1,
            le=0.95,
            unit="share",
            title="Irritated from",
            text="Mean anger above the resting face from which the driver is irritated.",
            source=OWN,
        ),
    ] = 0.3
    irritated_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=60.0,
            unit="s",
            title="Irritated for",
            text="How long the mean must stay there; below it this time stands still, below `anger.clear` it "
            "begins anew.",
            source="longer than a shout or a laugh distorts the mean; " + OWN,
        ),
    ] = 3.0
    angry: Annotated[
        float,
        Limit(
            ge=0.1,
            le=0.99,
            unit="share",
            title="Angry from",
            text="Mean anger above the resting face from which the driver is angry.",
            source=OWN,
        ),
    ] = 0.6
    angry_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=120.0,
            unit="s",
            title="Angry for",
            text="How long the mean must stay there; below it this time stands still, below `anger.irritated` it "
            "begins anew.",
            source=OWN,
        ),
    ] = 8.0
    clear: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.9,
            unit="share",
            title="Clear below",
            text="Mean anger below which the alert may end.",
            source="hysteresis; " + OWN,
        ),
    ] = 0.2
    clear_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=120.0,
            unit="s",
            title="Clear for",
            text="How long the mean must stay there; twice as long after `angry`.",
            source=OWN,
        ),
    ] = 5.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(clear=self.clear, irritated=self.irritated, angry=self.angry)
        in_order(irritated_s=self.irritated_s, angry_s=self.angry_s)
        return self
