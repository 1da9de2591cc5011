"""Harder versions of a recorded drive, for `harder_clips.py`: of its pictures, of its rate, of its length.

`PICTURES` changes pictures before perception sees them, `TIMES` what was seen of a clip and its labels.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from dms.config import CameraSettings
from dms.frames import Frame
from dms.frames.source import open_recording
from dms.observation import Observation
from dms.perception import Perception
from dms.perception.view import as_grey
from dms.replay.benchmark import EDGE_S
from dms.replay.labels import Label

Picture = npt.NDArray[np.uint8]
Change = Callable[[Picture, Picture], Picture]
"""Takes a grey picture and the noise of its sensor (mean 128, deviation 16), gives another picture."""
Trace = list[Observation]
AS_IS = "as is"
LEAST_CLOSURE_S = 1.0
HELD_S = 12.0
"""How long an anger is held, of which most labels last for less than an alert takes."""


def light(share: float, gamma: float = 1.0, noise: float = 0.0, floor: float = 0.0) -> Change:
    """Return a change of brightness: a gamma, then a share of it above a floor, then noise (grey levels)."""
    table = (255 * share * (np.arange(256) / 255) ** gamma + floor).clip(0, 255)

    def apply(grey: Picture, rough: Picture) -> Picture:
        lit = table[grey]
        if noise:
            lit = lit + (rough.astype(np.float32) - 128) * (noise / 16)
        return lit.clip(0, 255).astype(np.uint8)

    return apply


def scaled(share: float) -> Change:
    return lambda grey, _: np.asarray(
        cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8
    )


def tilted(degrees: float) -> Change:
    def apply(grey: Picture, _: Picture) -> Picture:
        height, width = grey.shape
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return np.asarray(cv2.warpAffine(grey, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return apply


def blurred(share: float) -> Change:
    """Return a blur with a deviation of a share of the picture's height."""
    return lambda grey, _: np.asarray(cv2.GaussianBlur(grey, (0, 0), share * grey.shape[0]), np.uint8)


def jpeg(quality: int) -> Change:
    def apply(grey: Picture, _: Picture) -> Picture:
        file = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8)

    return apply


def same(grey: Picture, _: Picture) -> Picture:
    return grey


PICTURES: dict[str, Change] = {
    AS_IS: same,
    "mirrored": lambda grey, _: np.ascontiguousarray(grey[:, ::-1]),
    "x 0.5": scaled(0.5),
    "dark": light(0.5, 1.6, noise=4),
    "flat": light(0.35, floor=90),
    "blurred": blurred(0.006),
    "washed out": light(1.3, 0.6, floor=20),
    "tilted 8": tilted(8),
    "tilted -8": tilted(-8),
    "jpeg 15": jpeg(15),
    "x 0.7": scaled(0.7),
    "at the edge": same,
    "h264 crf 38": same,
    "10 fps": same,
    "8 fps": same,
}
RATES = {"10 fps": 10.0, "8 fps": 8.0}


def sensor_noise() -> list[Picture]:
    """Return eight pictures of a sensor's noise, always the same."""
    rng = np.random.default_rng(0)
    return [rng.normal(128, 16, (480, 640)).clip(0, 255).astype(np.uint8) for _ in range(8)]


def see(drive: Path, version: str, noise: list[Picture], whole: Trace | None) -> Iterator[Observation]:
    """See the pictures of a clip, changed; ``whole`` is what was seen of it as it is."""
    change, perception = PICTURES[version], Perception()
    frames: Iterable[Frame] = open_recording(drive, CameraSettings()).frames()
    if version in RATES:
        frames = thinned(frames, RATES[version])
    if version == "at the edge":
        frames = at_the_edge(frames, whole or [])
    if version.startswith("h264"):
        frames = compressed(frames, version.rpartition(" ")[2])
    for number, frame in enumerate(frames):
        grey = as_grey(frame.image)
        rough = noise[number % len(noise)]
        if rough.shape != grey.shape:
            rough = np.asarray(cv2.resize(rough, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_NEAREST))
        yield perception.observe(Frame(frame.t, change(grey, rough)))


def thinned(frames: Iterable[Frame], fps: float) -> Iterator[Frame]:
    due = 0.0
    for frame in frames:
        if frame.t >= due - 1e-3:
            due = max(due + 1 / fps, frame.t)
            yield frame


