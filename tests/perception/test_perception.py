"""Perception as a whole, on the sample drive's portrait: who is followed, and what is unknown."""

from dataclasses import astuple, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings, PerceptionSettings
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.frames import Frame, Image
from dms.frames.source import open_recording
from dms.models import find_model
from dms.observation import HeadPose, Observation, View
from dms.perception.face import Detection, FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet, Landmarks
from dms.perception.perception import Perception
from dms.perception.view import as_grey


@pytest.fixture(scope="module")
def portrait() -> Image:
    """A frame of the sample drive with the eyes open, (360, 480) grey."""
    return as_grey(next(open_recording(SAMPLE_DRIVE, CameraSettings()).frames()).image)


def cabin(driver: Image | None, passenger: Image | None) -> Image:
    """Two seats side by side, (360, 960) grey; the passenger sits right, a little smaller."""
    picture = np.full((360, 960), 120, np.uint8)
    picture[::8] = 90  # something to see, so that the lens does not count as covered
    if driver is not None:
        picture[:, :480] = driver
    if passenger is not None:
        picture[40:340, 520:920] = cv2.resize(passenger, (400, 300))
    return picture


def watch(perception: Perception, picture: Image, start_s: float, end_s: float) -> list[Observation]:
    return [perception.observe(Frame(t, picture)) for t in np.arange(start_s, end_s, 0.1).round(3).tolist()]


def side(observation: Observation) -> str:
    if observation.box is None:
        return "nobody"
    return "driver" if observation.box.x + observation.box.width / 2 < 480 else "passenger"


def test_a_face_is_followed_with_all_its_measures(portrait: Image) -> None:
    seen = watch(Perception(PerceptionSettings()), portrait, 0, 1)
    assert all(observation.face for observation in seen)
    last = seen[-1]
    assert last.left_eye is not None
    assert last.right_eye is not None
    assert max(last.left_eye, last.right_eye) < 0.5
    assert last.pose is not None
    assert abs(last.pose.yaw) < 15
    assert any(observation.emotions for observation in seen)


def test_what_lids_do_is_only_asked_while_they_are_down() -> None:
    perception = Perception(PerceptionSettings())
    seen = [perception.observe(frame) for frame in open_recording(SAMPLE_DRIVE, CameraSettings()).frames()]
    down = [o for o in seen if (known := [c for c in (o.left_eye, o.right_eye) if c is not None]) and min(known) >= 0.3]
    assert [o.t for o in seen if o.looking_down is not None] == [o.t for o in down]
    assert 0 < len(down) < len(seen) / 2
    assert perception.take_times()["lids"].runs == len(down)


def test_a_passenger_does_not_take_the_drivers_place(portrait: Image) -> None:
    perception = Perception(PerceptionSettings())
    both, alone = cabin(portrait, portrait), cabin(None, portrait)
    assert {side(o) for o in watch(perception, both, 0, 1)} == {"driver"}
    assert {side(o) for o in watch(perception, alone, 1, 4)} == {"nobody"}, "the driver ducks"
    assert {side(o) for o in watch(perception, both, 4, 5)[3:]} == {"driver"}, "and is back"


def test_a_face_that_only_one_net_sees_is_unknown(portrait: Image) -> None:
    part = portrait.copy()
    part[100:320, 130:229] = 60
    assert FaceDetector(find_model("face")).find(as_grey(part))[0].score > PerceptionSettings().face_score
    assert {o.face for o in watch(Perception(PerceptionSettings()), part, 0, 1)} == {None}


@pytest.mark.parametrize(
    ("confidences", "faces", "searches"),
    [
        ([0.6], [None, True, True], 0),
        ([0.3], [True, True, True], 1),
        ([0.6, 0.6, 0.6, 0.6], [None, None, True], 1),
    ],
    ids=["doubt for a moment", "gone", "doubt that stays"],
)
def test_a_moment_of_doubt_does_not_lose_a_followed_face(
    portrait: Image,
    monkeypatch: pytest.MonkeyPatch,
    confidences: list[float],
    faces: list[bool | None],
    searches: int,
) -> None:
    perception = Perception(PerceptionSettings())
    watch(perception, portrait, 0, 0.5)
    locate, find, waiting = LandmarkNet.locate, FaceDetector.find, list(confidences)
    searched: list[int] = []

    def doubted(net: LandmarkNet, grey: Image, crop: Crop) -> Landmarks:
        located = locate(net, grey, crop)
        # the face itself never goes away: a search finds it
        return replace(located, confidence=waiting.pop(0)) if waiting and not searched else located

    def counted(net: FaceDetector, grey: Image) -> list[Detection]:
        searched.append(1)
        return find(net, grey)

    monkeypatch.setattr(LandmarkNet, "locate", doubted)
    monkeypatch.setattr(FaceDetector, "find", counted)
    seen = watch(perception, portrait, 0.5, 0.75)
    assert [observation.face for observation in seen] == faces
    assert all(observation.left_eye is None for observation in seen if observation.face is None)
    assert len(searched) == searches


