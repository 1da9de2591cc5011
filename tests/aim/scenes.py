"""The sample drive as a camera would give it that is mounted, lit or turned in another way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.aim.verdict import Aim
from dms.aim.viewer import Lookout
from dms.config import Config
from dms.demo import SAMPLE_DRIVE
from dms.frames import Frame

Picture = npt.NDArray[np.uint8]
Change = Callable[[Picture], Picture]

SIZE = (640, 480)
FPS = 10.0
FACE = (152, 113, 177, 195)
"""Left, top, width and height of the face in the sample's first pictures, pixels of 480x360."""


@cache
def sample(seconds: float = 3.0) -> tuple[Picture, ...]:
    """The first pictures of the sample drive, (360, 480) grey, 10 a second."""
    video = cv2.VideoCapture(str(SAMPLE_DRIVE))
    rate = video.get(cv2.CAP_PROP_FPS)
    pictures = []
    for index in range(int(seconds * rate)):
        _, image = video.read()
        if index % round(rate / FPS) == 0:
            pictures.append(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8))
    video.release()
    return tuple(pictures)


def frames(pictures: Iterable[Picture], fps: float = FPS, start_t: float = 0.0) -> Iterator[Frame]:
    for index, picture in enumerate(pictures):
        yield Frame(start_t + index / fps, np.ascontiguousarray(picture))


def aim_of(
    change: Change = lambda picture: picture,
    config: Config | None = None,
    pictures: Sequence[Picture] | None = None,
    fps: float = FPS,
) -> Aim:
    """What is said about the sample drive, changed in some way."""
    lookout = Lookout(config or Config())
    for frame in frames(map(change, pictures or sample()), fps):
        lookout.observe(frame)
    return lookout.viewer.aim()


def noisy(picture: npt.NDArray[Any], sigma: float, seed: int = 0) -> Picture:
    """With a sensor's noise, standard deviation in grey levels."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape) * sigma
    return np.asarray((picture + noise).clip(0, 255), np.uint8)


def lit(share: float, sigma: float = 2.0) -> Change:
    """With that share of the light."""
    return lambda picture: noisy(picture * np.float64(share), sigma, int(picture[0, 0]))


def turned(degrees: int) -> Change:
    """As a camera gives it that was turned counter-clockwise by so much, so that it takes a clockwise turn to mend."""
    rotations = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    return lambda picture: np.asarray(cv2.rotate(picture, rotations[degrees]), np.uint8)


def farther(times: float) -> Change:
    """From so many times the distance, in the same size of picture."""

    def change(picture: Picture) -> Picture:
        small = cv2.resize(picture, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
        canvas = np.full(picture.shape, 120.0)
        top, left = (picture.shape[0] - small.shape[0]) // 2, (picture.shape[1] - small.shape[1]) // 2
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
        return noisy(canvas, 2.0)

    return change


def moved(right: int = 0, down: int = 0) -> Change:
    """The picture moved by so many pixels; what is behind it goes on to the edge."""
    matrix = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])

    def change(picture: Picture) -> Picture:
        size = (picture.shape[1], picture.shape[0])
        return np.asarray(cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return change


def before_a_window(share: float) -> Change:
    """The head with that share of the light, what is behind it as bright as can be."""

    def change(picture: Picture) -> Picture:
        left, top, width, height = FACE
        mask = np.zeros(picture.shape, np.float64)
        cv2.ellipse(mask, (left + width // 2, top + height // 2), (width, height), 0, 0, 360, [1.0], -1)
        soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), 6))
        return noisy(picture * share * soft + 252.0 * (1 - soft), 2.0)

    return change


def blind(right_eye: bool, left_eye: bool) -> Change:
    """With dark glass before eyes."""

    def change(picture: Picture) -> Picture:
        out = picture.copy()
        for wanted, x in ((right_eye, 196), (left_eye, 280)):
            if wanted:
                cv2.ellipse(out, (x, 174), (36, 28), 0, 0, 360, [12], -1)
        return out

    return change


def mirroring(picture: Picture) -> Picture:
    """With a lamp mirrored in glasses."""
    out = picture.copy()
    for x in (196, 280):
        cv2.ellipse(out, (x - 8, 168), (14, 9), 20, 0, 360, [255], -1)
    return np.asarray(cv2.GaussianBlur(out, (3, 3), 0), np.uint8)


def beside(height_share: float) -> Change:
    """With a passenger on the right whose face is so much higher than the driver's, in a picture twice as wide."""

    def change(picture: Picture) -> Picture:
        height, width = picture.shape
        passenger = cv2.resize(picture[60:, 60:420], None, fx=height_share, fy=height_share)[:height, :]
        canvas = np.full((height, 2 * width), 130, np.uint8)
        canvas[:, :width] = picture
        canvas[: passenger.shape[0], width + 40 : width + 40 + passenger.shape[1]] = passenger[:, : width - 40]
        return canvas

    return change
