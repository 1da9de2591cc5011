import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.observation import HeadPose
from dms.perception.eyes import Side
from dms.perception.pose import bowed, far_eye, head_pose, misfit, possible, turned_to_camera

# a face of its own, not the one that the code fits: narrower, with a longer nose; millimetres, z away from the camera
FACE = {
    27: (0, 0, 0),
    30: (0, 38, -26),
    31: (-14, 47, -3),
    33: (0, 52, -9),
    35: (14, 47, -3),
    36: (-43, 2, 28),
    39: (-18, 4, 15),
    42: (18, 4, 15),
    45: (43, 2, 28),
}


def about(axis: int, degrees: float) -> npt.NDArray[np.float64]:
    """Rotation about x, y or z with the image's axes: x right, y down, z away."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def seen(yaw: float, pitch: float, roll: float, distance: float = 700.0) -> npt.NDArray[np.float32]:
    """68 points of the face, projected by a camera with a focal length of 600 pixels at ``distance`` millimetres."""
    points = np.zeros((68, 2), np.float32)
    turned = about(2, roll) @ about(1, -yaw) @ about(0, -pitch)
    for index, place in FACE.items():
        x, y, z = turned @ place
        points[index] = 320 + 600 * x / (z + distance), 240 + 600 * y / (z + distance)
    return points


@settings(max_examples=80)
@given(st.floats(-50, 50), st.floats(-30, 30), st.floats(-40, 40))
def test_known_turns_are_measured(yaw: float, pitch: float, roll: float) -> None:
    pose = head_pose(seen(yaw, pitch, roll))
    assert pose.yaw == pytest.approx(yaw, abs=6)
    assert pose.pitch == pytest.approx(pitch, abs=7)
    assert pose.roll == pytest.approx(roll, abs=5)


def test_signs_follow_the_contract() -> None:
    nose_to_the_right, chin_up, clockwise = seen(30, 0, 0), seen(0, 20, 0), seen(0, 0, 25)
    assert nose_to_the_right[30, 0] > 320
    assert chin_up[30, 1] < seen(0, 0, 0)[30, 1]
    assert clockwise[45, 1] > clockwise[36, 1]
    assert head_pose(nose_to_the_right).yaw > 20
    assert head_pose(chin_up).pitch > 10
    assert head_pose(clockwise).roll > 20


def test_distance_and_place_do_not_matter_much() -> None:
    near, far = head_pose(seen(20, 5, 0, 450)), head_pose(seen(20, 5, 0, 2000) + np.array([100, -80], np.float32))
    assert near.yaw == pytest.approx(far.yaw, abs=4)
    assert near.pitch == pytest.approx(far.pitch, abs=4)


def test_points_on_one_spot_give_numbers() -> None:
    pose = head_pose(np.zeros((68, 2), np.float32))
    assert np.isfinite([pose.yaw, pose.pitch, pose.roll]).all()


@pytest.mark.parametrize(("yaw", "ahead"), [(0, True), (38, True), (-38, True), (45, False), (-45, False), (75, False)])
def test_a_face_shows_its_eyes_up_to_a_mirror_s_view_and_no_profile_does(yaw: float, ahead: bool) -> None:
    assert turned_to_camera(HeadPose(yaw, 0, 0)) is ahead


@pytest.mark.parametrize(("pitch", "below"), [(-30, True), (-16, True), (-14, False), (0, False), (30, False)])
def test_a_head_seen_from_above_is_bowed(pitch: float, below: bool) -> None:
    assert bowed(HeadPose(0, pitch, 0)) is below
    assert bowed(HeadPose(35, pitch, 0)) is below


@settings(max_examples=60)
@given(st.floats(-30, 30), st.floats(-25, 25), st.floats(-180, 180))
def test_a_head_fits_whichever_way_up_and_points_here_and_there_do_not(yaw: float, pitch: float, roll: float) -> None:
    points = seen(yaw, pitch, roll)
    assert misfit(points) < 0.03
    assert misfit(3 * points + np.array([100, -80], np.float32)) == pytest.approx(misfit(points), rel=1e-3)
    scattered = points + np.random.default_rng(1).normal(0, 12, points.shape).astype(np.float32)
    assert misfit(scattered) > 0.05


def test_points_on_one_spot_fit_nothing() -> None:
    assert misfit(np.zeros((68, 2), np.float32)) == np.inf


def test_heads_that_hang_upside_down_or_on_their_side_are_not_a_driver_s() -> None:
    assert all(possible(HeadPose(yaw, pitch, roll)) for yaw in (-60, 60) for pitch in (-45, 45) for roll in (-45, 45))
    assert not any(map(possible, (HeadPose(0, 0, 95), HeadPose(0, 0, -170), HeadPose(0, 70, 0), HeadPose(0, -70, 0))))


@pytest.mark.parametrize(("yaw", "far"), [(20, None), (-20, None), (35, Side.LEFT), (-35, Side.RIGHT)])
def test_the_eye_that_turns_away_is_the_one_on_the_side_that_the_head_turns_to(yaw: float, far: Side | None) -> None:
    # positive yaw turns to the image's right, where the driver's left eye is
    assert far_eye(HeadPose(yaw, 0, 0)) is far
