"""The evaluation of eyes on made pictures with the shipped model: layouts, counts and JSON, not accuracy."""

import json

import cv2
import numpy as np
import pytest

from dms.evaluate import eyes
from dms.models import find_model


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


@pytest.fixture
def patches(tmp_path):
    rng = np.random.default_rng(0)
    for number, state in enumerate(("open", "closed", "closed")):
        save(tmp_path / state / f"anna-{number}.png", rng.integers(0, 256, (40, 60), np.uint8))
    save(tmp_path / "open" / "ben-3.png", np.zeros((24, 24), np.uint8))
    return tmp_path


def test_unknown_eyes_count_as_wrong_and_are_left_out(patches):
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