@pytest.mark.parametrize(("pitch", "read"), [(-30.0, False), (0.0, True)])
def test_a_bowed_head_has_emotions_and_no_frown(
    portrait: Image, monkeypatch: pytest.MonkeyPatch, pitch: float, read: bool
) -> None:
    monkeypatch.setattr("dms.perception.perception.head_pose", lambda points: HeadPose(0.0, pitch, 0.0))
    seen = [o for o in watch(Perception(PerceptionSettings()), portrait, 0, 1) if o.emotions is not None]
    assert seen
    assert {observation.frown is not None for observation in seen} == {read}


def test_after_a_while_the_face_that_is_left_drives(portrait: Image) -> None:
    settings = PerceptionSettings(driver_hold_s=2.0)
    perception = Perception(settings)
    watch(perception, cabin(portrait, portrait), 0, 1)
    assert side(watch(perception, cabin(None, portrait), 1, 4)[-1]) == "passenger"


def test_pictures_of_another_size_are_searched_at_once_and_their_driver_is_no_stranger(portrait: Image) -> None:
    perception = Perception(PerceptionSettings(driver_hold_s=60.0))
    assert watch(perception, cabin(None, portrait), 0, 1)[-1].face
    small = np.asarray(cv2.resize(cabin(None, portrait), None, fx=0.5, fy=0.5), np.uint8)
    assert all(observation.face for observation in watch(perception, small, 1, 2))


def test_faces_outside_the_region_are_never_followed(portrait: Image) -> None:
    perception = Perception(PerceptionSettings(region=(0.5, 0.0, 1.0, 1.0)))
    assert {side(o) for o in watch(perception, cabin(portrait, portrait), 0, 1)} == {"passenger"}


@pytest.mark.parametrize(
    ("picture", "view"),
    [(np.full((480, 640, 3), 4, np.uint8), View.DARK), (np.full((480, 640, 3), 90, np.uint8), View.COVERED)],
)
def test_a_picture_without_content_says_why_and_nothing_else(picture: Image, view: View) -> None:
    assert Perception(PerceptionSettings()).observe(Frame(1.0, picture)) == Observation(1.0, view)


def face_alone(portrait: Image, light: float) -> Image:
    """Only the face has light, as from a lamp at night: this share of what it had by day."""
    box = Perception(PerceptionSettings()).observe(Frame(0.0, portrait)).box
    assert box is not None
    lit = np.zeros(portrait.shape, np.float32)
    middle, half = (box.x + box.width / 2, box.y + box.height / 2), (1.1 * box.width, 1.2 * box.height)
    cv2.ellipse(lit, (middle, half, 0.0), (light,), -1)
    return np.asarray(portrait * lit, np.uint8)


def test_a_face_in_its_own_light_is_seen_before_a_dark_cabin(portrait: Image) -> None:
    night = face_alone(portrait, 0.4)
    assert night.mean() < PerceptionSettings().dark_level
    perception = Perception(PerceptionSettings())
    for number in range(4):
        seen = perception.observe(Frame(number / 10, night))
        assert (seen.view, seen.face) == (View.CLEAR, True)
        assert seen.left_eye is not None
    # as soon as the face is dark as well the picture is
    assert perception.observe(Frame(0.5, face_alone(portrait, 0.04))) == Observation(0.5, View.DARK)


def test_a_clear_view_is_lost_within_a_tenth_of_a_second_and_back_at_once(portrait: Image) -> None:
    perception, dark = Perception(PerceptionSettings()), np.zeros_like(portrait)
    # at thirty pictures a second: eleven clear ones, nine dark ones, so that each dark time begins at another phase
    views = [perception.observe(Frame(n / 30, dark if n % 20 > 10 else portrait)).view for n in range(171)]
    for first in range(11, 160, 20):
        late = views[first : first + 9].index(View.DARK)
        assert late <= 3
        assert views[first + late : first + 18] == [View.DARK] * (9 - late) + [View.CLEAR] * 9


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 1), (480, 640, 3), (480, 640, 4), (1, 1), (1000, 3)])
def test_pictures_of_any_shape_are_judged_or_unknown(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert Perception(PerceptionSettings()).observe(Frame(1.0, noise)).face in {None, False}


def test_a_broken_model_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing"):
        Perception(PerceptionSettings(models_dir=tmp_path))


def test_nothing_seen_has_more_digits_than_are_measured(portrait: Image) -> None:
    """What differs in the last bit from processor to processor must not be judged, and a trace stays small."""
    for seen in watch(Perception(PerceptionSettings()), portrait, 0, 1):
        assert seen.pose is not None
        assert all(round(degrees, 1) == degrees for degrees in astuple(seen.pose))
        for share in (seen.left_eye, seen.right_eye, *(astuple(seen.emotions) if seen.emotions else ())):
            assert share is None or round(share, 4) == share
