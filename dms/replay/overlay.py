"""Draws what was seen and judged into a video, for people who look. Not part of any judgement."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.driver.state import Condition, DriverState, Eyes
from dms.errors import UserError, WorldError
from dms.frames import Image
from dms.observation import Observation
from dms.sink import Sink, Step

Colour = tuple[int, int, int]

_WHITE: Colour = (255, 255, 255)
_GREY: Colour = (170, 170, 170)
_GREEN: Colour = (120, 220, 90)
_AMBER: Colour = (60, 190, 255)
_RED: Colour = (70, 70, 255)
_CONDITIONS = {
    Condition.UNKNOWN: _GREY,
    Condition.ATTENTIVE: _GREEN,
    Condition.FATIGUED: _RED,
    Condition.DEGRADED: _AMBER,
}
_EYES = {Eyes.OPEN: _GREEN, Eyes.CLOSED: _RED, Eyes.UNKNOWN: _GREY}
_FPS = 20.0
_HEIGHT = 480
_HOLD_S = 0.3
_PANEL = 260


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is drawn of a frame: (height, width, 3) or (height, width) pixels, and (68, 2) points or None."""

    image: Image
    landmarks: npt.NDArray[np.float32] | None


class OverlayWriter(Sink):
    """Writes a video with a panel of readings beside the picture.

    Frames are held or left out so that the video plays at 20 frames per second whatever the drive's own rate.

    Args:
        path: The .mp4 file to write.
        landmarks: Returns the (68, 2) points of the frame that was seen last, None without a face.

    Raises:
        UserError: The name does not end in .mp4.
    """

    def __init__(self, path: Path, landmarks: Callable[[], npt.NDArray[np.float32] | None]) -> None:
        if path.suffix != ".mp4":
            raise UserError(f"{path}: an overlay is written as .mp4")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._landmarks = landmarks
        self._writer: cv2.VideoWriter | None = None
        self._start_t = 0.0
        self._written = 0
        self._yawn: tuple[float, float | None] = (-np.inf, None)

    def step(self, step: Step) -> None:
        """Add one frame; a mouth that was not measured on it is shown as it last was, lest readings flicker."""
        observation, state = step.observation, step.state
        if observation is None or state is None or step.frame is None:
            return
        if observation.yawn is not None:
            self._yawn = (observation.t, observation.yawn)
        elif observation.face and observation.t - self._yawn[0] < _HOLD_S:
            observation = replace(observation, yawn=self._yawn[1])
        canvas = draw(Picture(step.frame.picture, self._landmarks()), observation, state)
        if self._writer is None:
            self._writer = self._open(canvas)
            self._start_t = observation.t
        while self._written <= (observation.t - self._start_t) * _FPS:
            self._writer.write(canvas)
            self._written += 1

    def _open(self, canvas: Image) -> cv2.VideoWriter:
        writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), _FPS, canvas.shape[1::-1])
        if not writer.isOpened():
            raise WorldError(f"{self._path}: cannot be written")
        return writer

    def stop(self, timeout_s: float) -> None:
        """Write the end of the file."""
        if self._writer is not None:
            self._writer.release()


def draw(picture: Picture, observation: Observation, state: DriverState) -> Image:
    """Draw one frame: the picture with box and landmarks, and the readings beside it.

    Returns:
        (480, width, 3) BGR.
    """
    scale = _HEIGHT / picture.image.shape[0]
    image = picture.image if picture.image.ndim == 3 else cv2.cvtColor(picture.image, cv2.COLOR_GRAY2BGR)
    width = round(image.shape[1] * scale / 2) * 2
    view = cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
    if observation.box is not None:
        box = observation.box
        corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]]) * scale
        (x0, y0), (x1, y1) = corners.round().astype(int).tolist()
        cv2.rectangle(view, (x0, y0), (x1, y1), _CONDITIONS[state.condition], 1, cv2.LINE_AA)
    if picture.landmarks is not None:
        for index, (x, y) in enumerate((picture.landmarks * scale).round().astype(int).tolist()):
            colour = _EYES[state.eyes] if 36 <= index < 48 else _WHITE
            cv2.circle(view, (x, y), 1, colour, -1, cv2.LINE_AA)
    panel = np.full((_HEIGHT, _PANEL, 3), 28, np.uint8)
    _write_readings(panel, observation, state)
    return np.asarray(np.hstack([view, panel]), np.uint8)


def _write_readings(panel: Image, observation: Observation, state: DriverState) -> None:
    y = 34
    _text(panel, state.condition.value.upper(), y, _CONDITIONS[state.condition], 0.75, 2)
    detail = state.fatigue or state.degraded or state.anger
    if detail is not None:
        _text(panel, detail.value.replace("_", " "), y + 24, _CONDITIONS[state.condition], 0.55)
    y += 60
    _text(panel, f"t {observation.t:.2f} s", y, _GREY)
    rows = (
        ("eye closed, right", observation.right_eye),
        ("eye closed, left", observation.left_eye),
        ("looking down", observation.looking_down),
        ("yawn", observation.yawn),
        ("PERCLOS", state.perclos),
        ("anger", state.anger_score),
        ("calibrated", state.calibrated),
    )
    for name, value in rows:
        y += 38
        _text(panel, name, y, _WHITE)
        _text(panel, "unknown" if value is None else f"{value:.2f}", y, _GREY if value is None else _WHITE, x=185)
        cv2.rectangle(panel, (14, y + 7), (_PANEL - 14, y + 11), (70, 70, 70), -1)
        if value is not None:
            end = 14 + round((_PANEL - 28) * min(1.0, max(0.0, value)))
            cv2.rectangle(panel, (14, y + 7), (end, y + 11), _AMBER, -1)
    y += 44
    closed = state.eyes is Eyes.CLOSED and state.closed_s is not None
    _text(panel, f"eyes {state.eyes}" + (f" for {state.closed_s:.1f} s" if closed else ""), y, _EYES[state.eyes])
    if observation.pose is not None:
        pose = observation.pose
        # an int knows no negative zero
        angles = f"yaw {round(pose.yaw)}  pitch {round(pose.pitch)}  roll {round(pose.roll)}"
        _text(panel, angles, y + 24, _GREY)
    if state.emotions is not None:
        shares = {name: getattr(state.emotions, name) for name in state.emotions.__slots__}
        name = max(shares, key=lambda n: shares[n])
        _text(panel, f"{name} {shares[name]:.2f}", y + 48, _GREY)


def _text(panel: Image, text: str, y: int, colour: Colour, size: float = 0.46, weight: int = 1, x: int = 14) -> None:
    cv2.putText(panel, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, weight, cv2.LINE_AA)
