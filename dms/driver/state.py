"""What the driver room gives: the state of the driver at one moment, and the alerts it raised."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dms.frozen import quick_init
from dms.observation import Emotions


class Condition(StrEnum):
    """The driver in one word."""

    UNKNOWN = "unknown"
    """Too little has been seen, so far or just now, to say anything."""
    ATTENTIVE = "attentive"
    """Enough is seen, and nothing is wrong."""
    FATIGUED = "fatigued"
    """A fatigue alert is open; ``DriverState.fatigue`` says which."""
    DEGRADED = "degraded"
    """The driver cannot be judged; ``DriverState.degraded`` says why."""


class Degraded(StrEnum):
    """Why the driver cannot be judged."""

    CAMERA_LOST = "camera_lost"
    DARK = "dark"
    COVERED = "covered"
    ANALYSIS_FAILED = "analysis_failed"
    FACE_MISSING = "face_missing"
    EYES_UNKNOWN = "eyes_unknown"
    CAMERA_TURNED = "camera_turned"


class HeldBack(StrEnum):
    """What holds back a fatigue alert that the eyes by themselves would raise."""

    SECOND_SIGN = "second_sign"
    """PERCLOS is at the advisory level, below the warning level, and no second sign was seen."""
    DROOPS = "droops"
    """PERCLOS is high by too few closures: a single long one is no drowsiness."""
    COOLDOWN = "cooldown"
    """An alert has just ended."""
    SPEED = "speed"
    """The vehicle is slower than the alert's gate."""
    OPEN_EYES = "open_eyes"
    """It is raised when the eyes are open: while they are closed the closure is judged by itself."""
    EXPLAINED = "explained"
    """The eyes are closed for as long as a microsleep, and something else than sleep may explain it."""


class Eyes(StrEnum):
    """The two eyes taken together."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Looking(StrEnum):
    """Where open eyes look."""

    AHEAD = "ahead"
    DOWN = "down"
    """At the lap, a phone, the console."""
    ASIDE = "aside"


class FatigueLevel(StrEnum):
    """Levels of a fatigue alert, from the mildest."""

    DROWSY = "drowsy"
    MICROSLEEP = "microsleep"
    ASLEEP = "asleep"
    UNRESPONSIVE = "unresponsive"


class AngerLevel(StrEnum):
    """Levels of an anger alert, from the mildest."""

    IRRITATED = "irritated"
    ANGRY = "angry"


class DistractionLevel(StrEnum):
    """Levels of a distraction alert."""

    EYES_OFF_ROAD = "eyes_off_road"


class AlertKind(StrEnum):
    """What an alert is about; also the last part of its topic."""

    FATIGUE = "fatigue"
    ANGER = "anger"
    DISTRACTION = "distraction"


class Phase(StrEnum):
    """Where in its life an alert is."""

    START = "start"
    UPDATE = "update"
    END = "end"


Evidence = Mapping[str, float | str | None]
"""The numbers that raised an alert: names with units in them (``closed_s``, ``perclos``), None for unknown."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One step in the life of an alert.

    Attributes:
        kind: Fatigue, anger or distraction.
        phase: ``start``, ``update`` or ``end``.
        level: Highest level reached so far within this alert, so that it never falls between start and end.
        episode: Counts the alerts of this kind from 1; start, updates and end of one alert share it.
        started_t: When what the alert is about began (for a closure: when the eyes closed), seconds on the frames'
            clock.
        t: When this step was judged, seconds on the frames' clock.
        evidence: The numbers behind it.
    """

    kind: AlertKind
    phase: Phase
    level: FatigueLevel | AngerLevel | DistractionLevel
    episode: int
    started_t: float
    t: float
    evidence: Evidence


@quick_init
@dataclass(frozen=True, slots=True)
class DriverState:
    """The driver at one moment, with what the judgement rests on.

    Attributes:
        t: Seconds on the frames' clock.
        condition: The driver in one word.
        degraded: Why nothing can be said, when ``condition`` is ``degraded``; otherwise None.
        face: True present, False absent, None unknown.
        eyes: Both eyes together.
        closed_s: Seconds that the eyes have been closed now; 0 when open, None when unknown.
        perclos: Share 0..1 of valid time with closed eyes over the PERCLOS window, None when unknown.
        valid_share: Share 0..1 of the PERCLOS window in which the eyes were known.
        fatigue: Level of the open fatigue alert, None when there is none.
        anger: Level of the open anger alert, None when there is none.
        anger_score: Smoothed anger probability 0..1 above this driver's own resting face, None when unknown.
        emotions: Smoothed probabilities of the FER+ classes, None when unknown; ``anger`` is that of frowns and shouts.
        calibrated: Share 0..1 of the driver's baseline that has been learned.
        held_back: What holds back a fatigue alert that the eyes by themselves would raise; None when nothing does, or
            one is open.
        looking: Where the open eyes look, None unknown and while they are closed.
        eyes_off_road_s: Seconds that they have looked down or aside, 0 once they have been back on the road for
            ``distraction.return_s``, None when it is unknown where they look.
        distraction: Level of the open distraction alert, None when there is none.
    """

    t: float
    condition: Condition
    degraded: Degraded | None
    face: bool | None
    eyes: Eyes
    closed_s: float | None
    perclos: float | None
    valid_share: float
    fatigue: FatigueLevel | None
    anger: AngerLevel | None
    anger_score: float | None
    emotions: Emotions | None
    calibrated: float
    held_back: HeldBack | None = None
    looking: Looking | None = None
    eyes_off_road_s: float | None = None
    distraction: DistractionLevel | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class Judgement:
    """What one observation led to.

    Attributes:
        state: The driver now.
        alerts: What was raised, raised further or ended by this observation, in order; mostly empty.
    """

    state: DriverState
    alerts: tuple[Alert, ...]
