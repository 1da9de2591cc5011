"""When an anger alert says that the anger began."""

from math import log
from statistics import mean

import pytest

from dms.config.driver import DriverSettings
from dms.driver import Baseline, DriverMonitor
from dms.observation import Emotions, Observation

LIMITS = DriverSettings()
RESTING, RAGE, RAGE_T = 0.03, 0.9, 30.0
KNOWN = Baseline(0.04, 1.0, 0.2, 1.0, RESTING, 1.0)


def began(every_s: float, phase_s: float) -> float:
    """When the first alert says that it began, where the face is read at these times."""
    monitor, t = DriverMonitor(LIMITS, KNOWN), phase_s
    while True:
        anger = RESTING if t < RAGE_T else RAGE
        emotions = Emotions(0.97 - anger, 0.03, 0.0, 0.0, anger, 0.0, 0.0, 0.0)
        judged = monitor.step(Observation(t, face=True, left_eye=0.03, right_eye=0.03, yawn=0.02, emotions=emotions))
        if judged.alerts:
            return judged.alerts[0].started_t
        t += every_s


@pytest.mark.parametrize("every_s", [0.1, 0.2, 0.5, 1.0])
def test_it_began_when_the_mean_crossed_the_limit_however_seldom_the_face_is_read(every_s: float) -> None:
    limit = LIMITS.anger.irritated * (1 - RESTING) + RESTING
    crossed_s = -LIMITS.anger.average_s * log((RAGE - limit) / (RAGE - RESTING))
    phases = [every_s * quarter / 4 for quarter in range(4)]
    assert mean(began(every_s, phase_s) for phase_s in phases) == pytest.approx(RAGE_T + crossed_s, abs=0.06)
