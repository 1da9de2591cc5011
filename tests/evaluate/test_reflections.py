"""Reflections drawn over made eyes: what is drawn, counted and told, not how well the model does."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.errors import UserError
from dms.evaluate.reflections import LEVEL, SHAPES, evaluate, reflect
from dms.models import find_model


def save(path: Path, picture: npt.NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def test_pairs_of_each_state_are_counted_and_single_eyes_are_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number, name in enumerate(("anna", "anna", "ben")):
        save(tmp_path / "open" / f"{name}-{number}.png", rng.integers(0, 256, (24, 24), np.uint8))
    for number in range(2):
        save(tmp_path / "closed" / f"carl-{number}.png", rng.integers(0, 256, (24, 24), np.uint8))
    report = evaluate(tmp_path, find_model("eyes"))
    assert {sum(counts.values()) for counts in (*report.open.values(), *report.closed.values())} == {1}
    assert set(report.open) == {"none", *SHAPES}
    assert report.left_out == 1
    assert "ben" in report.warnings[0]
    assert json.loads(json.dumps(report.to_json()))["open"]["none"] == report.open["none"]
    assert "1 pairs of open eyes" in report.text()


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    for state in ("open", "closed"):
        save(tmp_path / state / f"{state}-1.png", np.full((24, 24), 90, np.uint8))
    with pytest.raises(UserError, match="nobody with two eyes"):
        evaluate(tmp_path, find_model("eyes"))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_reflection_lies_over_the_eyes_and_changes_no_more(name: str, channels: tuple[int, ...]) -> None:
    picture = np.full((100, 200, *channels), 40, np.uint8)
    drawn = reflect(picture, [((60.0, 50.0), 40.0)], SHAPES[name], 1.0)
    assert picture.max() == 40
    assert drawn.shape == picture.shape
    changed = np.argwhere((drawn != 40).reshape(100, 200, -1).any(2))
    assert drawn.max() == LEVEL
    if name != "stripe":
        assert np.abs(changed - (50, 60)).max() <= 30
    half = reflect(picture, [((60.0, 50.0), 40.0)], SHAPES[name], 0.5)
    assert half.max() == pytest.approx((40 + LEVEL) / 2, abs=1)
