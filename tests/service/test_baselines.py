"""What was learned about a driver outlives the daemon."""

from pathlib import Path

import pytest

from dms.config import DriverSettings
from dms.driver.baseline import Baseline
from dms.service.baselines import BaselineStore

LEARNED = Baseline(0.12, 1.0, 0.22, 1.0, 0.06, 1.0)


def test_each_driver_has_a_baseline_of_their_own(tmp_path: Path) -> None:
    store = BaselineStore(tmp_path, "models")
    other = Baseline.unknown(DriverSettings().baseline)
    store.save("anna", LEARNED)
    store.save("ben", other)
    assert store.load("anna") == LEARNED
    assert store.load("ben") == other
    assert store.load("carla") is None


def test_what_was_learned_with_other_models_does_not_hold(tmp_path: Path) -> None:
    BaselineStore(tmp_path, "old").save("anna", LEARNED)
    assert BaselineStore(tmp_path, "new").load("anna") is None
    assert BaselineStore(tmp_path, "old").load("anna") == LEARNED


def test_a_broken_file_means_learning_anew(tmp_path: Path) -> None:
    store = BaselineStore(tmp_path, "models")
    store.save("anna", LEARNED)
    (tmp_path / "baselines" / "anna.json").write_text('{"open_level": 0.1')
    assert store.load("anna") is None


def test_a_disk_that_refuses_does_not_stop_the_daemon(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    store = BaselineStore(blocked, "models")
    store.save("anna", LEARNED)
    assert store.load("anna") is None


@pytest.mark.parametrize("damage", ["NaN", "Infinity", "-0.5", "1.5"])
@pytest.mark.parametrize("is_first_release", [False, True])
def test_numbers_that_no_driver_has_are_refused(tmp_path: Path, damage: str, is_first_release: bool) -> None:
    store = BaselineStore(tmp_path, "models")
    store.save("anna", LEARNED)
    path = tmp_path / "baselines" / "anna.json"
    content = path.read_text()
    if is_first_release:
        content = content.split(',"checksum"')[0] + "}"
        path.write_text(content)
        assert store.load("anna") == LEARNED
    path.write_text(content.replace('"open_level":0.12', f'"open_level":{damage}'))
    assert store.load("anna") is None


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    store = BaselineStore(tmp_path, "models")
    store.save("anna", LEARNED)
    path = tmp_path / "baselines" / "anna.json"
    path.write_text(path.read_text().replace("0.12", "0.92"))
    assert store.load("anna") is None