def at_the_edge(frames: Iterable[Frame], whole: Trace) -> Iterator[Frame]:
    """Crop so that a tenth of the face is out of the picture on the left and above."""
    boxes = [(seen.box.x, seen.box.y, seen.box.width, seen.box.height) for seen in whole if seen.box]
    x, y, width, height = np.median(boxes, axis=0) if boxes else (0, 0, 0, 0)
    left, top = max(0, int(x + 0.1 * width)), max(0, int(y + 0.1 * height))
    for frame in frames:
        yield Frame(frame.t, np.ascontiguousarray(as_grey(frame.image)[top:, left:]))


def compressed(frames: Iterable[Frame], crf: str) -> Iterator[Frame]:
    """Encode and decode as a cheap camera does, picture by picture."""
    encoder: Any = None
    decoder: Any = av.CodecContext.create("h264", "r")
    times: list[float] = []
    for frame in frames:
        grey = as_grey(frame.image)
        grey = grey[: grey.shape[0] // 2 * 2, : grey.shape[1] // 2 * 2]
        if encoder is None:
            encoder = av.CodecContext.create("libx264", "w")
            encoder.height, encoder.width = grey.shape
            encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 30)
            encoder.options = {"crf": crf, "preset": "ultrafast", "tune": "zerolatency"}
        times.append(frame.t)
        for packet in encoder.encode(av.VideoFrame.from_ndarray(grey, "gray").reformat(format="yuv420p")):
            for decoded in decoder.decode(packet):
                yield Frame(times.pop(0), decoded.to_ndarray(format="gray"))
    for decoded in decoder.decode(None):
        yield Frame(times.pop(0), decoded.to_ndarray(format="gray"))


def begun(trace: Trace, labels: list[Label], before_s: float) -> tuple[Trace, list[Label]]:
    """Begin a clip so long before its first long closure; what is left of that must be a long one."""
    for label in labels:
        if label.event == "eyes_closed" and label.end_s - label.start_s >= LEAST_CLOSURE_S:
            first_s = max(0.0, min(label.start_s - before_s, label.end_s - LEAST_CLOSURE_S - 1e-3))
            return moved(trace, labels, first_s)
    return trace, labels


def moved(trace: Trace, labels: list[Label], first_s: float) -> tuple[Trace, list[Label]]:
    kept = [seen for seen in trace if seen.t >= first_s]
    first_s = kept[0].t
    told = [
        Label(max(0.0, one.start_s - first_s), one.end_s - first_s, one.event) for one in labels if one.end_s > first_s
    ]
    return [replace(seen, t=seen.t - first_s) for seen in kept], told


def repeated(trace: Trace, labels: list[Label], times: int) -> tuple[Trace, list[Label]]:
    """Play a clip so many times; what lasts to its end and begins with it goes on."""
    length_s = trace[-1].t + (trace[-1].t - trace[0].t) / max(1, len(trace) - 1)
    told: list[Label] = []
    for turn in range(times):
        for label in labels:
            start_s, end_s = label.start_s + turn * length_s, label.end_s + turn * length_s
            last = next((one for one in reversed(told) if one.event == label.event), None)
            if last is not None and start_s - last.end_s < EDGE_S:
                told.remove(last)
                start_s = last.start_s
            told.append(Label(start_s, end_s, label.event))
    return [replace(seen, t=seen.t + turn * length_s) for turn in range(times) for seen in trace], told


def held(trace: Trace, labels: list[Label]) -> tuple[Trace, list[Label]]:
    """Play the height of a clip's longest anger forward and back until it lasts; leave other clips as they are."""
    angers = [one for one in labels if one.event == "angry"]
    if not angers:
        return trace, labels
    longest = max(angers, key=lambda one: one.end_s - one.start_s)
    height = [seen for seen in trace if longest.start_s + EDGE_S <= seen.t - trace[0].t <= longest.end_s - EDGE_S]
    turned = [*height, *height[-2:0:-1]]
    step_s = (height[-1].t - height[0].t) / (len(height) - 1)
    count = int(HELD_S / step_s)
    kept = [replace(turned[number % len(turned)], t=number * step_s) for number in range(count)]
    same = {one.event for one in labels if one.start_s < longest.end_s and one.end_s > longest.start_s}
    return kept, [Label(0.0, kept[-1].t, event) for event in sorted(same)]


TIMES: dict[str, Callable[[Trace, list[Label]], tuple[Trace, list[Label]]]] = {
    "from within": lambda trace, labels: begun(trace, labels, -0.2),
    "no lead-in": lambda trace, labels: begun(trace, labels, 0.3),
    "twice": lambda trace, labels: repeated(trace, labels, 2),
    "four times": lambda trace, labels: repeated(trace, labels, 4),
    "anger held": held,
    "10 s later": lambda trace, labels: moved(*repeated(trace, labels, 2), min(10.0, trace[-1].t / 2)),
}
