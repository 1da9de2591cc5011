"""The tables of transitions that the judges execute and docs/driver.md draws.

Takes what a judge has found, gives where it leads. A judge finds events and knows nothing of states; a table has every
state with the events that lead from it; an event that a state does not name changes nothing there. A state is the level
of the open alert, ``None`` where none is open.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from dms.driver.state import AngerLevel, Condition, DistractionLevel, FatigueLevel


class FatigueEvent(StrEnum):
    """What can be found of fatigue."""

    PERCLOS = "perclos"
    """PERCLOS is high, a second sign is there where one is needed, and the eyes are open."""
    MICROSLEEP = "microsleep"
    """The closure that runs has the length of a microsleep."""
    SLEEP = "sleep"
    """It has the length of sleep."""
    NO_RESPONSE = "no_response"
    """It lasts for so long that nobody is there to be warned, or the eyes have not come back after sleep."""
    RECOVERED = "recovered"
    """The eyes have been open for as long as the level needs, and PERCLOS has cleared."""
    LOST = "lost"
    """Nothing was known for so long that what was measured counts no more."""


class AngerEvent(StrEnum):
    """What can be found of anger."""

    ANGRY = "angry"
    """The mean has been at or above the upper limit for long enough."""
    IRRITATED = "irritated"
    """The mean has been at or above the lower limit for long enough."""
    RECOVERED = "recovered"
    """The mean has been below its clear level for as long as the level needs."""
    LOST = "lost"
    """Nothing was known for too long."""


class DistractionEvent(StrEnum):
    """What can be found of where the driver looks."""

    OFF_ROAD = "off_road"
    """The eyes have been off the road for longer than the speed allows."""
    RECOVERED = "recovered"
    """The eyes have been on the road for long enough."""
    LOST = "lost"
    """Nothing was known for too long."""


L = TypeVar("L", bound=FatigueLevel | AngerLevel | DistractionLevel)
E = TypeVar("E", bound=FatigueEvent | AngerEvent | DistractionEvent)
Transitions = Mapping[L | None, Mapping[E, L | None]]
"""Where each event leads from each state. Leading to the same level tells of the alert once more."""

FATIGUE: Final[Transitions[FatigueLevel, FatigueEvent]] = {
    None: {
        FatigueEvent.PERCLOS: FatigueLevel.DROWSY,
        FatigueEvent.MICROSLEEP: FatigueLevel.MICROSLEEP,
        FatigueEvent.SLEEP: FatigueLevel.ASLEEP,
        FatigueEvent.NO_RESPONSE: FatigueLevel.UNRESPONSIVE,
    },
    FatigueLevel.DROWSY: {
        FatigueEvent.MICROSLEEP: FatigueLevel.MICROSLEEP,
        FatigueEvent.SLEEP: FatigueLevel.ASLEEP,
        FatigueEvent.NO_RESPONSE: FatigueLevel.UNRESPONSIVE,
        FatigueEvent.RECOVERED: None,
        FatigueEvent.LOST: None,
    },
    FatigueLevel.MICROSLEEP: {
        FatigueEvent.MICROSLEEP: FatigueLevel.MICROSLEEP,
        FatigueEvent.SLEEP: FatigueLevel.ASLEEP,
        FatigueEvent.NO_RESPONSE: FatigueLevel.UNRESPONSIVE,
        FatigueEvent.RECOVERED: None,
        FatigueEvent.LOST: None,
    },
    # only open eyes end the two worst levels: a driver who slept and is out of sight is not awake
    FatigueLevel.ASLEEP: {
        FatigueEvent.MICROSLEEP: FatigueLevel.ASLEEP,
        FatigueEvent.SLEEP: FatigueLevel.ASLEEP,
        FatigueEvent.NO_RESPONSE: FatigueLevel.UNRESPONSIVE,
        FatigueEvent.RECOVERED: None,
    },
    FatigueLevel.UNRESPONSIVE: {
        FatigueEvent.MICROSLEEP: FatigueLevel.UNRESPONSIVE,
        FatigueEvent.SLEEP: FatigueLevel.UNRESPONSIVE,
        FatigueEvent.NO_RESPONSE: FatigueLevel.UNRESPONSIVE,
        FatigueEvent.RECOVERED: None,
    },
}

ANGER: Final[Transitions[AngerLevel, AngerEvent]] = {
    None: {AngerEvent.ANGRY: AngerLevel.ANGRY, AngerEvent.IRRITATED: AngerLevel.IRRITATED},
    AngerLevel.IRRITATED: {AngerEvent.ANGRY: AngerLevel.ANGRY, AngerEvent.RECOVERED: None, AngerEvent.LOST: None},
    AngerLevel.ANGRY: {AngerEvent.RECOVERED: None, AngerEvent.LOST: None},
}

DISTRACTION: Final[Transitions[DistractionLevel, DistractionEvent]] = {
    None: {DistractionEvent.OFF_ROAD: DistractionLevel.EYES_OFF_ROAD},
    DistractionLevel.EYES_OFF_ROAD: {DistractionEvent.RECOVERED: None, DistractionEvent.LOST: None},
}


class Facts(NamedTuple):
    """What the condition rests on, in the order of what it says: the first fact that holds decides.

    Attributes:
        unseen: The driver cannot be judged.
        alert: A fatigue alert is open.
        awake: Enough is seen, and no closure runs that is long enough for sleep.
        otherwise: Always holds.
    """

    unseen: bool
    alert: bool
    awake: bool
    otherwise: bool = True


CONDITION: Final[Mapping[str, Condition]] = {
    "unseen": Condition.DEGRADED,
    "alert": Condition.FATIGUED,
    "awake": Condition.ATTENTIVE,
    "otherwise": Condition.UNKNOWN,
}
"""The condition by the fact that decides. It has no memory of its own: what lasts is in the facts."""

_IN_ORDER = tuple(CONDITION[name] for name in Facts._fields)


def condition(facts: Facts) -> Condition:
    """The driver in one word."""
    return _IN_ORDER[facts.index(True)]
