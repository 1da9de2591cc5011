"""The second, independent sign that `drowsy` needs at the advisory level."""

from typing import Annotated

from dms.config.driver.sources import OWN, RATES, YAWNS
from dms.config.limit import Limit
from dms.config.section import Section


class SignsSettings(Section):
    """The second, independent sign that `drowsy` needs at the advisory level."""

    window_s: Annotated[
        float,
        Limit(
            ge=30.0,
            le=900.0,
            unit="s",
            title="Window of yawns and nods",
            text="How long a yawn or a nod stays a sign.",
            source="one yawn in a few minutes is enough to corroborate; " + OWN,
        ),
    ] = 180.0
    blink_window_s: Annotated[
        float,
        Limit(
            ge=20.0,
            le=300.0,
            unit="s",
            title="Window of blinks",
            text="Blinks and slow closures of the last so many seconds are compared.",
            source="the PERCLOS window",
        ),
    ] = 60.0
    slow_blink_ratio: Annotated[
        float,
        Limit(
            ge=1.1,
            le=4.0,
            unit="times",
            title="Slow blinks",
            text="Mean blink duration against this driver's own from which blinks are slow.",
            source="durations differ much between people (Caffier et al. 2003); " + OWN,
        ),
    ] = 1.6
    blink_interval_s: Annotated[
        float,
        Limit(
            ge=0.02,
            le=0.2,
            unit="s",
            title="Coarsest interval for a blink",
            text="The duration of a blink is unknown when observations around it were further apart.",
            source=RATES + "; with room for jitter",
        ),
    ] = 0.085
    min_blinks: Annotated[
        int,
        Limit(
            ge=2,
            le=30,
            unit="blinks",
            title="Blinks needed",
            text="Blinks with a known duration before slow blinks are a sign.",
            source=OWN,
        ),
    ] = 5
    min_slow_closures: Annotated[
        int,
        Limit(
            ge=1,
            le=20,
            unit="closures",
            title="Slow closures needed",
            text="Slow closures in the window of blinks that make a sign.",
            source=OWN,
        ),
    ] = 3
    yawn_s: Annotated[
        float,
        Limit(
            ge=1.0,
            le=6.0,
            unit="s",
            title="Yawn",
            text="A mouth wide open for this long is a yawn.",
            source=YAWNS + ", words far less",
        ),
    ] = 2.5
    yawn_face: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.9,
            unit="probability",
            title="Face of a yawn",
            text="Mean probability, by the whole face, that the wide mouth yawns, and neither shouts, laughs nor "
            "talks; below it, however long, it is no yawn.",
            source="the likelier of two answers; " + OWN,
        ),
    ] = 0.5
    min_yawns: Annotated[
        int,
        Limit(
            ge=1,
            le=10,
            unit="yawns",
            title="Yawns needed",
            text="Yawns in their window that make a sign.",
            source=OWN,
        ),
    ] = 1
    nod_deg: Annotated[
        float,
        Limit(
            ge=5.0,
            le=45.0,
            unit="degrees",
            title="Nod",
            text="A head that sinks this far during a closure nods.",
            source="the limit of looking down; " + OWN,
        ),
    ] = 12.0
    nod_after_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=1.0,
            unit="s",
            title="Nod after",
            text="Only what the head sinks after the lids have been down for this long is a nod: who looks down moves "
            "head and lids together.",
            source="the shortest droop; " + OWN,
        ),
    ] = 0.25
    min_nods: Annotated[
        int,
        Limit(
            ge=1,
            le=10,
            unit="nods",
            title="Nods needed",
            text="Nods in their window that make a sign.",
            source=OWN,
        ),
    ] = 1
