"""Who is judged, and what is kept of them."""

import logging
from pathlib import Path

import pytest

from dms.alerts.inputs import DriverNamed
from dms.config import DriverSettings
from dms.driver.baseline import Baseline
from dms.observation import Observation
from dms.service.baselines import BaselineStore
from dms.service.session import DriverSession

LEARNED = Baseline(0.05, 1.0, 0.22, 1.0, 0.06, 1.0)


def drive(session: DriverSession, closed: float, seconds: float) -> None:
    """Eyes that read like this for so long, ten times a second."""
    for frame in range(int(seconds * 10)):
        session.monitor.step(Observation(frame / 10, face=True, left_eye=closed, right_eye=closed))
        session.save_lessons()


def test_somebody_else_under_a_name_is_learned_anew_told_once_and_costs_the_name_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = BaselineStore(tmp_path, "models")
    store.save("anna", LEARNED)
    session = DriverSession(DriverSettings(), store, "anna")
    with caplog.at_level(logging.WARNING):
        drive(session, closed=0.4, seconds=200)
        session.save()
    assert [record.levelname for record in caplog.records if "anna" in record.getMessage()] == ["WARNING"]
    assert session.monitor.baseline.open_level == pytest.approx(0.4, abs=0.03)
    assert store.load("anna") == LEARNED


def test_the_driver_who_was_kept_is_not_learned_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = BaselineStore(tmp_path, "models")
    store.save("anna", LEARNED)
    session = DriverSession(DriverSettings(), store, "anna")
    drive(session, closed=0.1, seconds=200)
    assert (session.monitor.baseline, caplog.records) == (LEARNED, [])


def test_a_gateway_that_repeats_who_drives_or_that_it_knows_nobody_changes_nothing(tmp_path: Path) -> None:
    session = DriverSession(DriverSettings(), BaselineStore(tmp_path, "models"), "anna")
    heard = [session.resolve(DriverNamed(1.0, name)) is not None for name in ("anna", None, None, "ben", "ben", None)]
    assert heard == [False, True, False, True, False, True]
