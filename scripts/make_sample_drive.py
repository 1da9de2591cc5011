#!/usr/bin/env python3
"""Make the sample drive of `dms demo`: one public-domain portrait, brought to life.

The portrait is NASA's of Eileen Collins, which ships in scikit-image as `skimage.data.astronaut()`. Her photographer's
smile gives way to a driver's face at rest, her eyelids close, her head turns, the camera shakes and the light changes,
at times written beside the clip as labels.

    pip install -e '.[sample]' && apt-get install ffmpeg
    python scripts/make_sample_drive.py dms/demo
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

FPS = 20
DURATION_S = 40.0
SIZE = (480, 360)
SCALE = 4  # eyelids are drawn on an enlarged portrait, then reduced: smooth edges at sub-pixel lids
VIEW = (97.0, 8.0, 260.0)  # left, top, width in the portrait: what the camera sees at rest

BLINK_S = 0.2
BLINKS = (1.5, 3.6, 8.2, 10.4, 15.0, 16.4, 23.4, 26.0, 28.9, 31.7, 34.4, 37.5)
CLOSURES = ((5.0, 6.6), (18.0, 22.0))
TURN = (11.6, 14.2)
LID_S = 0.06  # time that a lid takes to close or open
TURN_S = 0.5

Picture = npt.NDArray[np.uint8]
Curve = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Eye:
    """An eye in the portrait, pixels: its corners, and how far the lids stand above and below their line."""

    outer: tuple[float, float]
    inner: tuple[float, float]
    above: float
    below: float
    fold: float = 6.0  # skin above the open lid that is drawn down over the eye


EYES = (Eye((192.5, 100.8), (211.5, 102.8), 4.2, 2.6), Eye((259.0, 104.2), (238.0, 104.0), 4.2, 2.6))
MOUTH = (224.0, 141.0)
# outline of the head in the portrait: y, left, right
HEAD = np.array(
    [
        (16, 225, 240), (25, 200, 270), (37, 189, 287), (50, 167, 295), (67, 154, 299), (87, 155, 301), (105, 159, 299),
        (117, 171, 290), (130, 180, 277), (140, 182, 266), (155, 186, 260), (167, 196, 252), (177, 217, 235),
    ],
    np.float32,
)  # fmt: skip
HAIR_ANGLES = (np.radians(-86), np.radians(-60))  # where hair stands on the turned-away side
HAIR_BOTTOM = 112


def main(folder: Path) -> None:
    portrait = rest_face(np.ascontiguousarray(skimage.data.astronaut()[..., ::-1]))
    clip = folder / "sample_drive.mp4"
    width, height = SIZE
    encode = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}"]
    encode += ["-r", str(FPS), "-i", "-", "-c:v", "libx264", "-preset", "veryslow", "-crf", "27", "-pix_fmt", "yuv420p"]
    encode += ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", str(clip)]
    random = np.random.default_rng(1983)
    shake = smooth_noise(random, int(DURATION_S * FPS), 3)
    with subprocess.Popen(encode, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for index in range(int(DURATION_S * FPS)):
            t = index / FPS
            head = turn_head(close_lids(portrait, lid_closure(t)), turn_angle(t))
            ffmpeg.stdin.write(expose(look(head, shake[index]), t, random).tobytes())
    if ffmpeg.returncode:
        sys.exit("ffmpeg failed")
    rows = [(t, t + BLINK_S, "blink") for t in BLINKS]
    rows += [(start, end, "eyes_closed") for start, end in CLOSURES] + [(*TURN, "face_away")]
    lines = [f"{start:.2f},{end:.2f},{event}" for start, end, event in sorted(rows)]
    clip.with_suffix(".events.csv").write_text("\n".join(["start_s,end_s,event", *lines]) + "\n")


def rest_face(portrait: Picture) -> Picture:
    """Take the smile out: close the mouth over the teeth, lower its corners, smooth the folds beside it."""
    height, width = portrait.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    from_middle = x - MOUTH[0]
    across = np.clip(from_middle / 21, -1, 1)
    corner = np.exp(-(((np.abs(from_middle) - 21) / 9) ** 2) - ((y - MOUTH[1]) / 9) ** 2)
    below_teeth = np.clip(y - 142.5 + 2.2 * across**2, 0, 1) * np.clip((176 - y) / 26, 0, 1)
    shift_y = 7 * (1 - across**2) ** 0.6 * below_teeth - 10 * corner
    face = cv2.remap(portrait, x + 6 * np.sign(from_middle) * corner, y + shift_y, cv2.INTER_LINEAR)

    folds = np.zeros((height, width), np.uint8)
    for side, edge in ((-1, 203), (1, 246)):
        line = [(edge - 8 * side, 126), (edge - side, 136), (edge + side, 146), (edge - side, 153)]
        cv2.polylines(folds, [np.array(line, np.int32)], False, [255], 8)
    cv2.ellipse(folds, (224, 143), (17, 6), 0, 0, 360, [0], -1)
    face = cv2.inpaint(face, folds, 5, cv2.INPAINT_TELEA)
    smoothed = cv2.GaussianBlur(face, (0, 0), 3)
    face = blend(face, smoothed, cv2.GaussianBlur(folds.astype(np.float32) / 255, (0, 0), 2))

    lips = 0.75 * np.exp(-((from_middle / 14) ** 4) - ((y - 143.2) / 4.2) ** 4)
    face = blend(face, np.array([118, 118, 178], np.float32), lips)
    meeting = 0.6 * np.exp(-((from_middle / 16) ** 6) - ((y - 142.6 - 0.013 * from_middle**2) / 0.9) ** 2)
    return blend(face, np.array([50, 45, 90], np.float32), meeting)


def blend(under: npt.NDArray[Any], over: npt.NDArray[Any], share: npt.NDArray[Any]) -> Picture:
    """Lay one picture or colour over another, ``share`` 0..1 of it at each pixel."""
    return np.asarray(np.clip(under * (1 - share[..., None]) + over * share[..., None], 0, 255), np.uint8)


def smooth_noise(random: np.random.Generator, count: int, channels: int) -> npt.NDArray[np.float64]:
    """Slow sway plus a little jitter, about -1..1: what a dashboard mount does on a road."""
    t = np.arange(count)[:, None] / FPS
    phases = random.uniform(0, 2 * np.pi, (4, channels))
    sway = sum(np.sin(2 * np.pi * f * t + phase) / 4 for f, phase in zip((0.23, 0.71, 1.9, 4.3), phases, strict=True))
    return np.asarray(sway + random.normal(0, 0.08, (count, channels)))


def ramp(t: float, start: float, end: float, edge: float) -> float:
    """0 outside, 1 inside, with straight edges centred on start and end."""
    return float(np.clip(min(t - start, end - t) / edge + 0.5, 0, 1))


def lid_closure(t: float) -> float:
    """How far the lids are closed at a time, 0 open to 1 closed."""
    spans = [(start, start + BLINK_S) for start in BLINKS] + list(CLOSURES)
    return max(ramp(t, start, end, LID_S) for start, end in spans)


def turn_angle(t: float) -> float:
    """How far the head is turned at a time, radians."""
    turned = ramp(t, *TURN, TURN_S)
    return float(np.radians(120) * (3 * turned**2 - 2 * turned**3))


def close_lids(portrait: Picture, closure: float) -> Picture:
    """Draw the skin between brow and lid down over each eye and set the lashes on its lower edge."""
    if closure <= 0:
        return portrait
    large = np.asarray(cv2.resize(portrait, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC), np.uint8)
    for eye in EYES:
        large = close_lid(large, eye, closure)
    return np.asarray(cv2.resize(large, portrait.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)


def close_lid(large: Picture, eye: Eye, closure: float) -> Picture:
    height, width = large.shape[:2]
    (x0, y0), (x1, y1) = sorted((eye.outer, eye.inner))
    x = np.arange(width, dtype=np.float32) / SCALE
    along = np.clip((x - x0) / (x1 - x0), 0, 1)
    bow = 4 * along * (1 - along)
    line = y0 + (y1 - y0) * along
    upper, lower = line - eye.above * bow, line + eye.below * bow
    fold = upper - eye.fold * bow**0.5
    lid = upper + closure * (lower - upper)
    grid_x, grid_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    y = grid_y / SCALE
    stretch = (upper - 1.2 - fold) / np.maximum(lid - fold, 0.1)
    source_y = np.where((y > fold) & (y < lid) & (bow > 0), fold + (y - fold) * stretch, y)
    drawn = cv2.remap(large, grid_x, source_y.astype(np.float32) * SCALE, cv2.INTER_LINEAR)
    lashes = np.exp(-(((y - lid) / 0.75) ** 2)) * np.minimum(1, 3 * bow) * min(1.0, 3 * closure) * 0.8
    return blend(np.asarray(drawn, np.uint8), np.array([38, 48, 70], np.float32), lashes)


def turn_head(portrait: Picture, angle: float) -> Picture:
    """Turn the head as if its picture were wrapped around a cylinder; what comes into view is her own hair."""
    if angle <= 0:
        return portrait
    height, width = portrait.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    left, right = (np.interp(y, HEAD[:, 0], HEAD[:, side]) for side in (1, 2))
    across = (2 * x - left - right) / (right - left)
    around = np.arcsin(np.clip(across, -1, 1)) - angle
    hidden = around < HAIR_ANGLES[0]
    around = np.where(hidden, ping_pong(around, *HAIR_ANGLES), around)
    source_x = (left + right + (right - left) * np.sin(around)) / 2
    source_y = np.where(hidden & (y > HAIR_BOTTOM), HAIR_BOTTOM - 0.4 * (y - HAIR_BOTTOM), y)
    turned = cv2.remap(portrait, source_x.astype(np.float32), source_y.astype(np.float32), cv2.INTER_LINEAR)
    inside = ((np.abs(across) < 1) & (y > HEAD[0, 0]) & (y < HEAD[-1, 0])).astype(np.float32)
    return blend(portrait, np.asarray(turned, np.uint8), cv2.GaussianBlur(inside, (0, 0), 1.2) * inside)


def ping_pong(values: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.float32]:
    """Fold values into low..high by mirroring at both ends."""
    span = high - low
    return np.asarray(low + span - np.abs(np.mod(values - low, 2 * span) - span), np.float32)


def look(portrait: Picture, sway: npt.NDArray[np.float64]) -> Picture:
    """What the shaking camera sees of the portrait."""
    left, top, width = VIEW
    scale = SIZE[0] / width * (1 + 0.01 * sway[2])
    matrix = np.array([[scale, 0, -(left + 3 * sway[0]) * scale], [0, scale, -(top + 2 * sway[1]) * scale]])
    return np.asarray(
        cv2.warpAffine(portrait, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def expose(picture: Picture, t: float, random: np.random.Generator) -> Picture:
    """Light that changes as under trees and bridges, and a little sensor noise."""
    gain = 0.82 + 0.1 * np.sin(2 * np.pi * t / 9) - 0.25 * ramp(t, 25.0, 27.5, 0.8)
    noise = random.normal(0, 1.2, picture.shape[:2])[..., None]
    return np.asarray(np.clip(picture * gain + noise, 0, 255), np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
