"""What labels demand of the alerts.

Takes the names of events, gives which alert each demands or permits, and a hint at a name that is a slip of the pen.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dms.driver.state import AlertKind
from dms.errors import did_you_mean
from dms.replay.labels import LabelRow


@dataclass(frozen=True, slots=True)
class Demand:
    """What a label asks for: an alert of this kind, when it lasts at least this long; a shorter one permits it."""

    kind: AlertKind
    at_least_s: float


DEMANDS: Mapping[str, Demand] = {
    # Euro NCAP 2026: a microsleep is a closure of a second or more
    "eyes_closed": Demand(AlertKind.FATIGUE, 1.0),
    "microsleep": Demand(AlertKind.FATIGUE, 1.0),
    "asleep": Demand(AlertKind.FATIGUE, 1.0),
    # a minute of it is what PERCLOS needs
    "drowsy": Demand(AlertKind.FATIGUE, 60.0),
    # the averages of the face and the time they must last
    "angry": Demand(AlertKind.ANGER, 5.0),
    # EU 2023/2590, from 50 km/h; looking down for less raises nothing, and for more only where distraction is enabled
    "eyes_off_road": Demand(AlertKind.DISTRACTION, 3.5),
    "look_down": Demand(AlertKind.DISTRACTION, math.inf),
    "face_away": Demand(AlertKind.DISTRACTION, math.inf),
    # nobody can tell whether the lids are lowered to look down or shut: alert or not, both are right
    "lids_down_uncertain": Demand(AlertKind.FATIGUE, math.inf),
}
"""Labels that demand or permit an alert. Any other label, and no label at all, forbids alerts."""
NEUTRAL = frozenset(
    {
        "blink",
        "face_missing",
        "hand_over_face",
        "hand_over_mouth",
        "happy",
        "look_up",
        "mouth_open_wide",
        "sad",
        "surprise",
        "talking",
        "yawn",
    }
)
"""The usual ones of the others. Any name will do, but one that stands nowhere may be a slip of the pen."""
KNOWN = frozenset({*DEMANDS, *NEUTRAL})
"""All names that are no slip of the pen."""


def unknown_names(rows: Iterable[LabelRow]) -> Iterable[str]:
    """Yield a warning for the first row with each name that is not known."""
    told = set(KNOWN)
    for where, label in ((row.where, row.label) for row in rows):
        if label.event not in told:
            told.add(label.event)
            hint = did_you_mean(label.event.lower(), sorted(KNOWN))
            yield f"{where}: '{label.event}' is no known event{hint}: it demands and permits no alert"
