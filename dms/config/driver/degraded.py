"""When the driver cannot be judged."""

from typing import Annotated

from dms.config.driver.sources import NCAP, OWN
from dms.config.limit import Limit
from dms.config.section import Section


class DegradedSettings(Section):
    """When the driver cannot be judged."""

    after_s: Annotated[
        float,
        Limit(
            ge=2.0,
            le=10.0,
            unit="s",
            title="Degraded after",
            text="Eyes unknown for this long make the state `degraded`.",
            source=NCAP + ": warn the driver within 10 s; less half a second for the slowest camera",
        ),
    ] = 9.5
    picture_s: Annotated[
        float,
        Limit(
            ge=0.2,
            le=10.0,
            unit="s",
            title="Degraded without a picture",
            text="No picture, or a dark one, for this long makes the state `degraded`.",
            source="a camera that fails is reported within 2 s; shorter than `camera.stall_s`, which has passed then; "
            + OWN,
        ),
    ] = 0.8
    share_window_s: Annotated[
        float,
        Limit(
            ge=10.0,
            le=60.0,
            unit="s",
            title="Window of the known share",
            text="Over this long the share of time with known eyes is watched.",
            source=NCAP + ": twice the 10 s after which an occlusion is reported; " + OWN,
        ),
    ] = 20.0
    min_known_share: Annotated[
        float,
        Limit(
            ge=0.1,
            le=0.9,
            unit="share",
            title="Least known share",
            text="Eyes known for less than this share of the window make the state `degraded`, and never `attentive`.",
            source="as `perclos.min_valid_share`; " + OWN,
        ),
    ] = 0.5
    turned_share: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="share",
            title="Turned picture",
            text="A face that stands askew in the picture for this share of `degraded.after_s` within the window, and "
            "for longer than it was known, makes the state `degraded`: the camera is turned.",
            source="nine of ten frames of a camera upside down show it; " + OWN,
        ),
    ] = 0.5
    recover_s: Annotated[
        float,
        Limit(
            ge=0.1,
            le=5.0,
            unit="s",
            title="Recovered after",
            text="Known eyes for this long take it back; known time runs the clock of the unknown back at that rate, "
            "so that single glimpses do not hide it.",
            source=OWN,
        ),
    ] = 1.0
    glance_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=5.0,
            unit="s",
            title="Glance",
            text="Eyes unknown for longer than this are no glance: the state says `attentive` no more.",
            source="glances away from the road last under 2 s (NHTSA visual-manual guidelines 2013)",
        ),
    ] = 2.0
    starting_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=60.0,
            unit="s",
            title="Starting",
            text="Known eyes for this long before anything but a closure is said.",
            source=OWN,
        ),
    ] = 3.0
