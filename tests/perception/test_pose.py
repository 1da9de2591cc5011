import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.observation import HeadPose
from dms.perception.eyes import Side
from dms.perception.pose import RestingYaw, eye_visible, head_pose

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


def about(axis: int, degrees: float) -> np.ndarray:
    """Rotation about x, y or z with the image's axes: x right, y down, z away."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix


def seen(yaw: float, pitch: float, roll: float, distance: float = 700.0) -> np.ndarray:
    """68 points of the face, projected by a camera with a focal length of 600 pixels at ``distance`` millimetres."""
    points = np.zeros((68, 2), np.float32)
    turned = about(2, roll) @ about(1, -yaw) @ about(0, -pitch)
    for index, place in FACE.items():
        x, y, z = turned @ place
        points[index] = 320 + 600 * x / (z + distance), 240 + 600 * y / (z + distance)
    return points


@settings(max_examples=80)
@given(st.floats(-50, 50), st.floats(-30, 30), st.floats(-40, 40))
def test_known_turns_are_measured(yaw, pitch, roll):
    pose = head_pose(seen(yaw, pitch, roll))
    assert pose.yaw == pytest.approx(yaw, abs=6)
    assert pose.pitch == pytest.approx(pitch, abs=7)
    assert pose.roll == pytest.approx(roll, abs=5)


def test_signs_follow_the_contract():
    nose_to_the_right, chin_up, clockwise = seen(30, 0, 0), seen(0, 20, 0), seen(0, 0, 25)
    assert nose_to_the_right[30, 0] > 320
    assert chin_up[30, 1] < seen(0, 0, 0)[30, 1]
    assert clockwise[45, 1] > clockwise[36, 1]
    assert head_pose(nose_to_the_right).yaw > 20
    assert head_pose(chin_up).pitch > 10
    assert head_pose(clockwise).roll > 20


def test_distance_and_place_do_not_matter_much():
    near, far = head_pose(seen(20, 5, 0, 450)), head_pose(seen(20, 5, 0, 2000) + np.float32([100, -80]))
    assert near.yaw == pytest.approx(far.yaw, abs=4)
    assert near.pitch == pytest.approx(far.pitch, abs=4)


def test_points_on_one_spot_give_numbers():
    pose = head_pose(np.zeros((68, 2), np.float32))
    assert np.isfinite([pose.yaw, pose.pitch, pose.roll]).all()


@pytest.mark.parametrize(
    ("yaw", "rest", "left", "right"),
    [
        (0, 0, True, True),
        (26, 0, True, True),
        (35, 30, False, True),
        (-35, -30, True, False),
        (35, 0, False, False),
        (-35, 0, False, False),
        (0, 35, True, True),
        (75, 75, False, False),
        (-75, -75, False, False),
    ],
)
def test_the_farther_eye_turns_away_first_and_the_nearer_one_far_from_rest(yaw, rest, left, right):
    # positive yaw turns to the image's right, where the driver's left eye is
    pose = HeadPose(yaw=yaw, pitch=0, roll=0)
    assert (eye_visible(pose, Side.LEFT, rest), eye_visible(pose, Side.RIGHT, rest)) == (left, right)


def rest_after(*looks: tuple[float, float], fps: float) -> float:
    """Resting yaw after looks of so many degrees for so many seconds."""
    rest, yaws = RestingYaw(), [yaw for yaw, seconds in looks for _ in range(round(seconds * fps))]
    return [rest.see(100 + i / fps, yaw) for i, yaw in enumerate(yaws)][-1]


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_the_resting_yaw_outlives_a_look_over_the_shoulder(fps):
    assert abs(rest_after((0, 2), (-60, 5), fps=fps)) < 7
    assert abs(rest_after((0, 20), (-60, 5), (0, 10), fps=fps)) < 2


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_the_resting_yaw_finds_a_driver_who_looked_into_the_camera_at_first(fps):
    assert rest_after((0, 1), (35, 16), fps=fps) > 35 - 20


def test_time_out_of_sight_or_running_backwards_moves_the_resting_yaw_little():
    rest = RestingYaw()
    rest.see(0, 0)
    assert abs(rest.see(1000, 50)) <= 1
    assert abs(rest.see(500, 50)) <= 1
