"""The evaluation of eyes on made pictures with the shipped model: layouts, counts and JSON, not accuracy."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.errors import UserError
from dms.evaluate import eyes
from dms.models import find_model


def save(path: Path, picture: npt.NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number, state in enumerate(("open", "closed", "closed")):
        save(tmp_path / state / f"anna-{number}.png", rng.integers(0, 256, (40, 60), np.uint8))
    save(tmp_path / "open" / "ben-3.png", np.zeros((24, 24), np.uint8))
    return tmp_path


def test_unknown_eyes_count_as_wrong_and_are_left_out(patches: Path) -> None:
    report = eyes.evaluate(patches, find_model("eyes"))
    assert report.overall.samples == 4
    assert report.overall.confusion[0][2] >= 1, "the black patch is unknown"
    assert report.by_group["ben"] == 0
    assert report.unknown_share == sum(row[2] for row in report.overall.confusion) / 4
    known = report.known.samples if report.known else 0
    assert known == 4 - report.unknown_share * 4
    told = json.loads(json.dumps(report.to_json()))
    assert told["accuracy"] == report.overall.accuracy
    assert "unknown" in report.text()


def test_a_broken_picture_changes_no_figure_and_is_counted(patches: Path) -> None:
    before = eyes.evaluate(patches, find_model("eyes"))
    (patches / "open" / "broken.jpg").write_bytes(b"not a picture")
    (patches / "open" / "._carl-4.png").write_bytes(b"what macOS leaves")
    report = eyes.evaluate(patches, find_model("eyes"))
    assert report.overall == before.overall
    assert (before.left_out, report.left_out) == (0, 1)
    assert "broken.jpg" in report.to_json()["warnings"][0]


def test_one_kind_of_eye_is_measured_and_the_other_said_to_be_missing(patches: Path) -> None:
    for file in (patches / "closed").iterdir():
        file.unlink()
    report = eyes.evaluate(patches, find_model("eyes"))
    assert (report.overall.samples, report.auc) == (2, None)
    assert report.warnings == ("no eye in closed/: figures that need both kinds are empty",)
    for file in (patches / "open").iterdir():
        file.unlink()
    with pytest.raises(UserError, match="hold no picture"):
        eyes.evaluate(patches, find_model("eyes"))
