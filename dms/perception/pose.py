"""Head pose from the 68 points, and what it means for the eyes.

Takes points in pixels, gives a ``HeadPose`` in degrees. Needs no camera calibration: a face is a few centimetres
deep and more than half a metre away, so that scaled orthographic projection (weak perspective) holds to a degree or
two near the picture's middle. A face far off the axis seems turned by its own angle to it; the driver's baseline
takes that up.
"""

import math
from typing import Annotated

import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant
from dms.observation import HeadPose
from dms.perception.eyes import Side

FloatArray = npt.NDArray[np.float32]

# iBUG point: x to the image's right, y down, z away from the camera, in millimetres from the root of the nose, and the
# point's weight. x and y are the mean shape of the HELEN and AFW faces at an adult's 90 mm between the outer corners
# of the eyes; z are rounded depths of an average adult face as in anthropometric surveys (Farkas 1994). Points that
# move with the jaw are left out: a yawn is not a nod.
_FACE = {
    27: (0.0, 0.0, 0.0, 1.0),
    30: (0.0, 37.0, -23.0, 2.0),
    31: (-15.0, 46.0, -2.0, 1.0),
    33: (0.0, 51.0, -8.0, 1.0),
    35: (15.0, 46.0, -2.0, 1.0),
    36: (-45.0, 2.0, 30.0, 2.0),
    39: (-19.0, 4.0, 17.0, 2.0),
    42: (19.0, 4.0, 17.0, 2.0),
    45: (45.0, 2.0, 30.0, 2.0),
}

_POINTS = np.array(list(_FACE))
_WEIGHTS = np.array([weight for *_, weight in _FACE.values()])
_WEIGHTS /= _WEIGHTS.sum()
_MODEL = np.array([place for *place, _ in _FACE.values()])
_MODEL -= _WEIGHTS @ _MODEL
# (3, 9): the weighted least squares of points about their mean
_FIT = np.linalg.pinv(_MODEL * np.sqrt(_WEIGHTS)[:, None]) * np.sqrt(_WEIGHTS)

_WIDTH: Annotated[float, Constant("mm", 70, 110, "own: an adult of average size")] = 90.0
"""Millimetres between the outer corners of the eyes in ``_FACE``."""

MAX_PITCH: Annotated[float, Constant("degrees", 30, 90, "own: the development clips")] = 60.0
"""Pitch beyond which no driver's head is: of upright faces in the development clips 98 % measure -13 to 19."""

MAX_ROLL: Annotated[float, Constant("degrees", 45, 90, "own: geometry")] = 90.0
"""Roll beyond which no driver's head is: from there on the eyes are not above the mouth."""

FAR_YAW: Annotated[float, Constant("degrees", 10, 60, "own: incluit_face_away")] = 28.0
"""Measured yaw from which the nose may hide the farther eye: at 32 in incluit_face_away it hides half of it.
Large angles read low: the points of a profile keep something of a frontal face."""

BOWED_PITCH: Annotated[float, Constant("degrees", 5, 45, "own: HELEN and YouTube Faces")] = 15.0
"""Degrees below the camera's axis from which a brow is foreshortened so that it looks knit. Of faces there 15 %
read as a frown (0.37 and more), beyond 25 degrees 33 %, of others 5 %; how far to the side makes no difference."""

MAX_YAW: Annotated[float, Constant("degrees", 20, 90, "own: cabin_yawn and incluit_face_away")] = 42.0
"""Measured yaw from which a face shows too little of its eyes. Drivers who look ahead measure up to 39 in a
mirror camera's view (95 % of the cabin_yawn frames), as much as a driver before the camera who looks over a shoulder
(29 to 38 in incluit_face_away): only where the head rests tells the two apart, which is the driver room's matter."""


def head_pose(points: FloatArray) -> HeadPose:
    """Return the rotation of the head against the camera's axis.

    The affine map from the face to the picture is fitted by weighted least squares and taken to the nearest scaled
    rotation (POS: DeMenthon & Davis 1995). Angles are those of the rotation about the camera's axis (roll), then the
    head's own vertical (yaw), then the line through its ears (pitch).

    Args:
        points: (68, 2) iBUG points, pixels.
    """
    # the face's own points are about their mean, so that where the seen ones lie cancels out
    right, down = _rows_of_rotation((_FIT @ points.take(_POINTS, 0)).T.tolist())
    # columns of the rotation are where the face's own axes point
    yaw = math.asin(max(-1.0, min(1.0, right[1] * down[2] - right[2] * down[1])))
    pitch = -math.atan2(right[2] * down[0] - right[0] * down[2], right[0] * down[1] - right[1] * down[0])
    roll = math.atan2(down[0], right[0])
    return HeadPose(math.degrees(yaw), math.degrees(pitch), math.degrees(roll))


def misfit(points: FloatArray) -> float:
    """Return how badly the points fit the head that ``head_pose`` finds in them.

    Args:
        points: (68, 2) iBUG points, pixels.

    Returns:
        Root of the mean square distance between each point and where the head has it, in distances between the outer
        corners of the eyes: 0.005 to 0.04 for an upright face; infinite for points on one spot.
    """
    seen = points[_POINTS]
    affine = (_FIT @ seen).T
    rows = np.array(_rows_of_rotation(affine.tolist()))
    scale = float((affine * rows).sum()) / 2
    if scale <= 0.0:
        return math.inf
    off = seen - _WEIGHTS @ seen - scale * _MODEL @ rows.T
    return math.sqrt(float(_WEIGHTS @ (off**2).sum(1))) / (scale * _WIDTH)


def possible(pose: HeadPose) -> bool:
    """Return whether the head of somebody who sits upright before an upright camera can have this pose."""
    return abs(pose.pitch) < MAX_PITCH and abs(pose.roll) < MAX_ROLL


def _rows_of_rotation(affine: list[list[float]]) -> tuple[list[float], list[float]]:
    """Return the two orthonormal rows nearest to a 2x3 map A: (A A')^(-1/2) A.

    The root of a symmetric 2x2 matrix M has the closed form (M + s I) / t, s^2 = det M, t^2 = trace M + 2 s, which
    spares a singular value decomposition.
    """
    (a, b, c), (d, e, f) = affine
    # written out, as numpy and generators take longer to begin than to multiply three numbers
    xx, xy, yy = a * a + b * b + c * c, a * d + b * e + c * f, d * d + e * e + f * f
    s = math.sqrt(max(0.0, xx * yy - xy * xy))
    # points on one line have no nearest rotation; zeros are as good as any, and no error
    inverse = 1 / max(s * math.sqrt(xx + yy + 2 * s), 1e-12)
    first, second = yy + s, xx + s
    return (
        [inverse * (first * a - xy * d), inverse * (first * b - xy * e), inverse * (first * c - xy * f)],
        [inverse * (second * d - xy * a), inverse * (second * e - xy * b), inverse * (second * f - xy * c)],
    )


def turned_to_camera(pose: HeadPose) -> bool:
    """Return whether a face shows enough for its eyes and its expression to be read."""
    return abs(pose.yaw) < MAX_YAW


def bowed(pose: HeadPose) -> bool:
    """Return whether a head is seen so far from above that its brow shows no frown."""
    return pose.pitch <= -BOWED_PITCH


def far_eye(pose: HeadPose) -> Side | None:
    """Return the driver's eye that the nose may hide, None while the face is turned little.

    The left one is on the image's right and turns away with positive yaw.
    """
    if abs(pose.yaw) < FAR_YAW:
        return None
    return Side.LEFT if pose.yaw > 0 else Side.RIGHT
