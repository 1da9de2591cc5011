"""What `dms evaluate face|landmarks|mouth` says about small sets made from the sample drive's portrait."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.evaluate import face, landmarks, mouth
from dms.models import find_model
from dms.observation import Box
from dms.perception.face import FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet

BOX = (147, 116, 166, 192)


@pytest.fixture(scope="module")
def portrait() -> npt.NDArray[Any]:
    video = cv2.VideoCapture(str(SAMPLE_DRIVE))
    read, frame = video.read()
    video.release()
    assert read
    return np.asarray(frame)


@pytest.fixture
def drivers(tmp_path: Path, portrait: npt.NDArray[Any]) -> Path:
    """Two pictures: the portrait, and the same moved to the right by 40 px; neither yawns."""
    moved = np.roll(portrait, 40, axis=1)
    cv2.imwrite(str(tmp_path / "a.png"), portrait)
    cv2.imwrite(str(tmp_path / "b.png"), moved)
    x, y, w, h = BOX
    write(
        tmp_path / "labels.csv",
        ["file", "yawn", "x", "y", "w", "h"],
        [["a.png", 0, *BOX], ["b.png", 0, x + 40, y, w, h]],
    )
    return tmp_path


def write(path: Path, columns: list[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def test_faces_in_labelled_pictures(drivers: Path) -> None:
    report = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (report.pictures, report.faces, report.found, report.chosen) == (2, 2, 1.0, 1.0)
    assert report.false_faces == 0
    assert report.mean_iou is not None
    assert report.mean_iou > 0.7
    assert json.loads(json.dumps(report.to_json()))["found"] == 1.0
    assert "found 100.00% of 2 faces" in report.text()


def test_a_box_elsewhere_is_a_miss_and_a_false_face(drivers: Path) -> None:
    write(drivers / "labels.csv", ["file", "x", "y", "w", "h"], [["a.png", 0, 0, 90, 110]])
    report = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (report.found, report.chosen, report.mean_iou) == (0.0, 0.0, None)
    assert (report.false_faces, report.false_share) == (1, 1.0)


def test_pictures_without_a_face_have_false_faces_only(tmp_path: Path) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((60 + 50 * i, 100), 40 * i, np.uint8))
    report = face.evaluate(tmp_path, find_model("face"), find_model("landmarks"))
    assert (report.pictures, report.faces, report.found, report.false_faces) == (3, 0, None, 0)
    assert "found" not in report.text()


def test_a_face_that_the_landmark_model_refuses_is_neither_found_nor_false(
    drivers: Path, portrait: npt.NDArray[Any]
) -> None:
    part = portrait.copy()
    part[100:320, 130:229] = 60
    cv2.imwrite(str(drivers / "a.png"), part)
    write(drivers / "labels.csv", ["file", "x", "y", "w", "h"], [["a.png", *BOX]])
    report = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (report.found, report.false_faces, report.refused, report.refused_faces) == (0.0, 0, 1, 0)


def test_a_higher_score_finds_less(drivers: Path) -> None:
    assert face.evaluate(drivers, find_model("face"), find_model("landmarks"), score=0.95).found == 0.0


def test_a_faint_face_that_the_landmark_model_confirms_counts_where_no_other_is(
    drivers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = FaceDetector.find
    monkeypatch.setattr(FaceDetector, "find", lambda net, grey: [replace(d, score=0.4) for d in find(net, grey)[:1]])
    report = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (report.found, report.chosen, report.false_faces, report.refused) == (1.0, 1.0, 0, 0)
    assert face.evaluate(drivers, find_model("face"), find_model("landmarks"), score=0.5).found == 0.0


@pytest.mark.slow
def test_landmarks_give_boxes_and_errors(drivers: Path, portrait: npt.NDArray[Any]) -> None:
    grey = np.asarray(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY), np.uint8)
    net = LandmarkNet(find_model("landmarks"))
    points = net.locate(grey, Crop.around_landmarks(net.locate(grey, Crop.around_box(Box(*BOX))).points)).points
    columns = ["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")]
    table = drivers / "landmarks68_made.csv"
    write(table, columns, [["a.png", *points.ravel()], ["b.png", *(points + np.array([40, 0], np.float32)).ravel()]])
    assert face.evaluate(table, find_model("face"), find_model("landmarks")).found == 1.0
    (drivers / "labels.csv").unlink()
    assert face.evaluate(drivers, find_model("face"), find_model("landmarks")).faces == 2
    report = landmarks.evaluate(table, find_model("landmarks"))
    assert landmarks.evaluate(drivers, find_model("landmarks")).followed == report.followed
    # the truth is what the net itself says, so only the way of starting differs
    assert report.faces == 2
    assert report.followed.nme < 3
    assert report.followed.failures == 0
    assert report.followed.auc > 0.7
    assert report.confident == 1.0
    assert json.loads(json.dumps(report.to_json()))["nme"] == pytest.approx(report.followed.nme)
    assert "NME" in report.text()


def test_errors_are_over_the_distance_of_the_outer_eye_corners() -> None:
    truth = np.zeros((68, 2), np.float32)
    truth[36], truth[45] = (0, 0), (50, 0)
    located = truth + np.array([3, 4], np.float32)
    assert landmarks.point_errors(located, truth) == pytest.approx(np.full(68, 0.1))


def test_mouths_through_the_whole_chain(drivers: Path) -> None:
    report = mouth.evaluate(drivers, find_model("face"), find_model("landmarks"), find_model("mouth"))
    assert (report.overall.samples, report.overall.accuracy, report.no_face, report.unknown) == (2, 1.0, 0.0, 0.0)
    assert json.loads(json.dumps(report.to_json()))["accuracy"] == 1.0


def test_a_picture_without_a_face_is_unknown_and_counts_as_wrong(drivers: Path) -> None:
    cv2.imwrite(str(drivers / "b.png"), np.zeros((100, 100), np.uint8))
    report = mouth.evaluate(drivers, find_model("face"), find_model("landmarks"), find_model("mouth"))
    assert report.known is not None
    assert (report.overall.accuracy, report.known.accuracy, report.no_face) == (0.5, 1.0, 0.5)
    assert "no face 50.00%" in report.text()


def test_data_that_cannot_be_measured_on_is_named(tmp_path: Path, drivers: Path) -> None:
    with pytest.raises(UserError, match="missing"):
        face.evaluate(tmp_path / "nothing", find_model("face"), find_model("landmarks"))
    write(drivers / "labels.csv", ["file", "x"], [["a.png", 1]])
    with pytest.raises(UserError, match="yawn"):
        mouth.evaluate(drivers, find_model("face"), find_model("landmarks"), find_model("mouth"))
    write(tmp_path / "landmarks68_none.csv", ["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")], [])
    with pytest.raises(UserError, match="no row"):
        landmarks.evaluate(tmp_path / "landmarks68_none.csv", find_model("landmarks"))


def test_what_cannot_be_measured_on_is_left_out_and_told(drivers: Path) -> None:
    (drivers / "broken.png").write_bytes(b"not a picture")
    rows: list[list[object]] = [
        ["a.png", 0, *BOX],
        ["broken.png", 0, *BOX],
        ["gone.png", 0, *BOX],
        ["b.png", "", "", "", "", ""],
    ]
    write(drivers / "labels.csv", ["file", "yawn", "x", "y", "w", "h"], rows)
    faces = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (faces.pictures, faces.found, faces.left_out) == (1, 1.0, 3)
    mouths = mouth.evaluate(drivers, find_model("face"), find_model("landmarks"), find_model("mouth"))
    assert (mouths.overall.samples, mouths.overall.accuracy, mouths.left_out) == (1, 1.0, 3)
    for report in (faces, mouths):
        told = " ".join(report.to_json()["warnings"])
        assert all(name in told for name in ("b.png", "broken.png", "gone.png"))


def test_two_rows_of_a_picture_are_two_faces_unless_they_are_the_same(drivers: Path) -> None:
    boxes = [["a.png", *BOX], ["a.png", *BOX], ["a.png", 10, 10, 40, 50]]
    write(drivers / "labels.csv", ["file", "x", "y", "w", "h"], boxes)
    report = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (report.pictures, report.faces, report.found, report.false_faces) == (1, 2, 0.5, 0)


def test_a_mouth_counts_once_and_not_at_all_when_its_rows_contradict_each_other(drivers: Path) -> None:
    write(drivers / "labels.csv", ["file", "yawn"], [["a.png", 0], ["a.png", 0], ["b.png", 0], ["b.png", 1]])
    report = mouth.evaluate(drivers / "labels.csv", find_model("face"), find_model("landmarks"), find_model("mouth"))
    assert (report.overall.samples, report.left_out) == (1, 2)
    assert "labelled as yawn and as no yawn: 1" in report.warnings[1]


def test_labels_without_boxes_mean_no_faces_and_say_so(drivers: Path) -> None:
    write(drivers / "labels.csv", ["file", "yawn"], [["a.png", 0]])
    report = face.evaluate(drivers, find_model("face"), find_model("landmarks"))
    assert (report.faces, report.false_share) == (0, 1.0)
    assert "has no boxes (x,y,w,h)" in report.warnings[0]
    assert "taken as one without a face" in report.text()


def test_labels_one_folder_further_down_are_not_taken_for_pictures_without_a_face(drivers: Path) -> None:
    with pytest.raises(UserError, match=r"labels\.csv: give its folder"):
        face.evaluate(drivers.parent, find_model("face"), find_model("landmarks"))


@pytest.mark.slow
@pytest.mark.parametrize("value", ["nan", "0", "-1"])
def test_points_that_are_no_face_do_not_spoil_the_mean(drivers: Path, portrait: npt.NDArray[Any], value: str) -> None:
    grey = np.asarray(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY), np.uint8)
    points = LandmarkNet(find_model("landmarks")).locate(grey, Crop.around_box(Box(*BOX))).points
    table, columns = drivers / "landmarks68_made.csv", ["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")]
    good = ["a.png", *points.ravel()]
    write(table, columns, [good])
    before = landmarks.evaluate(table, find_model("landmarks"))
    write(table, columns, [good, ["b.png", *[value] * 136], good])
    report = landmarks.evaluate(table, find_model("landmarks"))
    assert (report.followed, report.faces, report.left_out) == (before.followed, 1, 2)
    write(table, columns, [["b.png", *[value] * 136]])
    with pytest.raises(UserError, match="no row with 68 points"):
        landmarks.evaluate(table, find_model("landmarks"))
