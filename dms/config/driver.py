"""Limits by which the driver is judged: the ``[driver]`` table of the configuration.

Takes nothing, gives ``DriverSettings``. Every limit carries its unit, bounds and source; docs/driver.md shows them
as a table that is made from here.
"""

from itertools import pairwise
from typing import Any, Self

from pydantic import Field, model_validator

from dms.config.section import Section

# names of docs/sources.md
OWN = "own, held by the scenario tests"
WIERWILLE = "PERCLOS (Wierwille et al. 1994, P80)"
FIELD_TEST = "PERCLOS field test (Blanco et al. 2009)"
NCAP = "Euro NCAP 2026"
BLINKS = "blinks last 0.1 to 0.4 s (Schiffman 2001, Caffier et al. 2003)"
YAWNS = "yawns last 3.5 to 6.5 s (Provine 1986)"
MICROSLEEP = "a third of microsleeps in the EEG last less than 3 s (Hertig-Godeschalk et al. 2020)"
RATES = "PERCLOS wants 10 frames a second or more, blink durations 15"


def limit(default: float, *, ge: float, le: float, unit: str, title: str, text: str, source: str) -> Any:
    """A number with its unit and its source, both in the description and for the table of limits."""
    return Field(
        default,
        ge=ge,
        le=le,
        title=title,
        description=f"{text} Unit: {unit}. Source: {source}.",
        json_schema_extra={"unit": unit, "source": source},
    )


def in_order(**values: float) -> None:
    """Refuse limits that do not rise in the order given.

    Raises:
        ValueError: One is not below the next; both are named.
    """
    for (low_name, low), (high_name, high) in pairwise(values.items()):
        if low >= high:
            raise ValueError(f"{low_name} ({low:g}) must be below {high_name} ({high:g})")


class TimeSettings(Section):
    """How far one observation speaks for the time around it."""

    max_gap_s: float = limit(
        0.5, ge=0.1, le=1.0, unit="s", title="Longest gap",
        text="Two like observations further apart than this leave the time between them unknown, but for half of this "
        "on either side.",
        source="half a slow closure (0.5 s), so that none is made up of missing frames; " + OWN,
    )  # fmt: skip
    edge_s: float = limit(
        0.1, ge=0.0, le=0.25, unit="s", title="Edge of a change",
        text="A change lies half-way between two observations that differ; each speaks for at most this long of the "
        "time between them, the rest is unknown.",
        source=NCAP + ": tolerance on closure times 0.2 s, half of it at each end",
    )  # fmt: skip
    jump_s: float = limit(
        60.0, ge=2.0, le=600.0, unit="s", title="Time jump",
        text="A longer step forward, or one backward by more than the longest gap, is a jump of the clock: all "
        "measures start anew, open alerts stay open.",
        source="the PERCLOS window: after it nothing that was measured counts any more",
    )  # fmt: skip


