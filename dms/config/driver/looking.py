"""When the head says that shut lids look somewhere: down, aside. Part of the table of closures."""

from typing import Annotated, Self

from pydantic import model_validator

from dms.config.driver.sources import BLINKS, NCAP, OWN
from dms.config.limit import Limit, in_order
from dms.config.section import Section


class LookingSettings(Section):
    """What the head explains of a closure."""

    down_deg: Annotated[
        float,
        Limit(
            ge=5.0,
            le=45.0,
            unit="degrees",
            title="Looking down",
            text="A head this far below its resting pitch looks down, which lowers the lids and explains a closure.",
            source="a console or a phone lies 20 to 40 degrees below the road; half of the smaller; " + OWN,
        ),
    ] = 10.0
    step_deg: Annotated[
        float,
        Limit(
            ge=1.0,
            le=20.0,
            unit="degrees",
            title="Head goes down",
            text="A head that goes down this far with the falling lids looks down; who falls asleep shuts the eyes "
            "first.",
            source="3 and 5 degrees each failed a development clip before there was a net for lids; " + OWN,
        ),
    ] = 4.0
    step_gap_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="s",
            title="Head goes down, gap",
            text="This long on either side of the moment the lids fall is left out: lids that move make a pitch "
            "uncertain.",
            source=BLINKS + ": lids fall within it; " + OWN,
        ),
    ] = 0.1
    step_window_s: Annotated[
        float,
        Limit(
            ge=0.2,
            le=0.9,
            unit="s",
            title="Head goes down, window",
            text="The head's pitch is the median up to this long before and after that moment.",
            source="shorter than a microsleep, and two frames at 5 a second; " + OWN,
        ),
    ] = 0.6
    lowered_limit: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="probability",
            title="Lowered lids",
            text="Lids that are down belong to eyes that look down when the mean answer of lid net and edges is at "
            "least this and the head moved as below; such eyes are open.",
            source="studies/lids_apart.py and leave_clips_out.py; " + OWN,
        ),
    ] = 0.35
    lowered_likely: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="probability",
            title="Eyes lowered",
            text="Open eyes look down from this answer of lid net and edges on, whatever the head does.",
            source="the likelier of two answers; " + OWN,
        ),
    ] = 0.5
    shut_limit: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.5,
            unit="probability",
            title="Surely shut lids",
            text="Lids that are down are shut without a doubt when the mean answer of lid net and edges is at most "
            "this: then a head that is down, or went down with them, excuses no closure of a face that has not just "
            "laughed.",
            source="studies/leave_clips_out.py: of no clip left out is it below 0.45 while somebody looks down; " + OWN,
        ),
    ] = 0.2
    lowered_window_s: Annotated[
        float,
        Limit(
            ge=0.3,
            le=3.0,
            unit="s",
            title="Lowered lids, window",
            text="The mean answer of lid net and edges over this long.",
            source="as long as a microsleep; " + OWN,
        ),
    ] = 1.0
    lowered_max_s: Annotated[
        float,
        Limit(
            ge=1.5,
            le=15.0,
            unit="s",
            title="Lowered lids, longest",
            text="Lids that are down for longer than this are shut, whatever is seen.",
            source=NCAP + ": unresponsive driver, closed >= 6 s",
        ),
    ] = 6.0
    turn_deg: Annotated[
        float,
        Limit(
            ge=0.5,
            le=20.0,
            unit="degrees",
            title="Head turns",
            text="A head whose yaw spreads this far (standard deviation) while the lids are down is not asleep, if the "
            "lid net finds lowered lids likely.",
            source="in the first second 1.6 at most over the shut eyes of our development clips, 2.4 and more of heads "
            "that look about; " + OWN,
        ),
    ] = 2.2
    turn_window_s: Annotated[
        float,
        Limit(
            ge=0.5,
            le=4.0,
            unit="s",
            title="Head turns, window",
            text="The spread of the yaw over this long.",
            source=OWN,
        ),
    ] = 2.0
    aside_deg: Annotated[
        float,
        Limit(
            ge=10.0,
            le=60.0,
            unit="degrees",
            title="Looking aside",
            text="A head turned this far from its resting yaw looks aside, which hides lids and explains a closure.",
            source="the near mirror; beyond it one eye sees little of the road; " + OWN,
        ),
    ] = 20.0
    profile_deg: Annotated[
        float,
        Limit(
            ge=15.0,
            le=60.0,
            unit="degrees",
            title="Profile",
            text="Of a head turned this far from the camera, and aside from where it rests, only "
            "plainly open eyes are believed (`eyes.profile_open_limit`).",
            source="at 32 degrees the nose hides half of the farther eye; before a mirror camera the head rests there; "
            + OWN,
        ),
    ] = 28.0

    @model_validator(mode="after")
    def _step_in_order(self) -> Self:
        in_order(step_gap_s=self.step_gap_s, step_window_s=self.step_window_s)
        return self
