"""What is normal for this driver, learned once and then left alone."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.sources import BLINKS, OWN
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class BaselineSettings(Section):
    """What is normal for this driver, learned once and then left alone."""

    learn_s: Annotated[
        float,
        Limit(
            ge=10.0,
            le=600.0,
            unit="s",
            title="Learning time",
            text="Valid time after which a part of the baseline is learned and frozen.",
            source="the first minutes, before the driver tires; " + OWN,
        ),
    ] = 60.0
    open_prior: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="probability",
            title="Open-eye level, prior",
            text="Closed probability of open eyes before anything is learned.",
            source="between a wide-open (0.02) and a narrow eye; " + OWN,
        ),
    ] = 0.15
    open_max: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.7,
            unit="probability",
            title="Open-eye level, clamp",
            text="The learned open-eye level is never above this, so that shut eyes cannot be learned as open.",
            source="the equal-odds point; " + OWN,
        ),
    ] = 0.5
    blink_prior_s: Annotated[
        float,
        Limit(
            ge=0.05,
            le=0.5,
            unit="s",
            title="Blink duration, prior",
            text="Blink duration before anything is learned.",
            source=BLINKS,
        ),
    ] = 0.2
    blink_min_s: Annotated[
        float,
        Limit(
            ge=0.05,
            le=0.5,
            unit="s",
            title="Blink duration, lower clamp",
            text="The learned blink duration is never below this.",
            source=BLINKS,
        ),
    ] = 0.1
    blink_max_s: Annotated[
        float,
        Limit(
            ge=0.05,
            le=0.5,
            unit="s",
            title="Blink duration, upper clamp",
            text="The learned blink duration is never above this, so that a driver who starts out tired is not normal.",
            source=BLINKS,
        ),
    ] = 0.3
    blinks: Annotated[
        int,
        Limit(
            ge=5,
            le=200,
            unit="blinks",
            title="Blinks to learn",
            text="Blinks from which the blink duration is learned.",
            source="one to two minutes of an awake driver; " + OWN,
        ),
    ] = 20
    head_s: Annotated[
        float,
        Limit(
            ge=1.0,
            le=60.0,
            unit="s",
            title="Resting head after",
            text="The resting pitch and yaw of the head start at the first reading; their medians are trusted in full "
            "when it was seen for this long.",
            source="longer than a glance (2 s) and a look around; " + OWN,
        ),
    ] = 5.0
    head_memory_s: Annotated[
        float,
        Limit(
            ge=30.0,
            le=3600.0,
            unit="s",
            title="Memory of the resting head",
            text="Time constant with which they follow a seat or a camera that is moved.",
            source=OWN,
        ),
    ] = 300.0
    pitch_max_deg: Annotated[
        float,
        Limit(
            ge=0.0,
            le=60.0,
            unit="degrees",
            title="Resting pitch, clamp",
            text="The resting pitch is never further from 0 than this.",
            source="how steeply a camera on a dashboard or at a mirror looks; " + OWN,
        ),
    ] = 25.0
    yaw_max_deg: Annotated[
        float,
        Limit(
            ge=0.0,
            le=80.0,
            unit="degrees",
            title="Resting yaw, clamp",
            text="The resting yaw is never further from 0 than this.",
            source="how far aside a camera at a pillar or a mirror stands; " + OWN,
        ),
    ] = 45.0
    anger_prior: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="probability",
            title="Resting anger, prior",
            text="Anger of the resting face before anything is learned.",
            source="faces that rest measure 0.02 to 0.3; " + OWN,
        ),
    ] = 0.15
    fit_s: Annotated[
        float,
        Limit(
            ge=10.0,
            le=120.0,
            unit="s",
            title="A kept baseline must fit for",
            text="Valid time after which a kept open-eye level is compared with what was seen since the start.",
            source="half of the learning time; " + OWN,
        ),
    ] = 30.0
    fit_max: Annotated[
        float,
        Limit(
            ge=0.05,
            le=0.7,
            unit="probability",
            title="Misfit of a kept baseline",
            text="An open-eye level that differs by more is somebody else's: the driver is learned anew in this drive.",
            source="above the spread of one person's level between drives; " + OWN,
        ),
    ] = 0.2
    anger_max: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.8,
            unit="probability",
            title="Resting anger, clamp",
            text="The learned resting anger is never above this, so that rage cannot be learned as normal.",
            source=OWN,
        ),
    ] = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(blink_min_s=self.blink_min_s, blink_max_s=self.blink_max_s)
        return self
