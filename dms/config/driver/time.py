"""How far one observation speaks for the time around it."""

from typing import Annotated

from dms.config.driver.sources import NCAP, OWN
from dms.config.limit import Limit
from dms.config.section import Section


class TimeSettings(Section):
    """How far one observation speaks for the time around it."""

    max_gap_s: Annotated[
        float,
        Limit(
            ge=0.1,
            le=1.0,
            unit="s",
            title="Longest gap",
            text="Two like observations further apart than this leave the time between them unknown, but for half of "
            "this on either side.",
            source="half a slow closure (0.5 s), so that none is made up of missing frames; " + OWN,
        ),
    ] = 0.5
    edge_s: Annotated[
        float,
        Limit(
            ge=0.0,
            le=0.25,
            unit="s",
            title="Edge of a change",
            text="A change lies half-way between two observations that differ; each speaks for at most this long of "
            "the time between them, the rest is unknown.",
            source=NCAP + ": tolerance on closure times 0.2 s, half of it at each end",
        ),
    ] = 0.1
    jump_s: Annotated[
        float,
        Limit(
            ge=2.0,
            le=600.0,
            unit="s",
            title="Time jump",
            text="A longer step forward, or one backward by more than the longest gap, is a jump of the clock: all "
            "measures start anew, open alerts stay open.",
            source="the PERCLOS window: after it nothing that was measured counts any more",
        ),
    ] = 60.0
