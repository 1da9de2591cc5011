import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.datasets.split import Part
from dms.errors import UserError
from dms.training.faces import (
    bounding_box,
    mirrored_order,
    part_of,
    pyramid,
    read_pictures,
    similarity,
    transform,
    write_test,
)


def a_face(x: float = 160, y: float = 120, size: float = 100) -> npt.NDArray[Any]:
    """68 points roughly as a face has them."""
    points = np.zeros((68, 2))
    points[0:17] = np.stack([np.linspace(-0.45, 0.45, 17), 0.5 * np.cos(np.linspace(-1.5, 1.5, 17))], 1)
    points[17:27] = np.stack([np.linspace(-0.35, 0.35, 10), np.full(10, -0.3)], 1)
    points[27:36, 1] = np.linspace(-0.2, 0.1, 9)
    points[36:42], points[42:48] = (-0.2, -0.2), (0.2, -0.2)
    points[[36, 45]] = (-0.3, -0.2), (0.3, -0.2)
    points[48:68, 1] = 0.25
    return (points * size + (x, y)).astype(np.float32)


def write_table(path: Path, faces: dict[str, list[npt.NDArray[Any]]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")])
        for name, points in faces.items():
            for p in points:
                writer.writerow([name, *p.ravel()])


@pytest.fixture
def data(tmp_path: Path) -> list[Path]:
    """A table with two pictures (one with two faces) and a folder with three scenes."""
    grey = np.random.default_rng(0).integers(0, 256, (240, 320)).astype(np.uint8)
    folder = tmp_path / "cabin"
    folder.mkdir()
    for path in (tmp_path / "ann_1.png", tmp_path / "ben_1.png", *(folder / f"{i}.png" for i in range(3))):
        cv2.imwrite(str(path), grey)
    table = tmp_path / "landmarks68_people.csv"
    write_table(table, {"ann_1.png": [a_face()], "ben_1.png": [a_face(80), a_face(230)]})
    write_table(folder / "landmarks68_pseudo.csv", {f"{i}.png": [a_face()] for i in range(3)})
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "yawn", "scene_group", "x", "y", "w", "h"])
        for i in range(3):
            writer.writerow([f"{i}.png", i % 2, i, 110, 70, 100, 100])
    return [table, folder]


def test_pictures_know_their_faces_and_what_is_sure(data: list[Path]) -> None:
    ann, ben, *drivers = read_pictures(data)
    assert (len(ann.points), len(ben.points), len(drivers)) == (1, 2, 3)
    assert (ann.group, ann.source, ann.complete, ann.yawn) == ("ann", 0, False, None)
    assert [d.complete for d in drivers] == [True] * 3
    assert [d.yawn for d in drivers] == [False, True, False]
    # the outline of a driver has the labelled box
    assert bounding_box(drivers[0].outlines[0]) == pytest.approx([110, 70, 100, drivers[0].points[0][:, 1].max() - 70])


def test_large_faces_are_halved_and_stay_in_place(tmp_path: Path) -> None:
    picture = np.zeros((1200, 1600), np.uint8)
    points = a_face(800, 600, 700)
    cv2.circle(picture, tuple(int(v) for v in points[30]), 20, (255,), -1)
    cv2.imwrite(str(tmp_path / "big.png"), picture)
    write_table(tmp_path / "landmarks68_big.csv", {"big.png": [points]})
    (big,) = read_pictures([tmp_path / "landmarks68_big.csv"])
    assert np.ptp(big.outlines[0][:, 1]) <= 180
    y, x = np.nonzero(big.levels[0] > 128)
    assert (x.mean(), y.mean()) == pytest.approx(tuple(big.points[0][30]), abs=0.6)


@pytest.mark.parametrize("scale", [0.1, 0.3, 0.9, 2.0])
def test_warped_pictures_and_points_stay_together(data: list[Path], scale: float) -> None:
    picture = read_pictures(data)[0]
    marked = np.zeros((240, 320), np.uint8)
    cv2.circle(marked, (160, 120), 15, (255,), -1)
    object.__setattr__(picture, "levels", pyramid(marked))
    matrix = similarity((150, 130), (80, 60), scale, 30, mirror=True)
    patch = picture.warp(matrix, (160, 120))
    y, x = np.nonzero(patch > 100)
    wanted = transform(np.array([(160, 120)], np.float32), matrix)[0]
    assert (x.mean(), y.mean()) == pytest.approx(tuple(wanted), abs=0.6)


@settings(max_examples=50)
@given(st.floats(-90, 90), st.floats(0.1, 4), st.booleans())
def test_similarity_takes_the_centre_to_the_target_and_scales(degrees: float, scale: float, mirror: bool) -> None:
    matrix = similarity((3, 4), (10, 20), scale, degrees, mirror)
    assert matrix[:, :2] @ (3, 4) + matrix[:, 2] == pytest.approx((10, 20))
    assert np.linalg.det(matrix[:, :2]) == pytest.approx((-1 if mirror else 1) * scale**2)


def test_mirroring_swaps_sides_and_back() -> None:
    order = mirrored_order()
    assert np.array_equal(order[order], np.arange(68))
    flipped = (a_face(0, 0, 1) * (-1, 1))[order]
    assert flipped[36:48] == pytest.approx(a_face(0, 0, 1)[36:48], abs=1e-6)
    assert flipped[:17] == pytest.approx(a_face(0, 0, 1)[:17], abs=1e-6)


def test_groups_are_split_once_and_for_all() -> None:
    people = [part_of(f"person{i}", False) for i in range(1400)]
    scenes = [part_of(str(i), True) for i in range(800)]
    assert people == [part_of(f"person{i}", False) for i in range(1400)]
    assert people.count(Part.TEST) == pytest.approx(100, abs=35)
    assert people.count(Part.VALIDATION) == pytest.approx(100, abs=35)
    assert scenes.count(Part.TEST) == pytest.approx(100, abs=35)
    assert scenes.count(Part.VALIDATION) == pytest.approx(100, abs=35)


def test_the_test_tables_hold_the_test_part_and_nothing_else(data: list[Path], tmp_path: Path) -> None:
    write_test(data, tmp_path / "test")
    with (tmp_path / "test" / "cabin" / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [str(i) for i in range(3) if part_of(str(i), True) is Part.TEST]
    assert [row["scene_group"] for row in rows] == wanted
    with (tmp_path / "test" / "landmarks68_people.csv").open(newline="") as file:
        names = {row["file"] for row in csv.DictReader(file)}
    assert names == {str((tmp_path / f"{n}_1.png").resolve()) for n in ("ann", "ben") if part_of(n, False) is Part.TEST}


def test_missing_tables_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.csv"):
        read_pictures([tmp_path / "nothing.csv"])
    with pytest.raises(UserError, match="landmarks68_"):
        read_pictures([tmp_path])
    with pytest.raises(UserError, match="no picture"):
        read_pictures([])
