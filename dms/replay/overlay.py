"""Draws what was seen and judged into a video, for people who look. Not part of any judgement."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.driver import DriverSettings
from dms.driver.state import Alert, AlertKind, DriverState, Eyes, Looking, Phase
from dms.frames import Image
from dms.observation import Observation, View
from dms.replay.film import Film, open_film
from dms.replay.harm import check_film
from dms.replay.labels import Label
from dms.replay.paint import AMBER, CONDITIONS, GREEN, GREY, RED, WHITE, text
from dms.replay.strip import Strip
from dms.replay.why import why
from dms.sink import Sink, Step

_EYES = {Eyes.OPEN: GREEN, Eyes.CLOSED: RED, Eyes.UNKNOWN: GREY}
_FPS = 20
_HEIGHT = 480
_HOLD_S = 0.3
_PANEL = 260
_LINE = 34
"""Letters in a line of the panel."""
_PERCLOS_FULL = 0.4
"""A full bar of PERCLOS: its limits are small."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is drawn of a frame: (height, width, 3) or (height, width) pixels, and (68, 2) points or None."""

    image: Image
    landmarks: npt.NDArray[np.float32] | None


class OverlayWriter(Sink):
    """Writes a video with a panel of readings beside the picture, and a strip of the last half minute below it.

    Frames are held or left out so that the video plays at 20 frames per second whatever the drive's own rate.

    Args:
        path: The .mp4 file to write.
        landmarks: Returns the (68, 2) points of the frame that was seen last, None without a face.
        settings: Limits to draw.
        labels: What really happened; none without.

    Raises:
        UserError: The name does not end in .mp4.
    """

    def __init__(
        self,
        path: Path,
        landmarks: Callable[[], npt.NDArray[np.float32] | None],
        settings: DriverSettings,
        labels: Sequence[Label] = (),
    ) -> None:
        check_film(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._landmarks = landmarks
        self._settings = settings
        self._strip = Strip(labels)
        self._film: Film | None = None
        self._shape: tuple[int, ...] = ()
        self._start_t: float | None = None
        self._written = 0
        self._canvas: Image | None = None
        self._yawn: tuple[float, float | None] = (-np.inf, None)
        self._reasons: dict[AlertKind, str] = {}

    @property
    def note(self) -> str | None:
        """What a person should know of the video; None for nothing."""
        return self._film.note if self._film is not None else None

    def step(self, step: Step) -> None:
        """Add one frame; a mouth that was not measured on it is shown as it last was: readings do not flicker."""
        for alert in step.alerts:
            self._reason(alert)
        observation, state = step.observation, step.state
        if observation is None or state is None:
            return
        if self._start_t is None:
            self._start_t = observation.t
        t = observation.t - self._start_t
        self._strip.update(t, state, _closed(observation))
        if step.frame is not None:
            picture = Picture(step.frame.picture, self._landmarks())
            self._shape = picture.image.shape
        elif observation.view is View.LOST and self._shape:
            picture = Picture(np.zeros(self._shape, np.uint8), None)
        else:
            return
        if observation.yawn is not None:
            self._yawn = (observation.t, observation.yawn)
        elif observation.face and observation.t - self._yawn[0] < _HOLD_S:
            observation = replace(observation, yawn=self._yawn[1])
        canvas = draw(picture, observation, state, self._settings, ", ".join(self._reasons.values()))
        canvas = np.vstack([canvas, self._strip.draw(t, canvas.shape[1])])
        if self._film is None:
            self._film = open_film(self._path, canvas.shape[1], canvas.shape[0], _FPS)
        # until now what was there before is shown: nobody sees a picture before it was taken
        while self._written < t * _FPS:
            self._film.add(canvas if self._canvas is None else self._canvas)
            self._written += 1
        self._canvas = canvas

    def _reason(self, alert: Alert) -> None:
        """Keep why an alert is open."""
        if alert.phase is Phase.END:
            self._reasons.pop(alert.kind, None)
        elif alert.evidence.get("cause") != "repeat":
            self._reasons[alert.kind] = why(alert.evidence)

    def stop(self, timeout_s: float) -> None:
        """Write the end of the file."""
        if self._film is not None:
            if self._canvas is not None:
                self._film.add(self._canvas)
            self._film.close()


def draw(picture: Picture, observation: Observation, state: DriverState, settings: DriverSettings, why: str) -> Image:
    """Draw one frame: the picture with box and landmarks, and the readings beside it.

    Args:
        picture: The frame.
        observation: What was seen in it.
        state: What was judged.
        settings: Limits to draw.
        why: The reason of an open alert, empty without one.

    Returns:
        (480, width, 3) BGR, the width even.
    """
    scale = _HEIGHT / picture.image.shape[0]
    image = picture.image if picture.image.ndim == 3 else cv2.cvtColor(picture.image, cv2.COLOR_GRAY2BGR)
    width = round(image.shape[1] * scale / 2) * 2
    view = np.asarray(cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    if observation.view is View.LOST:
        text(view, "no picture", _HEIGHT // 2, GREY, 0.9, 2, x=max(0, width // 2 - 80))
    if observation.box is not None:
        box = observation.box
        corners = np.array([[box.x, box.y], [box.x + box.width, box.y + box.height]]) * scale
        (x0, y0), (x1, y1) = corners.round().astype(int).tolist()
        cv2.rectangle(view, (x0, y0), (x1, y1), CONDITIONS[state.condition], 1, cv2.LINE_AA)
    if picture.landmarks is not None:
        for index, (x, y) in enumerate((picture.landmarks * scale).round().astype(int).tolist()):
            colour = _EYES[state.eyes] if 36 <= index < 48 else WHITE
            cv2.circle(view, (x, y), 1, colour, -1, cv2.LINE_AA)
    panel = np.full((_HEIGHT, _PANEL, 3), 28, np.uint8)
    _write_readings(panel, observation, state, settings, why)
    return np.asarray(np.hstack([view, panel]), np.uint8)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A bar: what it shows, its limits, and what a full one is."""

    name: str
    value: float | None
    limits: tuple[float, ...] = ()
    full: float = 1.0


def _readings(observation: Observation, state: DriverState, settings: DriverSettings) -> tuple[_Reading, ...]:
    eyes, perclos, anger = settings.eyes, settings.perclos, settings.anger
    closed = (eyes.open_limit, eyes.closed_limit)
    return (
        _Reading("eye closed, right", observation.right_eye, closed),
        _Reading("eye closed, left", observation.left_eye, closed),
        _Reading("looking down", observation.looking_down, (settings.closure.lowered_limit,)),
        _Reading("yawn", observation.yawn, (settings.closure.yawn_limit,)),
        _Reading("PERCLOS", state.perclos, (perclos.advisory, perclos.warning), _PERCLOS_FULL),
        _Reading("anger above rest", state.anger_score, (anger.irritated, anger.angry)),
        _Reading("calibrated", state.calibrated),
    )


def _write_readings(
    panel: Image, observation: Observation, state: DriverState, settings: DriverSettings, why: str
) -> None:
    y = 34
    text(panel, state.condition.value.upper(), y, CONDITIONS[state.condition], 0.75, 2)
    detail = state.fatigue or state.degraded or state.distraction or state.anger
    if detail is not None:
        text(panel, detail.value.replace("_", " "), y + 24, CONDITIONS[state.condition], 0.55)
    for number, line in enumerate(_lines(why)):
        text(panel, line, y + 44 + 16 * number, WHITE, 0.42)
    y += 72
    for reading in _readings(observation, state, settings):
        y += 36
        _write_reading(panel, reading, y)
    y += 40
    text(panel, _eyes(state), y, _EYES[state.eyes])
    if observation.pose is not None:
        pose = observation.pose
        # an int knows no negative zero
        angles = f"yaw {round(pose.yaw)}  pitch {round(pose.pitch)}  roll {round(pose.roll)}"
        text(panel, angles, y + 24, GREY)
    if state.emotions is not None:
        shares = {name: getattr(state.emotions, name) for name in state.emotions.__slots__}
        name = max(shares, key=lambda n: shares[n])
        text(panel, f"{name} {shares[name]:.2f}", y + 48, GREY)


def _eyes(state: DriverState) -> str:
    """What is said of the eyes: for how long they have been closed, or where they look if that is not ahead."""
    if state.eyes is Eyes.CLOSED and state.closed_s is not None:
        return f"eyes closed for {state.closed_s:.1f} s"
    if state.eyes is Eyes.OPEN and state.looking not in (None, Looking.AHEAD):
        return f"eyes open, looking {state.looking}"
    return f"eyes {state.eyes}"


def _write_reading(panel: Image, reading: _Reading, y: int) -> None:
    """A bar with its name and number, and a tick at each limit."""
    value = reading.value
    text(panel, reading.name, y, WHITE)
    text(panel, "unknown" if value is None else f"{value:.2f}", y, GREY if value is None else WHITE, x=185)
    full_px = _PANEL - 28
    cv2.rectangle(panel, (14, y + 7), (14 + full_px, y + 11), (70, 70, 70), -1)
    if value is not None:
        end = 14 + round(full_px * min(1.0, max(0.0, value / reading.full)))
        cv2.rectangle(panel, (14, y + 7), (end, y + 11), AMBER, -1)
    for limit in reading.limits:
        x = 14 + round(full_px * limit / reading.full)
        cv2.line(panel, (x, y + 4), (x, y + 14), WHITE, 1)


def _lines(why: str) -> Iterator[str]:
    """Yield a reason in lines that fit."""
    line = ""
    for word in why.split():
        if line and len(line) + len(word) >= _LINE:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    if line:
        yield line


def _closed(observation: Observation) -> float | None:
    """Return how closed the eyes are that are known: the more open one counts, as for the driver room."""
    known = [eye for eye in (observation.right_eye, observation.left_eye) if eye is not None]
    return min(known, default=None)
