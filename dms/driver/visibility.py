"""Says whether the driver can be judged at all, and if not, why.

Takes spans of known and unknown eyes, gives a reason or None. Two rules find it. A gap: known time runs the clock of
the unknown back faster than it came, so that single glimpses do not hide that most of the time nothing is seen. And a
share: eyes that are known for less than half of the time are no basis for a judgement, however the time is spread. A
camera without a picture is reported sooner than a driver who cannot be seen: a driver may look away, a camera may not.
"""

from dms.config.driver import DegradedSettings
from dms.driver.smoothing import EPSILON_S, SlidingTime
from dms.driver.span import Span
from dms.driver.state import Degraded
from dms.observation import Observation, View

VIEWS = {
    View.LOST: Degraded.CAMERA_LOST,
    View.DARK: Degraded.DARK,
    View.COVERED: Degraded.COVERED,
    View.FAILED: Degraded.ANALYSIS_FAILED,
}
_OF_THE_PICTURE = frozenset(VIEWS.values())
_NO_PICTURE = frozenset({Degraded.CAMERA_LOST, Degraded.DARK})


KNOWN, UNKNOWN, TURNED = range(3)
"""Kinds of time: eyes known; unknown; unknown because the face stands askew in the picture."""


def obstacle(observation: Observation) -> Degraded:
    """Why the eyes are unknown in an observation in which they are."""
    reason = VIEWS.get(observation.view)
    if reason is not None:
        return reason
    if observation.upright is False:
        return Degraded.CAMERA_TURNED
    return Degraded.EYES_UNKNOWN if observation.face else Degraded.FACE_MISSING


class Visibility:
    """How well the driver has been seen of late."""

    __slots__ = (
        "_back",
        "_gap",
        "_known_s",
        "_least_known",
        "_settings",
        "_time",
        "_turned_s",
        "_unknown_s",
        "_without_s",
    )

    def __init__(self, settings: DegradedSettings) -> None:
        self._settings = settings
        self._back = settings.after_s / settings.recover_s
        self._turned_s = settings.turned_share * settings.after_s
        self._least_known = settings.min_known_share
        self._time = SlidingTime(settings.share_window_s, 3)
        self.reset()

    def reset(self) -> None:
        """Begin anew: too little has been seen."""
        self._gap: Degraded | None = None
        self._known_s = self._unknown_s = self._without_s = 0.0
        self._time.clear()

    def add(self, span: Span) -> None:
        """Take a span."""
        obstacle, seconds = span.reading.obstacle, span.seconds
        if obstacle is not None:
            self._unknown(seconds, obstacle)
            return
        self._time.add(KNOWN, seconds)
        self._known_s += seconds
        self._without_s = 0.0
        if self._unknown_s:
            self._run_back(seconds)

    def _run_back(self, span_s: float) -> None:
        """Known time runs the clock of the unknown back."""
        self._unknown_s -= span_s * self._back
        if self._unknown_s <= 0.0:
            self._unknown_s = 0.0
            if self._gap is not None:
                # the gap is over and was reported; what counts from here on is what comes after it
                self._gap = None
                self._known_s = 0.0
                if not self._turned():
                    self._time.clear()

    def _unknown(self, span_s: float, reason: Degraded) -> None:
        self._time.add(TURNED if reason is Degraded.CAMERA_TURNED else UNKNOWN, span_s)
        self._without_s = self._without_s + span_s if reason in _NO_PICTURE else 0.0
        if self._without_s >= self._settings.picture_s:
            self._unknown_s = self._settings.after_s
        self._unknown_s = min(self._unknown_s + span_s, self._settings.after_s)
        if self._unknown_s >= self._settings.after_s:
            self._gap = reason

    @property
    def reason(self) -> Degraded | None:
        """Why the driver cannot be judged, None while it can, or could a moment ago."""
        gap = self._gap
        if gap not in _OF_THE_PICTURE and self._turned():
            return Degraded.CAMERA_TURNED
        if gap is not None:
            return gap
        return None if self._mostly_known() or not self._is_full() else Degraded.EYES_UNKNOWN

    def _turned(self) -> bool:
        totals = self._time.totals
        turned_s = totals[TURNED]
        return turned_s >= self._turned_s and turned_s > totals[KNOWN]

    def _mostly_known(self) -> bool:
        known_s, unknown_s, turned_s = self._time.totals
        return known_s >= self._least_known * (known_s + unknown_s + turned_s)

    def _is_full(self) -> bool:
        """Whether the window has been filled."""
        return sum(self._time.totals) + EPSILON_S >= self._settings.share_window_s

    def enough(self) -> bool:
        """Whether enough is seen to call a driver attentive."""
        limits = self._settings
        return self._known_s >= limits.starting_s and self._unknown_s <= limits.glance_s and self._mostly_known()
