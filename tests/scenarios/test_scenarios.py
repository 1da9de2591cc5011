"""Named drives: each says what must be raised, when, and by that what must not, at every camera that can carry it."""

from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

import pytest

from dms.driver import Baseline, DriverChange, VehicleSpeed
from dms.driver.state import AngerLevel, FatigueLevel
from dms.observation import View, WideMouth

from .drives import (
    CAMERAS,
    DROOPS_GONE,
    EMOTIONS_EVERY_S,
    LIMITS,
    Camera,
    Drive,
    Step,
    cost,
    differences,
    drive,
    ends,
    ride,
    rises,
    starts,
)

DROWSY, MICROSLEEP, ASLEEP, UNRESPONSIVE = FatigueLevel
IRRITATED, ANGRY = AngerLevel
CLOSURE, LIFE = LIMITS.closure, LIMITS.life
PRIOR = LIMITS.baseline.anger_prior
FIRST_READINGS_S = -LIMITS.anger.average_s * log(1 - LIMITS.anger.min_valid_share)
"""Until the mean of anger rests on enough of them."""
GOLDEN = 0.6180339887
KNOWN_DRIVER = DriverChange(0.0, Baseline(0.04, 1.0, 0.3, 1.0, 0.03, 1.0))
"""Somebody who blinks slowly by nature: droops of less than half a second are no slow blinks."""


@dataclass(frozen=True)
class Scenario:
    """A drive and all that must come of it.

    Attributes:
        least_rate: The rate from which the camera can see what the scenario is about.
    """

    name: str
    told: Drive
    expected: tuple[Step, ...] = ()
    least_rate: float = 5.0


def closure(seconds: float, **look: object) -> Drive:
    return drive().awake(65).mark("shut").closed(seconds, **look).mark("open").open(40).awake(60)


def moving(yaw: float, **look: object) -> Drive:
    """A second of lids down under a head that turns to and fro."""
    return drive().times(2, drive().closed(0.25, yaw=yaw, **look).closed(0.25, yaw=-yaw, **look))


def long_shut(second: Drive) -> Drive:
    return drive().awake(65).mark("shut").times(4, second).mark("open").open(40).awake(60)


def reaches(limit: float, resting: float = 0.03, rage: float = 0.9) -> float:
    """Seconds of rage (on a face of 0.03) until the mean above a resting face reaches a limit."""
    share = (limit * (1 - resting) + resting - 0.03) / (rage - 0.03)
    return -LIMITS.anger.average_s * log(1 - share)


def falls(limit: float, resting: float = 0.03, rage: float = 0.9) -> float:
    """Seconds of calm after it until the mean is down to a limit."""
    return LIMITS.anger.average_s * log((rage - 0.03) / (limit * (1 - resting) + resting - 0.03))


def early(number: int) -> float:
    """How much before the end of its turn a droop ends."""
    return 0.2 * (number * GOLDEN % 1.0)


def droops(told: Drive, count: int, every: float, seconds: float = 0.64, **look: object) -> Drive:
    """Lids that droop, at times that no frame rate is in step with."""
    for number in range(count):
        told.open(every - seconds - early(number), **look).closed(seconds, **look).open(early(number), **look)
    return told


def slide() -> Drive:
    """An hour in which the lids droop for 0.64 s ever more often: 3, 6, then 9 times a minute.

    The eighth droop within one minute carries PERCLOS from 7.5 to 8.5 %; that is the fourth of the last stage.
    """
    told = drive().awake(1800)
    droops(told, 40, 20.0)
    droops(told, 60, 10.3)
    return droops(droops(told, 4, 6.8).mark("advisory"), 21, 6.8)


PERCLOS_CLEARS = ends(DROWSY, DROOPS_GONE, 0.0, slack_s=0.64)
"""`drowsy` ends while the droop leaves the window that takes PERCLOS to its clear level."""
MICROSLEEP_ONLY = (
    starts(MICROSLEEP, "shut", CLOSURE.microsleep_s),
    ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
)
TO_SLEEP = (starts(MICROSLEEP, "shut", CLOSURE.microsleep_s), rises(ASLEEP, "shut", CLOSURE.asleep_s))
ASLEEP_SHORTLY = (*TO_SLEEP, ends(ASLEEP, "open", LIFE.asleep_recover_s))