class EyesSettings(Section):
    """How two eye probabilities become open, closed or unknown.

    The limits apply to the closed probability above this driver's own open-eye level: 0 is that level, 1 is shut.
    """

    closed_limit: float = limit(
        0.6, ge=0.5, le=0.95, unit="share", title="Closed from",
        text="The eyes are closed when both are at or above this.",
        source="hysteresis of 0.1 on either side of the equal-odds point 0.5; " + OWN,
    )  # fmt: skip
    open_limit: float = limit(
        0.4, ge=0.05, le=0.5, unit="share", title="Open up to",
        text="The eyes are open when either is at or below this.",
        source="hysteresis of 0.1 on either side of the equal-odds point 0.5; " + OWN,
    )  # fmt: skip
    hold_s: float = limit(
        0.3, ge=0.0, le=0.5, unit="s", title="Hold between the limits",
        text="Between the two limits the eyes stay what they were for at most this long, then they are unknown.",
        source=BLINKS + "; " + OWN,
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(open_limit=self.open_limit, closed_limit=self.closed_limit)
        return self


class ClosureSettings(Section):
    """The ladder of one closure, by the time for which the eyes were known to be closed."""

    slow_s: float = limit(
        0.5, ge=0.3, le=0.9, unit="s", title="Slow closure",
        text="A closure of this length is no blink any more.",
        source=BLINKS + ", and 0.5 s is no blink any more",
    )  # fmt: skip
    microsleep_s: float = limit(
        1.0, ge=0.7, le=2.0, unit="s", title="Microsleep",
        text="A closure of this length raises `microsleep`.",
        source=NCAP + ": 1 to 2 s; " + MICROSLEEP,
    )  # fmt: skip
    half_shut_microsleep_s: float = limit(
        2.0, ge=0.7, le=5.0, unit="s", title="Microsleep, lids not quite shut",
        text="The same for lids that are not quite shut, as in a frown or a squint.",
        source=NCAP + ": upper end of the microsleep band; " + OWN,
    )  # fmt: skip
    excused_s: float = limit(
        2.0, ge=0.7, le=5.0, unit="s", title="Microsleep, explained",
        text="The same for a closure of which half is explained by a laugh or a yawn, or that began as the head went "
        "down.",
        source=NCAP + ": upper end of the microsleep band; " + OWN,
    )  # fmt: skip
    asleep_s: float = limit(
        3.0, ge=1.5, le=5.0, unit="s", title="Asleep",
        text="A closure of this length raises `asleep`, whatever else is seen. A closure of which half is explained by "
        "a head that is turned down or aside raises nothing before.",
        source=NCAP + ": sleep >= 3 s",
    )  # fmt: skip
    unresponsive_s: float = limit(
        6.0, ge=3.0, le=15.0, unit="s", title="Unresponsive",
        text="A closure of this length raises `unresponsive`.",
        source=NCAP + ": unresponsive driver, closed >= 6 s",
    )  # fmt: skip
    no_return_s: float = limit(
        3.0, ge=1.0, le=10.0, unit="s", title="No return",
        text="No open eyes for this long after `asleep` raises `unresponsive`; a picture that cannot be judged stops "
        "this clock.",
        source=NCAP + ": no gaze return within 3 s of a warning",
    )  # fmt: skip
    reopen_s: float = limit(
        0.15, ge=0.0, le=0.3, unit="s", title="Reopened",
        text="A closure is over when the eyes have been open for this long; a shorter glimpse does not end it and does "
        "not count as closed.",
        source="no one opens and shuts the eyes within it; bridges single misread frames; " + OWN,
    )  # fmt: skip
    bridge_s: float = limit(
        1.0, ge=0.0, le=3.0, unit="s", title="Bridge",
        text="A closure survives unknown eyes for this long; its clock stands still meanwhile.",
        source=OWN,
    )  # fmt: skip
    one_eye_weight: float = limit(
        0.5, ge=0.1, le=1.0, unit="share", title="Weight of one eye",
        text="Time in which one eye is closed and the other unknown counts by this much on the ladder.",
        source="one eye of two; " + OWN,
    )  # fmt: skip
    half_shut: float = limit(
        0.75, ge=0.5, le=0.95, unit="share", title="Shut for certain",
        text="A closure whose mean closedness (0 this driver's open eye, 1 shut) is below this is not quite shut.",
        source="P80 calls an eye closed at 80 % and more; " + OWN,
    )  # fmt: skip
    laugh_limit: float = limit(
        0.9, ge=0.2, le=1.0, unit="probability", title="Laughing",
        text="Happiness at or above this explains a closure: a laugh lowers the lids, a smile does not.",
        source="in the laughs of our development clips that lower the lids, every frame has 0.97 or more; " + OWN,
    )  # fmt: skip
    yawn_limit: float = limit(
        0.5, ge=0.2, le=1.0, unit="probability", title="Yawning",
        text="A wide-open mouth at or above this explains a closure, and is a yawn if it lasts.",
        source="the likelier of two answers; " + OWN,
    )  # fmt: skip
    down_deg: float = limit(
        10.0, ge=5.0, le=45.0, unit="degrees", title="Looking down",
        text="A head this far below its resting pitch looks down, which lowers the lids and explains a closure.",
        source="a console or a phone lies 20 to 40 degrees below the road; half of the smaller; " + OWN,
    )  # fmt: skip
    step_deg: float = limit(
        4.0, ge=1.0, le=20.0, unit="degrees", title="Head goes down",
        text="A head that goes down this far with the falling lids looks down; who falls asleep shuts the eyes first.",
        source="of our development clips 3 and 5 degrees already fail one; " + OWN,
    )  # fmt: skip
    step_gap_s: float = limit(
        0.1, ge=0.0, le=0.5, unit="s", title="Head goes down, gap",
        text="This long on either side of the moment the lids fall is left out: lids that move make a pitch uncertain.",
        source=BLINKS + ": lids fall within it; " + OWN,
    )  # fmt: skip
    step_window_s: float = limit(
        0.6, ge=0.2, le=0.9, unit="s", title="Head goes down, window",
        text="The head's pitch is the median up to this long before and after that moment.",
        source="shorter than a microsleep, and two frames at 5 a second; " + OWN,
    )  # fmt: skip
    aside_deg: float = limit(
        20.0, ge=10.0, le=60.0, unit="degrees", title="Looking aside",
        text="A head turned this far from its resting yaw looks aside, which hides lids and explains a closure.",
        source="the near mirror; beyond it one eye sees little of the road; " + OWN,
    )  # fmt: skip
    profile_deg: float = limit(
        28.0, ge=15.0, le=60.0, unit="degrees", title="Profile",
        text="Of a head turned this far from the camera, and aside from where it rests, no eye is believed.",
        source="at 32 degrees the nose hides half of the farther eye; before a mirror camera the head rests there; "
        + OWN,
    )  # fmt: skip

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
        in_order(step_gap_s=self.step_gap_s, step_window_s=self.step_window_s)
        return self


class PerclosSettings(Section):
    """PERCLOS: the share of valid time with closed eyes, and what makes it `drowsy`."""

    window_s: float = limit(
        60.0, ge=20.0, le=300.0, unit="s", title="Window",
        text="Length of the sliding window, by presentation time.", source=WIERWILLE,
    )  # fmt: skip
    min_closure_s: float = limit(
        0.25, ge=0.0, le=0.5, unit="s", title="Shortest droop",
        text="Shorter closures are blinks and do not count as closed time.",
        source="it measures droops; " + BLINKS,
    )  # fmt: skip
    min_valid_share: float = limit(
        0.5, ge=0.1, le=1.0, unit="share", title="Least valid time",
        text="Below this share of the window with known eyes, PERCLOS is unknown.",
        source=FIELD_TEST + ": most false alerts came from eyes that were not seen; " + OWN,
    )  # fmt: skip
    max_interval_s: float = limit(
        0.15, ge=0.04, le=0.5, unit="s", title="Coarsest interval",
        text="PERCLOS is unknown while observations are further apart than this on average: a droop could hide there.",
        source=RATES + "; with room for dropped frames",
    )  # fmt: skip
    advisory: float = limit(
        0.08, ge=0.02, le=0.5, unit="share", title="Advisory",
        text="`drowsy` from this on together with a second sign.", source=FIELD_TEST,
    )  # fmt: skip
    warning: float = limit(
        0.12, ge=0.02, le=0.6, unit="share", title="Warning",
        text="`drowsy` from this on without a second sign.", source=FIELD_TEST,
    )  # fmt: skip
    clear: float = limit(
        0.06, ge=0.0, le=0.5, unit="share", title="Clear",
        text="`drowsy` is over below this.", source="hysteresis of a quarter below the advisory level; " + OWN,
    )  # fmt: skip
    min_droops: int = limit(
        3, ge=1, le=20, unit="closures", title="Droops needed",
        text="Closures of the shortest droop or longer that the window must hold before PERCLOS means `drowsy`: one "
        "long closure is for the ladder to tell.", source=OWN,
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(clear=self.clear, advisory=self.advisory, warning=self.warning)
        return self


class SignsSettings(Section):
    """The second, independent sign that `drowsy` needs at the advisory level."""

    window_s: float = limit(
        180.0, ge=30.0, le=900.0, unit="s", title="Window of yawns and nods",
        text="How long a yawn or a nod stays a sign.",
        source="one yawn in a few minutes is enough to corroborate; " + OWN,
    )  # fmt: skip
    blink_window_s: float = limit(
        60.0, ge=20.0, le=300.0, unit="s", title="Window of blinks",
        text="Blinks and slow closures of the last so many seconds are compared.", source="the PERCLOS window",
    )  # fmt: skip
    slow_blink_ratio: float = limit(
        1.6, ge=1.1, le=4.0, unit="times", title="Slow blinks",
        text="Mean blink duration against this driver's own from which blinks are slow.",
        source="durations differ much between people (Caffier et al. 2003); " + OWN,
    )  # fmt: skip
    blink_interval_s: float = limit(
        0.085, ge=0.02, le=0.2, unit="s", title="Coarsest interval for a blink",
        text="The duration of a blink is unknown when observations around it were further apart.",
        source=RATES + "; with room for jitter",
    )  # fmt: skip
    min_blinks: int = limit(
        5, ge=2, le=30, unit="blinks", title="Blinks needed",
        text="Blinks with a known duration before slow blinks are a sign.", source=OWN,
    )  # fmt: skip
    min_slow_closures: int = limit(
        3, ge=1, le=20, unit="closures", title="Slow closures needed",
        text="Slow closures in the window of blinks that make a sign.", source=OWN,
    )  # fmt: skip
    yawn_s: float = limit(
        2.5, ge=1.0, le=6.0, unit="s", title="Yawn",
        text="A mouth wide open for this long is a yawn.",
        source=YAWNS + ", words far less",
    )  # fmt: skip
    min_yawns: int = limit(
        1, ge=1, le=10, unit="yawns", title="Yawns needed",
        text="Yawns in their window that make a sign.", source=OWN,
    )  # fmt: skip
    nod_deg: float = limit(
        12.0, ge=5.0, le=45.0, unit="degrees", title="Nod",
        text="A head that sinks this far during a closure nods.", source="the limit of looking down; " + OWN,
    )  # fmt: skip
    nod_after_s: float = limit(
        0.25, ge=0.0, le=1.0, unit="s", title="Nod after",
        text="Only what the head sinks after the lids have been down for this long is a nod: who looks down moves head "
        "and lids together.",
        source="the shortest droop; " + OWN,
    )  # fmt: skip
    min_nods: int = limit(
        1, ge=1, le=10, unit="nods", title="Nods needed",
        text="Nods in their window that make a sign.", source=OWN,
    )  # fmt: skip


class BaselineSettings(Section):
    """What is normal for this driver, learned once and then left alone."""

    learn_s: float = limit(
        60.0, ge=10.0, le=600.0, unit="s", title="Learning time",
        text="Valid time after which a part of the baseline is learned and frozen.",
        source="the first minutes, before the driver tires; " + OWN,
    )  # fmt: skip
    open_prior: float = limit(
        0.15, ge=0.0, le=0.5, unit="probability", title="Open-eye level, prior",
        text="Closed probability of open eyes before anything is learned.",
        source="between a wide-open (0.02) and a narrow eye; " + OWN,
    )  # fmt: skip
    open_max: float = limit(
        0.5, ge=0.0, le=0.7, unit="probability", title="Open-eye level, clamp",
        text="The learned open-eye level is never above this, so that shut eyes cannot be learned as open.",
        source="the equal-odds point; " + OWN,
    )  # fmt: skip
    blink_prior_s: float = limit(
        0.2, ge=0.05, le=0.5, unit="s", title="Blink duration, prior",
        text="Blink duration before anything is learned.", source=BLINKS,
    )  # fmt: skip
    blink_min_s: float = limit(
        0.1, ge=0.05, le=0.5, unit="s", title="Blink duration, lower clamp",
        text="The learned blink duration is never below this.", source=BLINKS,
    )  # fmt: skip
    blink_max_s: float = limit(
        0.3, ge=0.05, le=0.5, unit="s", title="Blink duration, upper clamp",
        text="The learned blink duration is never above this, so that a driver who starts out tired is not normal.",
        source=BLINKS,
    )  # fmt: skip
    blinks: int = limit(
        20, ge=5, le=200, unit="blinks", title="Blinks to learn",
        text="Blinks from which the blink duration is learned.", source="one to two minutes of an awake driver; " + OWN,
    )  # fmt: skip
    head_s: float = limit(
        5.0, ge=1.0, le=60.0, unit="s", title="Resting head after",
        text="The resting pitch and yaw of the head start at the first reading; their medians are trusted in full when "
        "it was seen for this long.",
        source="longer than a glance (2 s) and a look around; " + OWN,
    )  # fmt: skip
    head_memory_s: float = limit(
        300.0, ge=30.0, le=3600.0, unit="s", title="Memory of the resting head",
        text="Time constant with which they follow a seat or a camera that is moved.",
        source=OWN,
    )  # fmt: skip
    pitch_max_deg: float = limit(
        25.0, ge=0.0, le=60.0, unit="degrees", title="Resting pitch, clamp",
        text="The resting pitch is never further from 0 than this.",
        source="how steeply a camera on a dashboard or at a mirror looks; " + OWN,
    )  # fmt: skip
    yaw_max_deg: float = limit(
        45.0, ge=0.0, le=80.0, unit="degrees", title="Resting yaw, clamp",
        text="The resting yaw is never further from 0 than this.",
        source="how far aside a camera at a pillar or a mirror stands; " + OWN,
    )  # fmt: skip
    anger_prior: float = limit(
        0.15, ge=0.0, le=0.5, unit="probability", title="Resting anger, prior",
        text="Anger of the resting face before anything is learned.",
        source="faces that rest measure 0.02 to 0.3; " + OWN,
    )  # fmt: skip
    fit_s: float = limit(
        30.0, ge=10.0, le=120.0, unit="s", title="A kept baseline must fit for",
        text="Valid time after which a kept open-eye level is compared with what was seen since the start.",
        source="half of the learning time; " + OWN,
    )  # fmt: skip
    fit_max: float = limit(
        0.2, ge=0.05, le=0.7, unit="probability", title="Misfit of a kept baseline",
        text="An open-eye level that differs by more is somebody else's: the driver is learned anew in this drive.",
        source="above the spread of one person's level between drives; " + OWN,
    )  # fmt: skip
    anger_max: float = limit(
        0.5, ge=0.0, le=0.8, unit="probability", title="Resting anger, clamp",
        text="The learned resting anger is never above this, so that rage cannot be learned as normal.",
        source=OWN,
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(blink_min_s=self.blink_min_s, blink_max_s=self.blink_max_s)
        return self


class AngerSettings(Section):
    """When a face is angry. No regulation has a criterion: it is published as information with its evidence."""

    average_s: float = limit(
        3.0, ge=0.5, le=30.0, unit="s", title="Averaging time",
        text="Time constant of the average over emotions; unknown time is left out.",
        source="a shout or a frown of half a second must not carry it; " + OWN,
    )  # fmt: skip
    hold_s: float = limit(
        1.0, ge=0.1, le=3.0, unit="s", title="Hold of a sample",
        text="One reading of the face speaks for at most this long.",
        source="emotions may be read at a lower rate than the eyes, once a second at least; " + OWN,
    )  # fmt: skip
    min_valid_share: float = limit(
        0.5, ge=0.1, le=1.0, unit="share", title="Least valid time",
        text="Below this share of known readings in the average, anger is unknown.", source=OWN,
    )  # fmt: skip
    irritated: float = limit(
        0.4, ge=0.1, le=0.95, unit="share", title="Irritated from",
        text="Mean anger above the resting face from which the driver is irritated.", source=OWN,
    )  # fmt: skip
    irritated_s: float = limit(
        3.0, ge=0.5, le=60.0, unit="s", title="Irritated for",
        text="How long the mean must stay there.", source="longer than a shout or a laugh distorts the mean; " + OWN,
    )  # fmt: skip
    angry: float = limit(
        0.6, ge=0.1, le=0.99, unit="share", title="Angry from",
        text="Mean anger above the resting face from which the driver is angry.", source=OWN,
    )  # fmt: skip
    angry_s: float = limit(
        8.0, ge=0.5, le=120.0, unit="s", title="Angry for",
        text="How long the mean must stay there.", source=OWN,
    )  # fmt: skip
    clear: float = limit(
        0.25, ge=0.0, le=0.9, unit="share", title="Clear below",
        text="Mean anger below which the alert may end.", source="hysteresis; " + OWN,
    )  # fmt: skip
    clear_s: float = limit(
        5.0, ge=0.5, le=120.0, unit="s", title="Clear for",
        text="How long the mean must stay there; twice as long after `angry`.", source=OWN,
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(clear=self.clear, irritated=self.irritated, angry=self.angry)
        in_order(irritated_s=self.irritated_s, angry_s=self.angry_s)
        return self


class DegradedSettings(Section):
    """When the driver cannot be judged."""

    after_s: float = limit(
        9.5, ge=2.0, le=10.0, unit="s", title="Degraded after",
        text="Eyes unknown for this long make the state `degraded`.",
        source=NCAP + ": tell the driver within 10 s; less half a second for the slowest camera",
    )  # fmt: skip
    picture_s: float = limit(
        0.8, ge=0.2, le=10.0, unit="s", title="Degraded without a picture",
        text="No picture, or a dark one, for this long makes the state `degraded`.",
        source="a camera that fails is told within 2 s; shorter than `camera.stall_s`, which has passed then; " + OWN,
    )  # fmt: skip
    share_window_s: float = limit(
        20.0, ge=10.0, le=60.0, unit="s", title="Window of the known share",
        text="Over this long the share of time with known eyes is watched.",
        source=NCAP + ": twice the 10 s after which an occlusion is told; " + OWN,
    )  # fmt: skip
    min_known_share: float = limit(
        0.5, ge=0.1, le=0.9, unit="share", title="Least known share",
        text="Eyes known for less than this share of the window make the state `degraded`, and never `attentive`.",
        source="as `perclos.min_valid_share`; " + OWN,
    )  # fmt: skip
    turned_share: float = limit(
        0.5, ge=0.1, le=1.0, unit="share", title="Turned picture",
        text="A face that stands askew in the picture for this share of `degraded.after_s` within the window, and for "
        "longer than it was known, makes the state `degraded`: the camera is turned.",
        source="nine of ten frames of a camera upside down show it; " + OWN,
    )  # fmt: skip
    recover_s: float = limit(
        1.0, ge=0.1, le=5.0, unit="s", title="Recovered after",
        text="Known eyes for this long take it back; known time runs the clock of the unknown back at that rate, so "
        "that single glimpses do not hide it.",
        source=OWN,
    )  # fmt: skip
    glance_s: float = limit(
        2.0, ge=0.5, le=5.0, unit="s", title="Glance",
        text="Eyes unknown for longer than this are no glance: the state says `attentive` no more.",
        source="glances away from the road last under 2 s (NHTSA visual-manual guidelines 2013)",
    )  # fmt: skip
    starting_s: float = limit(
        3.0, ge=0.5, le=60.0, unit="s", title="Starting",
        text="Known eyes for this long before anything but a closure is said.", source=OWN,
    )  # fmt: skip


class LifecycleSettings(Section):
    """How alerts repeat and end."""

    repeat_s: float = limit(
        10.0, ge=1.0, le=300.0, unit="s", title="Repeat",
        text="An open alert that nobody acknowledged sends an `update` this often.", source=OWN,
    )  # fmt: skip
    drowsy_recover_s: float = limit(
        2.0, ge=0.5, le=60.0, unit="s", title="Recovery from drowsy",
        text="Open eyes, but for blinks, for this long end the alert once PERCLOS has cleared.", source=OWN,
    )  # fmt: skip
    microsleep_recover_s: float = limit(
        3.0, ge=0.5, le=60.0, unit="s", title="Recovery from a microsleep",
        text="Open eyes, but for blinks, for this long end it.", source=NCAP + ": gaze return within 3 s",
    )  # fmt: skip
    asleep_recover_s: float = limit(
        10.0, ge=1.0, le=120.0, unit="s", title="Recovery from sleep",
        text="`asleep` latches until the eyes have been open, but for blinks, for this long.", source=OWN,
    )  # fmt: skip
    unresponsive_recover_s: float = limit(
        20.0, ge=1.0, le=300.0, unit="s", title="Recovery from unresponsive",
        text="`unresponsive` latches until the eyes have been open, but for blinks, for this long.", source=OWN,
    )  # fmt: skip
    lost_s: float = limit(
        60.0, ge=5.0, le=600.0, unit="s", title="Lost",
        text="An alert that does not latch ends when nothing was known for this long; latched ones stay.",
        source="the PERCLOS window: after it nothing that was measured counts any more",
    )  # fmt: skip
    drowsy_cooldown_s: float = limit(
        60.0, ge=0.0, le=1800.0, unit="s", title="Cooldown of drowsy",
        text="No new `drowsy` for this long after a fatigue alert; closures have no cooldown.",
        source="the PERCLOS window: the same closures would raise it again",
    )  # fmt: skip
    anger_cooldown_s: float = limit(
        30.0, ge=0.0, le=1800.0, unit="s", title="Cooldown of anger",
        text="No new anger alert of the same or a milder level for this long after one.", source=OWN,
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        in_order(
            drowsy_recover_s=self.drowsy_recover_s,
            microsleep_recover_s=self.microsleep_recover_s,
            asleep_recover_s=self.asleep_recover_s,
            unresponsive_recover_s=self.unresponsive_recover_s,
        )
        return self


class SpeedSettings(Section):
    """Vehicle speed gates; without a speed there is no gate."""

    closures_kmh: float = limit(
        20.0, ge=0.0, le=130.0, unit="km/h", title="Gate of closures",
        text="Below this speed no closure raises an alert.", source=NCAP + ": from 20 km/h",
    )  # fmt: skip
    drowsy_kmh: float = limit(
        50.0, ge=0.0, le=130.0, unit="km/h", title="Gate of drowsy",
        text="Below this speed `drowsy` is not raised.", source=NCAP + ": from 50 km/h",
    )  # fmt: skip
    hold_s: float = limit(
        5.0, ge=0.5, le=60.0, unit="s", title="Hold of a speed",
        text="A speed older than this is absent.", source="a vehicle's speed changes by a gate in this time; " + OWN,
    )  # fmt: skip


class DriverSettings(Section):
    """The ``[driver]`` table."""

    time: TimeSettings = Field(TimeSettings(), title="Time", description="How far one observation speaks.")
    eyes: EyesSettings = Field(EyesSettings(), title="Eyes", description="Open, closed or unknown.")
    closure: ClosureSettings = Field(ClosureSettings(), title="Closures", description="The ladder of one closure.")
    perclos: PerclosSettings = Field(PerclosSettings(), title="PERCLOS", description="Droops over a minute.")
    signs: SignsSettings = Field(SignsSettings(), title="Second signs", description="What corroborates PERCLOS.")
    baseline: BaselineSettings = Field(
        BaselineSettings(), title="Baseline", description="What is normal for this driver."
    )
    anger: AngerSettings = Field(AngerSettings(), title="Anger", description="When a face is angry.")
    degraded: DegradedSettings = Field(DegradedSettings(), title="Degraded", description="When nothing can be judged.")
    life: LifecycleSettings = Field(
        LifecycleSettings(), title="Life cycle", description="Repeats, endings and cooldowns of alerts."
    )
    speed: SpeedSettings = Field(
        SpeedSettings(), title="Speed gates", description="From which speed alerts are raised."
    )
