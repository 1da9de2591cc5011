"""When too little is seen of a driver, and from when on enough again."""

import pytest

from dms.config.driver import DegradedSettings
from dms.driver.span import Reading, Span
from dms.driver.state import Degraded, Eyes
from dms.driver.visibility import Visibility

OPEN = Reading(Eyes.OPEN)
HIDDEN = Reading(Eyes.UNKNOWN, obstacle=Degraded.FACE_MISSING)
STEP_S = 0.1


def after(limits: DegradedSettings, *history: tuple[Reading, float]) -> Visibility:
    """Stretches of a reading, seen ten times a second."""
    visibility = Visibility(limits)
    for reading, seconds in history:
        for _ in range(round(seconds / STEP_S)):
            visibility.add(Span(0.0, STEP_S, STEP_S, reading))
    return visibility


@pytest.mark.parametrize("recover_s", [0.5, 2.0, 4.0])
def test_a_gap_is_over_once_the_eyes_were_known_for_as_long_as_is_set(recover_s: float) -> None:
    limits = DegradedSettings(recover_s=recover_s)
    gap = (OPEN, 15.0), (HIDDEN, limits.after_s + 0.5)
    assert after(limits, *gap, (OPEN, recover_s - 0.2)).reason is Degraded.FACE_MISSING
    assert after(limits, *gap, (OPEN, recover_s + 0.2)).reason is None


def test_a_glimpse_puts_a_gap_off_by_its_share_of_the_way_back() -> None:
    limits = DegradedSettings(recover_s=2.0)
    hidden_s, glimpse_s = limits.after_s - 1.0, 0.4
    put_off_s = glimpse_s * limits.after_s / limits.recover_s
    seen = (OPEN, 15.0), (HIDDEN, hidden_s), (OPEN, glimpse_s)
    assert after(limits, *seen, (HIDDEN, 1.0 + put_off_s - 0.2)).reason is not Degraded.FACE_MISSING
    assert after(limits, *seen, (HIDDEN, 1.0 + put_off_s + 0.2)).reason is Degraded.FACE_MISSING
