"""Whom a search of the whole picture takes for the driver, by what the two nets say."""

import numpy as np
import pytest

from dms.config import PerceptionSettings
from dms.frames import Image
from dms.observation import Box
from dms.perception.face import MOST_FAINT, Detection
from dms.perception.landmarks import Crop, Landmarks
from dms.perception.search import FaceSearch, Sighting

PICTURE = np.zeros((480, 640), np.uint8)


def face(x: float, score: float) -> Detection:
    """A face of 80x100 pixels, half way down the picture."""
    return Detection(Box(x, 190, 80, 100), score)


NEAR_WITH_ROOM = Box(80, 60, 320, 240)
"""A face that fills ``PICTURE``, in the picture of half its size with room around it."""
NEAR = Box(0, 0, 640, 480)


class Nets:
    """What the nets say: of each face its place, the face net's score, the landmark net's confidence at the first look.

    Args:
        faces: As above.
        again: The confidence at a second look.
        near: The face net's score of a face that fills the picture, seen when there is room around it.
    """

    def __init__(self, *faces: tuple[float, float, float], again: float = 1.0, near: float | None = None) -> None:
        self._near = near
        self._faces = faces
        self._again = again
        self.asked: list[float] = []

    def find(self, grey: Image) -> list[Detection]:
        if grey.shape != PICTURE.shape:
            return [] if self._near is None else [Detection(NEAR_WITH_ROOM, self._near)]
        return sorted((face(x, score) for x, score, _ in self._faces), key=lambda d: -d.score)

    def locate(self, grey: Image, crop: Crop) -> Landmarks:
        for x, _, confidence in self._faces:
            if crop == Crop.around_box(face(x, 0.0).box):
                self.asked.append(x)
                return Landmarks(np.full((68, 2), x, np.float32), confidence)
        return Landmarks(np.full((68, 2), crop.x, np.float32), self._again)

    def search(self, last: Box | None = None, **settings: float | tuple[float, ...]) -> Sighting:
        searched = FaceSearch(self.find, self.locate, PerceptionSettings.model_validate(settings), sure_again=0.98)
        return searched.search(PICTURE, last)


def place(sighting: Sighting) -> float | None:
    return None if sighting.landmarks is None else float(sighting.landmarks.points[0, 0])


def test_a_faint_face_counts_when_the_landmarks_confirm_it() -> None:
    found = Nets((100, 0.36, 0.9)).search()
    assert (found.face, place(found)) == (True, 100)


@pytest.mark.parametrize(
    ("score", "confidence", "again"),
    [(0.36, 0.75, 1.0), (0.3, 1.0, 1.0), (0.36, 0.9, 0.95)],
    ids=["unconfirmed", "too faint", "less sure at a second look"],
)
def test_otherwise_nobody_is_there(score: float, confidence: float, again: float) -> None:
    assert Nets((100, score, confidence), again=again).search() == Sighting(False)


def test_both_nets_together_choose_among_the_faint_ones() -> None:
    # 0.50 x 0.82 is less than 0.45 x 0.99; the surest of the landmark net's is too faint for the face net
    assert place(Nets((100, 0.5, 0.82), (300, 0.45, 0.99), (500, 0.34, 1.0)).search()) == 300


def test_no_more_than_three_are_asked_about() -> None:
    nets = Nets((0, 0.5, 0.1), (150, 0.48, 0.1), (300, 0.46, 0.1), (450, 0.44, 1.0))
    assert nets.search() == Sighting(False)
    assert nets.asked == [0, 150, 300]
    assert len(nets.asked) == MOST_FAINT


def test_where_there_is_a_sure_face_the_faint_ones_are_not_asked_about() -> None:
    nets = Nets((100, 0.6, 0.9), (300, 0.5, 1.0))
    assert place(nets.search()) == 100
    assert nets.asked == [100]


def test_a_sure_face_that_the_landmarks_refuse_is_unknown_whatever_else_is_there() -> None:
    assert Nets((100, 0.6, 0.7), (300, 0.5, 1.0)).search() == Sighting(None)


def test_faint_faces_outside_the_region_or_in_another_seat_are_not_the_drivers() -> None:
    assert Nets((400, 0.5, 1.0)).search(region=(0.0, 0.0, 0.5, 1.0)) == Sighting(False)
    assert Nets((400, 0.5, 1.0)).search(last=face(100, 0.9).box) == Sighting(False)
    assert place(Nets((400, 0.5, 1.0), (120, 0.34, 0.9)).search(last=face(100, 0.9).box)) == 120


def test_a_driver_in_faint_view_is_found_beside_a_passenger_in_plain_view() -> None:
    assert place(Nets((400, 0.9, 1.0), (120, 0.34, 0.9)).search(last=face(100, 0.9).box)) == 120


def test_the_faint_limit_can_be_raised_out_of_use() -> None:
    assert Nets((100, 0.5, 1.0)).search(faint_score=0.55) == Sighting(False)


def test_a_face_that_fills_the_picture_is_found_when_there_is_room_around_it() -> None:
    found = Nets(near=0.7).search().landmarks
    assert found is not None
    assert found.points[0, 0] == NEAR.x + NEAR.width / 2


def test_a_faint_one_is_asked_about_as_any_other() -> None:
    assert Nets(near=0.4).search().face is True
    assert Nets(near=0.4, again=0.97).search() == Sighting(False)
    assert Nets(near=0.3).search() == Sighting(False)


def test_no_room_is_needed_where_somebody_is_found_or_may_be() -> None:
    assert place(Nets((100, 0.36, 0.9), near=0.9).search()) == 100
    assert Nets((100, 0.6, 0.7), near=0.9).search() == Sighting(None)


def test_a_near_face_that_the_landmarks_refuse_is_nobody() -> None:
    assert Nets(near=0.9, again=0.5).search() == Sighting(False)