SCENARIOS = (
    Scenario(
        "awake driver with glances",
        drive().times(10, drive().awake(30).away(1.5).awake(20).away(0.8).awake(7)),
    ),
    Scenario(
        "blinks only", drive().times(60, drive().open(2.7).closed(0.1).open(2.6).closed(0.2).open(3).closed(0.35))
    ),
    Scenario(
        "talker and laugher",
        drive()
        .awake(30)
        .times(
            30,
            drive()
            .times(4, drive().open(0.4, yawn=0.7).open(0.3, yawn=0.1))
            .closed(1.6, left=0.7, right=0.8, happiness=0.97, yawn=0.6)
            .awake(8),
        ),
    ),
    Scenario("laughs with shut eyes", closure(CLOSURE.excused_s - 0.25, happiness=0.97)),
    Scenario("yawns with shut eyes", closure(CLOSURE.excused_s - 0.25, yawn=0.9)),
    Scenario("yawns with shut eyes, one of them in view", closure(CLOSURE.excused_s - 0.25, right=None, yawn=0.9)),
    Scenario(
        "sleeps through a yawn: it excuses for so long, one eye in view or two",
        closure(2.6, right=None, yawn=0.9),
        (
            starts(MICROSLEEP, "shut", CLOSURE.excused_s),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario(
        "sleeps after a yawn: time that nothing explains counts by itself",
        drive().awake(65).mark("shut").closed(0.9, yawn=0.9).closed(1.7).mark("open").open(40),
        (
            starts(MICROSLEEP, "shut", 0.9 + CLOSURE.microsleep_s, slack_s=0.1),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario(
        "squints with one eye in view",
        closure(CLOSURE.half_shut_microsleep_s + 0.6, left=0.68, right=None),
        (
            starts(MICROSLEEP, "shut", CLOSURE.half_shut_microsleep_s),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario("looks down at the console", drive().awake(65).times(8, drive().closed(2.7, pitch=-25.0).awake(12))),
    Scenario(
        "glances down with lids and head together",
        drive().awake(65).times(14, drive().closed(1.7, pitch=-6.0).open(2.9, pitch=0.0)),
    ),
    Scenario(
        "looks down at a phone, by the net and the head that goes down",
        drive().awake(65).times(5, drive().closed(5.0, pitch=-6.0, looking_down=0.8).awake(12)),
    ),
    Scenario(
        "looks down with a head that moves about",
        drive().awake(65).times(5, drive().times(5, moving(yaw=7.0, looking_down=0.8)).awake(12)),
    ),
    Scenario(
        "looks down again and again for most of a minute",
        drive().awake(65).times(12, drive().closed(4.0, pitch=-6.0, looking_down=0.8).awake(1.5)).awake(60),
    ),
    Scenario("lids that look lowered over a still head", closure(1.2, looking_down=0.9), MICROSLEEP_ONLY),
    Scenario("a head that moves about over shut lids", long_shut(moving(yaw=7.0, looking_down=0.1)), ASLEEP_SHORTLY),
    Scenario("a head that moves about, by a net that tells no lids", long_shut(moving(yaw=7.0)), ASLEEP_SHORTLY),
    Scenario(
        "a head that sinks after the lids, which look lowered then",
        drive()
        .awake(65)
        .mark("shut")
        .closed(0.9)
        .closed(0.6, pitch=-5.0, looking_down=0.9)
        .closed(2.0, pitch=-9.0, looking_down=0.9)
        .mark("open")
        .open(40)
        .awake(60),
        ASLEEP_SHORTLY,
    ),
    Scenario(
        "nods just as the lids fall",
        closure(2.7, pitch=-6.0),
        (
            starts(MICROSLEEP, "shut", CLOSURE.excused_s),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario(
        "nods just as the lids fall, and the net is sure that they are shut",
        closure(2.7, pitch=-6.0, looking_down=0.05),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "nods deep just as the lids fall, and the net is sure that they are shut",
        closure(2.7, pitch=-15.0, looking_down=0.05),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "has just laughed and lowers the head as the lids fall, and the net is sure that they are shut",
        drive().awake(65).open(1.5, happiness=0.97).closed(1.6, pitch=-6.0, looking_down=0.05).awake(30),
    ),
    Scenario(
        "laughed half a second ago and lowers the head as the lids fall, and the net is sure that they are shut",
        drive().awake(65).open(1.5, happiness=0.97).open(0.5).closed(1.6, pitch=-6.0, looking_down=0.05).awake(30),
    ),
    Scenario(
        "a clock that jumps back forgets a laugh, which else would excuse nods until that time comes again",
        drive()
        .awake(65)
        .open(1.5, happiness=0.97)
        .jump(-500.0)
        .awake(65)
        .mark("shut")
        .closed(1.6, pitch=-6.0, looking_down=0.05)
        .mark("open")
        .open(40),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "shouts with shut eyes, in a face that reads as a yawn at first",
        drive()
        .awake(65)
        .closed(0.1)
        .closed(0.75, yawn=0.9, wide=WideMouth(0.9, 0.05, 0.05))
        .closed(0.85, yawn=0.9, wide=WideMouth(0.05, 0.9, 0.05))
        .awake(30),
    ),
    Scenario(
        "nods just as the lids fall, and the net is not sure",
        closure(2.7, pitch=-6.0, looking_down=(CLOSURE.shut_limit + CLOSURE.lowered_limit) / 2),
        (
            starts(MICROSLEEP, "shut", CLOSURE.excused_s),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario(
        "nods again and again just as the lids fall",
        drive().awake(65).mark("shut").times(3, drive().closed(2.5, pitch=-6.0).open(2.5)).mark("open").open(60),
        (
            starts(MICROSLEEP, "shut", CLOSURE.excused_s),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s - 2.5),
        ),
    ),
    Scenario(
        "frowns with narrowed lids", drive().awake(65).times(5, drive().closed(1.7, left=0.68, right=0.7).awake(12))
    ),
    Scenario("winks", drive().awake(65).times(5, drive().closed(1.7, right=0.04).awake(12))),
    Scenario("closure of 0.8 s", closure(0.8)),
    Scenario(
        "closure of 1.0 s",
        closure(CLOSURE.microsleep_s),
        MICROSLEEP_ONLY,
    ),
    Scenario("closure of 1.2 s", closure(1.2), MICROSLEEP_ONLY),
    Scenario("closure of 1.5 s", closure(1.5), MICROSLEEP_ONLY),
    Scenario("closure of 2.8 s", closure(2.8), MICROSLEEP_ONLY),
    Scenario("closure of 3.2 s", closure(3.2), (*TO_SLEEP, ends(ASLEEP, "open", LIFE.asleep_recover_s))),
    Scenario(
        "closure of 6.2 s",
        closure(6.2),
        (
            *TO_SLEEP,
            rises(UNRESPONSIVE, "shut", CLOSURE.unresponsive_s),
            ends(UNRESPONSIVE, "open", LIFE.unresponsive_recover_s),
        ),
    ),
    Scenario(
        "sleeps with a laughing face",
        closure(3.5, happiness=0.97, yawn=0.9),
        (
            starts(MICROSLEEP, "shut", CLOSURE.excused_s),
            rises(ASLEEP, "shut", CLOSURE.asleep_s),
            ends(ASLEEP, "open", LIFE.asleep_recover_s),
        ),
    ),
    Scenario(
        "sleeps with the head down",
        closure(3.5, pitch=-30.0),
        (
            starts(ASLEEP, "shut", CLOSURE.asleep_s),
            ends(ASLEEP, "open", LIFE.asleep_recover_s),
        ),
    ),
    Scenario(
        "sleeps, and one of the eyes soon reads as rather open",
        drive().awake(65).mark("shut").closed(0.8).closed(2.6, left=0.97, right=0.35).mark("open").open(40),
        ASLEEP_SHORTLY,
    ),
    Scenario(
        "one eye stays narrow after every blink",
        drive().awake(65).times(8, drive().closed(0.3).open(5, left=0.9, right=0.3)),
    ),
    Scenario(
        "nods off to the side",
        drive().awake(65).mark("shut").closed(0.9).closed(1.6, yaw=25.0).mark("open").open(40),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "nods off: the lids first, then the head",
        drive().awake(65).mark("shut").closed(0.8).closed(1.6, pitch=-20.0).mark("open").open(40),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "sleeps with one eye in view",
        closure(2.6, right=None),
        (
            starts(MICROSLEEP, "shut", CLOSURE.microsleep_s / CLOSURE.one_eye_weight),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario(
        "sleeps before a camera at the mirror",
        drive().awake(65, yaw=34.0).mark("shut").closed(1.8, yaw=34.0).mark("open").open(40, yaw=34.0),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "sleeps half turned from where the head rests before that camera",
        drive().awake(65, yaw=20.0).mark("shut").closed(2.6, yaw=35.0).mark("open").open(40, yaw=20.0),
        (
            starts(MICROSLEEP, "shut", CLOSURE.microsleep_s / CLOSURE.one_eye_weight),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s),
        ),
    ),
    Scenario(
        "somebody else's open eyes for a frame do not end a closure",
        drive().awake(65).mark("shut").closed(2.0).open(0.05).closed(1.3).mark("open").open(40),
        (*TO_SLEEP, ends(ASLEEP, "open", LIFE.asleep_recover_s)),
        least_rate=10,
    ),
    Scenario(
        "a second driver takes over while the alert is open",
        drive().awake(65).mark("shut").closed(3.5).mark("change").hear(DriverChange(0.0)).awake(60),
        (*TO_SLEEP, ends(ASLEEP, "change", 0.0)),
    ),
    Scenario("narrow eyes", drive().times(20, drive().awake(60, left=0.55, right=0.6))),
    Scenario(
        "narrow eyes that close",
        drive().awake(90, left=0.55, right=0.6).mark("shut").closed(1.6).mark("open").open(30, left=0.55, right=0.6),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "closes the eyes in the first seconds of the drive",
        drive().open(2).mark("shut").closed(1.6).mark("open").open(30),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "closes the eyes in the first seconds of the drive before a camera at the mirror",
        drive()
        .open(2, yaw=-33.0, pitch=-14.0)
        .mark("shut")
        .closed(1.6, yaw=-33.0, pitch=-14.0)
        .mark("open")
        .open(30, yaw=-33.0, pitch=-14.0),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "drives off with shut eyes",
        drive().mark("shut").closed(2.6).mark("open").open(30),
        MICROSLEEP_ONLY,
    ),
    Scenario(
        "three microsleeps in a row: the second and third are told as updates of the one alert",
        drive().awake(65).mark("shut").times(3, drive().closed(1.5).open(2.5)).mark("open").open(30),
        (
            starts(MICROSLEEP, "shut", CLOSURE.microsleep_s),
            ends(MICROSLEEP, "open", LIFE.microsleep_recover_s - 2.5),
        ),
    ),
    Scenario(
        "face lost while asleep",
        drive().awake(65).mark("shut").closed(3.4).mark("lost").gone(60).mark("back").open(30),
        (
            *TO_SLEEP,
            rises(UNRESPONSIVE, "shut", CLOSURE.asleep_s + CLOSURE.no_return_s),
            ends(UNRESPONSIVE, "back", LIFE.unresponsive_recover_s),
        ),
    ),
    Scenario(
        "the camera is covered while asleep: no one is called unresponsive for that",
        drive().awake(65).mark("shut").closed(3.4).picture(30, View.COVERED).mark("back").open(30),
        (*TO_SLEEP, ends(ASLEEP, "back", LIFE.asleep_recover_s)),
    ),
    Scenario(
        "the camera gives nothing while asleep, and says nothing: no one is called unresponsive for that either",
        drive().awake(65).mark("shut").closed(3.4).jump(30).mark("open").open(30),
        (*TO_SLEEP, ends(ASLEEP, "open", LIFE.asleep_recover_s)),
    ),
    Scenario(
        "wakes while out of view, looks ahead and away again: awake, so not unresponsive",
        drive().awake(65).mark("shut").closed(3.4).away(2.0).open(1.5).away(1.5).mark("back").open(30),
        (*TO_SLEEP, ends(ASLEEP, "back", LIFE.asleep_recover_s - 1.5)),
    ),
    Scenario(
        "asleep, out of view for a moment and shut again: the wait for the eyes goes on",
        drive().awake(65).mark("shut").closed(3.4).away(1.2).closed(6).mark("open").open(40),
        (
            *TO_SLEEP,
            rises(UNRESPONSIVE, "shut", CLOSURE.asleep_s + CLOSURE.no_return_s),
            ends(UNRESPONSIVE, "open", LIFE.unresponsive_recover_s),
        ),
    ),
    Scenario(
        "wakes after sleep and dozes off again: latched, so one alert",
        drive().awake(65).mark("shut").closed(3.4).open(8).closed(1.5).mark("open").open(30),
        (*TO_SLEEP, ends(ASLEEP, "open", LIFE.asleep_recover_s)),
    ),
    Scenario(
        "slow slide into drowsiness over an hour",
        slide().mark("stops").awake(180),
        (
            starts(DROWSY, "advisory", -early(3)),
            PERCLOS_CLEARS,
        ),
        least_rate=10,
    ),
    Scenario(
        "PERCLOS at the advisory level without a second sign",
        droops(drive().hear(KNOWN_DRIVER).awake(65), 40, 4.6, 0.4235),
    ),
    Scenario(
        "PERCLOS at the advisory level, and a yawn",
        droops(
            droops(drive().hear(KNOWN_DRIVER).awake(65), 20, 4.6, 0.4235).mark("yawns").open(4, yawn=0.9),
            4,
            4.6,
            0.4235,
        ).awake(65),
        (
            starts(DROWSY, "yawns", LIMITS.signs.yawn_s),
            PERCLOS_CLEARS,
        ),
        least_rate=10,
    ),
    Scenario(
        "PERCLOS at the advisory level, and a nod",
        droops(
            droops(drive().hear(KNOWN_DRIVER).awake(65), 20, 4.6, 0.4235)
            .open(2)
            .closed(0.45)
            .closed(0.35, pitch=-16.0)
            .mark("nods")
            .open(4),
            4,
            4.6,
            0.4235,
        ).awake(65),
        (
            starts(DROWSY, "nods", CLOSURE.reopen_s),
            # half of the nod's closure is explained by it, so the truth is two droops wide
            replace(PERCLOS_CLEARS, slack_s=9.2),
        ),
        least_rate=10,
    ),
    Scenario(
        "PERCLOS at the warning level needs no second sign",
        droops(drive().hear(KNOWN_DRIVER).awake(65).mark("droops"), 30, 3.2, 0.46).awake(65),
        (
            starts(DROWSY, "droops", 16 * 3.2 - early(15)),
            # the eighth droop before last is within sampling of the level: it may be the next one
            replace(PERCLOS_CLEARS, slack_s=3.2),
        ),
        least_rate=10,
    ),
    Scenario(
        "drowsy in town is not told, on the motorway it is",
        drive()
        .awake(65)
        .times(30, drive().hear(VehicleSpeed(0.0, 49.0)).open(4.717).closed(0.6545))
        .mark("motorway")
        .hear(VehicleSpeed(0.0, 60.0))
        .awake(120),
        (
            starts(DROWSY, "motorway", 0.0),
            PERCLOS_CLEARS,
        ),
        least_rate=10,
    ),
    Scenario("sunglasses", drive().awake(30).unseen(600)),
    Scenario(
        "night gaps",
        drive().awake(30).times(20, drive().awake(20).picture(4, View.DARK).closed(0.6).picture(2, View.DARK)),
    ),
    Scenario(
        "a gap cannot make two short closures a long one",
        drive().awake(60).times(10, drive().closed(0.45).gone(3).closed(0.45).awake(20)),
    ),
    Scenario(
        "long standstill: asleep at the roadside, then the car rolls",
        drive()
        .times(120, drive().hear(VehicleSpeed(0.0, 0.0)).closed(2))
        .mark("rolls")
        .hear(VehicleSpeed(0.0, 30.0))
        .closed(2)
        .mark("open")
        .open(40),
        (
            starts(UNRESPONSIVE, "rolls", 0.0),
            ends(UNRESPONSIVE, "open", LIFE.unresponsive_recover_s),
        ),
    ),
    Scenario(
        "closure in slow traffic is not told, in fast traffic it is",
        drive()
        .awake(65)
        .hear(VehicleSpeed(0.0, LIMITS.speed.closures_kmh - 1))
        .closed(1.6)
        .open(20)
        .hear(VehicleSpeed(0.0, LIMITS.speed.closures_kmh))
        .mark("shut")
        .closed(1.6)
        .mark("open")
        .open(20),
        MICROSLEEP_ONLY,
    ),
    Scenario("stern face", drive().awake(600, anger=0.4)),
    Scenario("frowns for half a second", drive().awake(120).times(20, drive().open(0.5, anger=0.95).awake(6))),
    Scenario("shouts for two seconds", drive().awake(120).times(5, drive().open(2, anger=0.7, yawn=0.8).awake(10))),
    Scenario(
        "shouts for six seconds",
        drive()
        .awake(120)
        .mark("shout")
        .open(6, anger=0.4, yawn=0.95, wide=WideMouth(0.05, 0.9, 0.05))
        .mark("calm")
        .awake(60),
        (
            starts(
                IRRITATED, "shout", reaches(LIMITS.anger.irritated) + LIMITS.anger.irritated_s, slack_s=EMOTIONS_EVERY_S
            ),
            # the mean of a rage so short comes to a share of that of a long one, and is down the sooner
            ends(
                IRRITATED,
                "calm",
                falls(LIMITS.anger.clear)
                + LIMITS.anger.average_s * log(1 - exp(-6 / LIMITS.anger.average_s))
                + LIMITS.anger.clear_s,
                slack_s=2 * EMOTIONS_EVERY_S,
            ),
        ),
    ),
    Scenario(
        "frowns for ten seconds with a face that the emotions call sad",
        drive().awake(120).mark("frown").open(10, anger=0.08, frown=0.6).mark("calm").awake(60),
        (
            starts(
                IRRITATED,
                "frown",
                reaches(LIMITS.anger.irritated, rage=0.6) + LIMITS.anger.irritated_s,
                slack_s=EMOTIONS_EVERY_S,
            ),
            ends(
                IRRITATED,
                "calm",
                falls(LIMITS.anger.clear, rage=0.6) + LIMITS.anger.clear_s,
                slack_s=2 * EMOTIONS_EVERY_S,
            ),
        ),
    ),
    Scenario(
        "smiles with a brow that the net takes for a frown for two seconds",
        drive().awake(120).times(10, drive().open(2, happiness=0.9, frown=0.6).awake(10)),
    ),
    Scenario(
        "yawns with a brow that reads as a frown",
        drive().awake(120).times(5, drive().open(6, frown=0.95, yawn=0.95, wide=WideMouth(0.9, 0.05, 0.05)).awake(10)),
    ),
    Scenario(
        "yawns with a face that reads as rage",
        drive().awake(120).times(5, drive().open(6, anger=0.9, yawn=0.95, wide=WideMouth(0.9, 0.05, 0.05)).awake(10)),
    ),
    Scenario(
        "laughs with a wide mouth",
        drive().awake(120).times(5, drive().open(4, anger=0.5, yawn=0.95, wide=WideMouth(0.2, 0.1, 0.7)).awake(10)),
    ),
    Scenario(
        "is surprised for three seconds, again and again, with a mouth that the net takes for a shout",
        drive().awake(120).times(10, drive().open(3, yawn=0.95, wide=WideMouth(0.05, 0.6, 0.35)).awake(10)),
    ),
    Scenario("squints into the sun", drive().awake(120).open(8, anger=0.3, left=0.5, right=0.5).awake(60)),
    Scenario(
        "talks with a stern face on",
        drive().awake(120, anger=0.4).times(40, drive().open(0.4, anger=0.4, yawn=0.7).open(0.6, anger=0.45)),
    ),
    Scenario(
        "rage for 20 s",
        drive().awake(120).mark("rage").open(20, anger=0.9).mark("calm").awake(60),
        (
            starts(
                IRRITATED, "rage", reaches(LIMITS.anger.irritated) + LIMITS.anger.irritated_s, slack_s=EMOTIONS_EVERY_S
            ),
            rises(ANGRY, "rage", reaches(LIMITS.anger.angry) + LIMITS.anger.angry_s, slack_s=EMOTIONS_EVERY_S),
            ends(ANGRY, "calm", falls(LIMITS.anger.clear) + 2 * LIMITS.anger.clear_s, slack_s=EMOTIONS_EVERY_S),
        ),
    ),
    Scenario(
        "rage in the first half minute: the prior stands for the resting face",
        drive().awake(5).mark("rage").open(20, anger=0.9).mark("calm").awake(60),
        (
            starts(IRRITATED, "rage", reaches(LIMITS.anger.irritated, PRIOR) + LIMITS.anger.irritated_s, slack_s=0.6),
            rises(ANGRY, "rage", reaches(LIMITS.anger.angry, PRIOR) + LIMITS.anger.angry_s, slack_s=0.6),
            # by then a third of the resting face is learned from the rage itself, up to its clamp
            ends(ANGRY, "calm", falls(LIMITS.anger.clear, 0.3) + 2 * LIMITS.anger.clear_s, slack_s=0.6),
        ),
    ),
    Scenario(
        "rage from the first reading",
        drive().mark("rage").open(20, anger=0.9).mark("calm").awake(60),
        (
            starts(IRRITATED, "rage", FIRST_READINGS_S + LIMITS.anger.irritated_s, slack_s=EMOTIONS_EVERY_S),
            rises(ANGRY, "rage", FIRST_READINGS_S + LIMITS.anger.angry_s, slack_s=EMOTIONS_EVERY_S),
            ends(ANGRY, "calm", falls(LIMITS.anger.clear, 0.3) + 2 * LIMITS.anger.clear_s, slack_s=0.6),
        ),
    ),
    Scenario("shouts from the first reading for two seconds", drive().open(2, anger=0.9).awake(60)),
    Scenario("a stern face from the first reading", drive().awake(120, anger=0.35)),
    Scenario(
        "talks, laughs, yawns and starts in the first minute",
        drive()
        .times(6, drive().open(0.4, anger=0.4, yawn=0.7).open(0.6, anger=0.3))
        .open(3, happiness=0.97)
        .open(4, yawn=0.9, anger=0.85)
        .open(1.5, anger=0.9)
        .awake(60),
    ),
)


def cases() -> list[Any]:
    return [
        pytest.param(scenario, camera, id=f"{scenario.name}-{camera}", marks=cost(camera, scenario.told.length_s))
        for scenario in SCENARIOS
        for camera in CAMERAS
        if camera.rate >= scenario.least_rate
    ]


@pytest.mark.parametrize(("scenario", "camera"), cases())
def test_raises_what_it_must_and_nothing_else(scenario: Scenario, camera: Camera) -> None:
    ridden = ride(scenario.told, camera)
    assert differences(scenario.told, ridden, scenario.expected) == []
