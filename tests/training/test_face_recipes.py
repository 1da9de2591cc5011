"""The face, landmark and mouth recipes from the public layouts to a verified model; skipped without the extra."""

import csv
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

if any(importlib.util.find_spec(name) is None for name in ("torch", "keras", "tensorflow")):
    pytest.skip("needs the extra train", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"

import torch

from dms.datasets.split import Part
from dms.errors import UserError
from dms.models import find_model
from dms.perception.landmarks import CELLS, POINTS
from dms.training.faces import part_of
from dms.training.recipes import face, landmarks, mouth
from dms.training.train import train

pytestmark = pytest.mark.train

SHAPES = {
    "face": [[15, 20, 1], [15, 20, 4]],
    "landmarks": [[12, 12, 68], [12, 12, 136], [1]],
    "mouth": [[3]],
}


def named(part: Part, complete: bool, count: int) -> list[str]:
    """Names of groups that fall into a part."""
    names = (str(i) if complete else f"p{i}x" for i in range(1000))
    return [n for n in names if part_of(n, complete) is part][:count]


@pytest.fixture
def data(tmp_path: Path) -> list[Path]:
    """A table of ten people and a folder of ten scenes, some in each part, with random pictures and faces."""
    rng = np.random.default_rng(0)
    columns = ["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")]
    folder = tmp_path / "cabin"
    folder.mkdir()

    def points() -> list[str]:
        return [f"{v:.1f}" for v in (rng.uniform(60, 140, (68, 2)) + np.array([0, 20])).ravel()]

    def draw(path: Path) -> None:
        cv2.imwrite(str(path), rng.integers(0, 256, (240, 320)).astype(np.uint8))

    people, scenes, labels = [columns], [columns], [["file", "yawn", "scene_group", "x", "y", "w", "h"]]
    for part, count in ((Part.TRAIN, 6), (Part.VALIDATION, 2), (Part.TEST, 2)):
        for name in named(part, False, count):
            draw(tmp_path / f"{name}.png")
            people.append([f"{name}.png", *points()])
        for number, name in enumerate(named(part, True, count)):
            draw(folder / f"{name}.png")
            scenes.append([f"{name}.png", *points()])
            labels.append([f"{name}.png", str(number % 2), name, "60", "60", "80", "100"])
    for path, rows in (
        (tmp_path / "landmarks68_people.csv", people),
        (folder / "landmarks68_pseudo.csv", scenes),
        (folder / "labels.csv", labels),
    ):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return [tmp_path / "landmarks68_people.csv", folder]


@pytest.mark.parametrize(("name", "recipe"), [("face", face), ("landmarks", landmarks), ("mouth", mouth)])
def test_from_tables_to_card(
    name: str, recipe: Any, data: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipe, "STEPS", 2)
    monkeypatch.setattr(recipe, "BATCH", 4)
    monkeypatch.setattr(face, "EMPTY", 5)
    (made,) = train(name, data, tmp_path / "out", epochs=1)
    find_model(name, made.parent).verify()
    card = json.loads(made.with_suffix(".json").read_text())
    assert [output["shape"] for output in card["outputs"]] == SHAPES[name]
    with (tmp_path / "out" / "test" / "cabin" / "labels.csv").open(newline="") as file:
        assert {row["scene_group"] for row in csv.DictReader(file)} == set(named(Part.TEST, True, 2))


@pytest.mark.parametrize(("name", "message"), [("face", "labels.csv"), ("mouth", "yawn")])
def test_tables_alone_do_not_do(name: str, message: str, data: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        train(name, data[:1], tmp_path / "out", epochs=1)


def test_a_folder_alone_does_not_make_landmarks(data: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="accurately marked"):
        train("landmarks", data[1:], tmp_path / "out", epochs=1)


def perfect_maps(points: torch.Tensor) -> list[torch.Tensor]:
    """Maps that give the points exactly: sure of the nearest cell, offsets right in every cell."""
    place = (points + 0.5) * CELLS - 0.5
    axis = torch.arange(CELLS, dtype=torch.float32)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    grid = torch.stack([columns, rows], -1)
    distance = (place[:, None, None] - grid[..., None, :]).abs()
    cells = 40 * (1 - distance).clamp_min(0).prod(-1)
    offsets = (place[:, None, None] - grid[..., None, :]).reshape(len(points), CELLS, CELLS, 2 * POINTS)
    return [cells, offsets, torch.full((len(points), 1), 20.0)]


def test_landmark_loss_is_least_at_the_truth() -> None:
    points = torch.rand(3, POINTS, 2, generator=torch.Generator().manual_seed(0)) * 0.8 - 0.4
    targets = [points, torch.ones(3, POINTS), torch.ones(3)]
    right, beside = perfect_maps(points), perfect_maps(points)
    beside[1] = beside[1] + 0.1
    assert landmarks.loss(right, targets) < landmarks.loss(beside, targets)
    assert landmarks.loss(right, targets) < landmarks.loss(perfect_maps(points + 0.08), targets)
    nowhere = [points, torch.zeros(3, POINTS), torch.ones(3)]
    assert landmarks.loss(beside, nowhere) < 1e-3


def test_wing_joins_its_two_parts() -> None:
    below, above = landmarks.wing(torch.tensor([3.999, 4.001]))
    assert above - below == pytest.approx(0.002, abs=0.002)
    assert landmarks.wing(torch.tensor(0.0)) == 0


def test_face_loss_leaves_unknown_places_that_look_like_faces_alone() -> None:
    heat, boxes = torch.zeros(1, 15, 20), torch.zeros(1, 15, 20, 4)
    logits = torch.full((1, 15, 20, 1), -4.0)
    logits[0, 5, 5] = 3.0
    known, unknown = torch.ones(1, 15, 20), torch.zeros(1, 15, 20)
    weights = torch.zeros(1, 15, 20)
    outputs = [logits, boxes]
    assert face.loss(outputs, [heat, boxes, weights, known]) > 10 * face.loss(outputs, [heat, boxes, weights, unknown])
