"""The ladder of one closure, by the time for which the eyes were known to be closed."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.looking import LookingSettings
from dms.config.driver.sources import BLINKS, MICROSLEEP, NCAP, OWN
from dms.config.limit import Limit, in_order


class ClosureSettings(LookingSettings):
    """The ladder of one closure, by the time for which the eyes were known to be closed."""

    slow_s: Annotated[
        float,
        Limit(
            ge=0.3,
            le=0.9,
            unit="s",
            title="Slow closure",
            text="A closure of this length is no blink any more.",
            source=BLINKS + ", and 0.5 s is no blink any more",
        ),
    ] = 0.5
    microsleep_s: Annotated[
        float,
        Limit(
            ge=0.7,
            le=2.0,
            unit="s",
            title="Microsleep",
            text="A closure of this length raises `microsleep`.",
            source=NCAP + ": 1 to 2 s; " + MICROSLEEP,
        ),
    ] = 1.0
    half_shut_microsleep_s: Annotated[
        float,
        Limit(
            ge=0.7,
            le=5.0,
            unit="s",
            title="Microsleep, lids not quite shut",
            text="The same for lids that are not quite shut, as in a frown or a squint.",
            source=NCAP + ": upper end of the microsleep band; " + OWN,
        ),
    ] = 2.0
    excused_s: Annotated[
        float,
        Limit(
            ge=0.7,
            le=5.0,
            unit="s",
            title="Microsleep, explained",
            text="The same for a closure of which half is explained by a laugh or a wide mouth, or that began as the "
            "head went down.",
            source=NCAP + ": upper end of the microsleep band; " + OWN,
        ),
    ] = 2.0
    asleep_s: Annotated[
        float,
        Limit(
            ge=1.5,
            le=5.0,
            unit="s",
            title="Asleep",
            text="A closure of this length raises `asleep`, whatever else is seen. A closure of which half is "
            "explained by a head that is turned down or aside raises nothing before.",
            source=NCAP + ": sleep >= 3 s",
        ),
    ] = 3.0
    unresponsive_s: Annotated[
        float,
        Limit(
            ge=3.0,
            le=15.0,
            unit="s",
            title="Unresponsive",
            text="A closure of this length raises `unresponsive`.",
            source=NCAP + ": unresponsive driver, closed >= 6 s",
        ),
    ] = 6.0
    no_return_s: Annotated[
        float,
        Limit(
            ge=1.0,
            le=10.0,
            unit="s",
            title="No return",
            text="No open eyes for this long after `asleep` raises `unresponsive`; a picture that cannot be judged "
            "stops this clock.",
            source=NCAP + ": no gaze return within 3 s of a warning",
        ),
    ] = 3.0
    reopen_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.3,
            unit="s",
            title="Reopened",
            text="A closure is over when the eyes have been open for this long; a shorter glimpse does not end it and "
            "does not count as closed.",
            source="no one opens and shuts the eyes within it; bridges single misread frames; " + OWN,
        ),
    ] = 0.15
    bridge_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=3.0,
            unit="s",
            title="Bridge",
            text="A closure survives unknown eyes for this long; its clock stands still meanwhile.",
            source=OWN,
        ),
    ] = 1.0
    one_eye_weight: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="share",
            title="Weight of one eye",
            text="Time in which one eye is closed and the other unknown, or both seen in profile, counts by this much "
            "on the ladder.",
            source="one eye of two; " + OWN,
        ),
    ] = 0.5
    half_shut: Annotated[
        float,
        Limit(
            ge=0.5,
            le=0.95,
            unit="share",
            title="Shut for certain",
            text="A closure whose mean closedness (0 this driver's open eye, 1 shut) is below this is not quite shut.",
            source="P80 calls an eye closed at 80 % and more; " + OWN,
        ),
    ] = 0.75
    laugh_limit: Annotated[
        float,
        Limit(
            ge=0.2,
            le=1.0,
            unit="probability",
            title="Laughing",
            text="Happiness at or above this explains a closure: a laugh lowers the lids, a smile does not.",
            source="in the laughs of our development clips that lower the lids, every frame has 0.97 or more; " + OWN,
        ),
    ] = 0.9
    yawn_limit: Annotated[
        float,
        Limit(
            ge=0.2,
            le=1.0,
            unit="probability",
            title="Yawning",
            text="A wide-open mouth at or above this explains a closure, and is a yawn if it lasts and the face yawns.",
            source="the likelier of two answers; " + OWN,
        ),
    ] = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(
            slow_s=self.slow_s,
            microsleep_s=self.microsleep_s,
            asleep_s=self.asleep_s,
            unresponsive_s=self.unresponsive_s,
        )
        for name in ("half_shut_microsleep_s", "excused_s"):
            if not self.microsleep_s <= getattr(self, name) <= self.asleep_s:
                raise ValueError(f"{name} must lie between microsleep_s and asleep_s")
        return self
