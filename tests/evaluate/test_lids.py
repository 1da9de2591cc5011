"""The evaluation of lids that are down, on made pictures with the shipped model: layouts and counts, not accuracy."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config.driver import ClosureSettings
from dms.errors import UserError
from dms.evaluate import lids
from dms.models import find_model


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number, state in enumerate(("closed", "closed", "down")):
        (tmp_path / state).mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / state / f"anna-{number}.png"), rng.integers(0, 256, (40, 60), np.uint8))
    return tmp_path


def test_every_patch_is_counted_by_the_limit_of_the_daemon(patches: Path) -> None:
    report = lids.evaluate(patches, find_model("lids"))
    assert report.overall.samples == 3
    assert [sum(row) for row in report.overall.confusion] == [2, 1]
    assert report.limit == ClosureSettings().lowered_limit
    assert report.auc in (0.0, 0.5, 1.0)
    told = json.loads(json.dumps(report.to_json()))
    assert told["accuracy"] == report.overall.accuracy
    assert "lowered" in report.text()


def test_a_broken_picture_changes_no_figure_and_is_counted(patches: Path) -> None:
    before = lids.evaluate(patches, find_model("lids"))
    (patches / "down" / "broken.jpg").write_bytes(b"not a picture")
    report = lids.evaluate(patches, find_model("lids"))
    assert report.overall == before.overall
    assert (before.left_out, report.left_out) == (0, 1)


def test_one_kind_is_measured_and_the_other_said_to_be_missing(patches: Path) -> None:
    (patches / "down" / "anna-2.png").unlink()
    report = lids.evaluate(patches, find_model("lids"))
    assert (report.overall.samples, report.auc) == (2, None)
    assert report.warnings == ("no eye in down/: figures that need both kinds are empty",)
    (patches / "down").rmdir()
    with pytest.raises(UserError, match="need closed/ and down/"):
        lids.evaluate(patches, find_model("lids"))
