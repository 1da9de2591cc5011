"""What becomes of a picture that perception cannot cope with."""

import numpy as np

from dms.config import PerceptionSettings
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Degraded
from dms.frames import Frame
from dms.observation import View
from dms.service.models import Models

FIVE_CHANNELS = np.zeros((480, 640, 5), np.uint8)
"""A picture of a kind that nobody knows."""
GREY = np.random.default_rng(0).integers(0, 256, (480, 640)).astype(np.uint8)


def test_a_picture_that_cannot_be_analysed_is_no_missing_face_and_the_next_one_is_tried() -> None:
    models, monitor = Models(PerceptionSettings()), DriverMonitor()
    states = [monitor.step(models.observe(Frame(i / 5, FIVE_CHANNELS))).state for i in range(60)]
    assert {state.degraded for state in states if state.t >= 10} == {Degraded.ANALYSIS_FAILED}
    assert {state.face for state in states} == {None}
    assert models.report().status == "failed"
    assert models.observe(Frame(13.0, GREY)).view is View.CLEAR
    assert models.report().status == "ok"
