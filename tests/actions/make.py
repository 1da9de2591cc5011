"""Alert messages for the tests of actions and records."""

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.alerts.messages import AlertMessage
from dms.driver.baseline import Baseline
from dms.driver.state import Alert, AlertKind, AngerLevel, FatigueLevel, Phase
from dms.sink import DriveInfo

INFO = DriveInfo("drive.mp4", "session", "van", lambda: Baseline(0.1, 0.0, 0.2, 0.0, 0.0, 0.0))


def stamp(t: float) -> Stamp:
    """UTC of a moment on the frames' clock."""
    return Stamp(1_800_000_000.0 + t, ClockQuality.SYNCHRONISED)


_ENCODER = Encoder("van", "session", stamp)


def message(
    phase: Phase = Phase.START,
    level: FatigueLevel | AngerLevel = FatigueLevel.MICROSLEEP,
    episode: int = 1,
    t: float = 10.0,
) -> AlertMessage:
    """One step of an alert."""
    kind = AlertKind.FATIGUE if isinstance(level, FatigueLevel) else AlertKind.ANGER
    return _ENCODER.alert(Alert(kind, phase, level, episode, t, t, {"closed_s": 1.5}))
