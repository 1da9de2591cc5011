"""Says whether the driver can be judged at all, and if not, why.

Takes spans of known and unknown eyes, gives a reason or None. Known time runs the clock of the unknown back faster
than it came, so that single glimpses do not hide that most of the time nothing is seen. A camera without a picture is
told sooner than a driver who cannot be seen: a driver may look away, a camera may not.
"""

from dms.config.driver import DegradedSettings
from dms.driver.state import Degraded
from dms.observation import Observation, View

VIEWS = {
    View.LOST: Degraded.CAMERA_LOST,
    View.DARK: Degraded.DARK,
    View.COVERED: Degraded.COVERED,
    View.FAILED: Degraded.ANALYSIS_FAILED,
}
_NO_PICTURE = frozenset({Degraded.CAMERA_LOST, Degraded.DARK})


def obstacle(observation: Observation) -> Degraded:
    """Why the eyes are unknown in an observation in which they are."""
    reason = VIEWS.get(observation.view)
    if reason is not None:
        return reason
    return Degraded.EYES_UNKNOWN if observation.face else Degraded.FACE_MISSING


class Visibility:
    """How well the driver has been seen of late."""

    __slots__ = (
        "_after_s",
        "_back",
        "_glance_s",
        "_known_s",
        "_picture_s",
        "_starting_s",
        "_unknown_s",
        "_without_s",
        "reason",
    )

    def __init__(self, settings: DegradedSettings) -> None:
        self._after_s = settings.after_s
        self._back = settings.after_s / settings.recover_s
        self._glance_s = settings.glance_s
        self._picture_s = settings.picture_s
        self._starting_s = settings.starting_s
        self.reason: Degraded | None = None
        """Why the driver cannot be judged, None while it can, or could a moment ago."""
        self.forget()

    def forget(self) -> None:
        """Begin anew: too little has been seen."""
        self.reason = None
        self._known_s = self._unknown_s = self._without_s = 0.0

    def known(self, span_s: float) -> None:
        """The eyes were known for a span."""
        self._known_s += span_s
        self._without_s = 0.0
        if self._unknown_s:
            self._unknown_s -= span_s * self._back
            if self._unknown_s <= 0.0:
                self._unknown_s = 0.0
                if self.reason is not None:
                    self.reason = None
                    self._known_s = 0.0

    def unknown(self, span_s: float, reason: Degraded) -> None:
        """They were unknown for a span, for this reason."""
        self._without_s = self._without_s + span_s if reason in _NO_PICTURE else 0.0
        if self._without_s >= self._picture_s:
            self._unknown_s = self._after_s
        self._unknown_s = min(self._unknown_s + span_s, self._after_s)
        if self._unknown_s >= self._after_s:
            self.reason = reason

    def enough(self) -> bool:
        """Whether enough is seen to call a driver attentive."""
        return self._known_s >= self._starting_s and self._unknown_s <= self._glance_s
