"""Pictures as the face net sees them in training, and what it should say about them.

Takes ``FacePicture`` objects, gives scenes of the net's size with faces at a cabin's scale and tilt, or with none, and
the maps that encode them. Needs numpy and OpenCV only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.observation import Box
from dms.perception.face import COLUMNS, HEIGHT, ROWS, STRIDE, UNIT_HEIGHT, UNIT_WIDTH, WIDTH, overlap
from dms.training import augment
from dms.training.augment import occluders
from dms.training.faces import FacePicture, FloatArray, Matrix, bounding_box, similarity, transform

LOWEST, HIGHEST = 13.0, 116.0
"""Heights of faces in pixels of the net's input: 52..464 in a frame of 640x480."""

LIGHT = augment.chain(
    augment.light(gamma=1.0, contrast=0.6, brightness=0.15),
    augment.sometimes(0.1, augment.low_light(0.1)),
    augment.sometimes(0.12, augment.shadow(0.8)),
    augment.sometimes(0.35, augment.one_of(augment.gaussian_blur(1.1), augment.motion_blur(5), augment.downscale(0.4))),
    augment.sometimes(0.5, augment.noise(10)),
    augment.sometimes(0.15, augment.jpeg(25)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture with what is known about it.

    Attributes:
        picture: (HEIGHT, WIDTH) uint8.
        boxes: (K, 4) x, y, width, height of its faces in pixels.
        known: (ROWS, COLUMNS) whether a cell without a labelled face certainly holds none.
    """

    picture: npt.NDArray[np.uint8]
    boxes: FloatArray
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What the net should say about a scene, over (ROWS, COLUMNS) cells.

    Attributes:
        heat: 1 in the cell of each face's centre, falling off around it.
        boxes: (ROWS, COLUMNS, 4), as ``perception.face.decode`` reads them.
        weights: Of the boxes, 0 away from faces.
        known: Of the heat map, 0 where nothing is known.
    """

    heat: FloatArray
    boxes: FloatArray
    weights: FloatArray
    known: FloatArray


class SceneMaker:
    """Makes scenes from pictures: a face at a cabin's scale and tilt, or none.

    Args:
        pictures: To make them from.
    """

    def __init__(self, pictures: Sequence[FacePicture]) -> None:
        self._all = list(pictures)
        self._sources = [[p for p in pictures if p.source == s] for s in sorted({p.source for p in pictures})]
        # in-car frames are what the service sees: half of all faces
        shares = np.array([1.0 if group[0].complete else 0.5 for group in self._sources])
        self._shares = shares / shares.sum()

    def scene(self, rng: np.random.Generator) -> Scene:
        """Return one scene with its light, grain and occlusions."""
        kind = rng.random()
        if kind < 0.28:
            made = empty_scene(self._all, rng)
        elif kind < 0.295:
            made = _grain(rng)
        else:
            group = self._sources[rng.choice(len(self._sources), p=self._shares)]
            made = self._with_face(group[rng.integers(len(group))], rng)
        return Scene(LIGHT(made.picture, rng), made.boxes, made.known)

    def _with_face(self, source: FacePicture, rng: np.random.Generator) -> Scene:
        outline = source.outlines[rng.integers(len(source.outlines))]
        box = bounding_box(outline)
        centre = box[:2] + box[2:] / 2
        matrix = _placing(centre, float(box[3]), source.complete, rng)
        edge = rng.random()
        border = None if edge > 0.75 else 0 if edge < 0.55 else int(rng.integers(256))
        picture = source.warp(matrix, (WIDTH, HEIGHT), border)
        outlines = [transform(o, matrix) for o in source.outlines]
        known = _near(outlines) if not source.complete else np.ones((ROWS, COLUMNS), np.bool_)
        if border is not None:
            inside = _covered_by(source, matrix)
            cells = np.asarray(cv2.resize(inside, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA))
            if rng.random() < 0.45:
                behind = empty_scene(self._all, rng)
                picture = np.where(inside > 127, picture, behind.picture)
                known = np.where(cells > 0, known, behind.known)
            else:
                known = known | (cells == 0)
        if source.complete and rng.random() < 0.04:
            _wipe_out(picture, source, matrix, centre, box)
            return Scene(picture, np.empty((0, 4), np.float32), known)
        for points in source.points:
            if rng.random() < 0.4:
                occluders.something(picture, transform(points, matrix), rng)
        return Scene(picture, np.array([bounding_box(o) for o in outlines]), known)


def empty_scene(pictures: Sequence[FacePicture], rng: np.random.Generator) -> Scene:
    """A window of some picture beside its faces; nothing is known of it when not all of its faces are labelled."""
    complete = [p for p in pictures if p.complete] if rng.random() < 0.55 else []
    pool = complete or pictures
    for _ in range(30):
        source = pool[rng.integers(len(pool))]
        matrix = _window_without_face(source, rng)
        if matrix is None:
            continue
        if rng.random() < 0.1:
            matrix[1] = -matrix[1] + (0, 0, HEIGHT)
        border = None
        if rng.random() < 0.3:
            middle = (rng.uniform(30, 130), rng.uniform(30, 90))
            turn = similarity((WIDTH / 2, HEIGHT / 2), middle, rng.uniform(0.4, 1.3), rng.uniform(-45, 45))
            matrix, border = turn @ np.vstack([matrix, [0, 0, 1]]), 0
        picture = source.warp(matrix, (WIDTH, HEIGHT), border)
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
        return Scene(picture, np.empty((0, 4), np.float32), np.full((ROWS, COLUMNS), source.complete))
    return _grain(rng)


def write_empty(pictures: Sequence[FacePicture], folder: Path, count: int, rng: np.random.Generator) -> None:
    """Write windows without a face, at the pictures' own resolution, as files that ``dms evaluate face`` takes.

    Args:
        pictures: In which every face is labelled.
        folder: Where ``00000.png`` and so on go.
        count: How many.
        rng: Decides where.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    while written < count:
        source = pictures[rng.integers(len(pictures))]
        matrix = _window_without_face(source, rng)
        if matrix is None:
            continue
        width, height = round(WIDTH / matrix[0, 0]), round(HEIGHT / matrix[1, 1])
        shrunk = np.diag([width / WIDTH, height / HEIGHT]) @ matrix
        cv2.imwrite(str(folder / f"{written:05d}.png"), source.warp(shrunk, (width, height), None))
        written += 1


def encode(scene: Scene) -> Target:
    """The maps that the net should give for a scene (Zhou et al. 2019, with boxes also in the cells around the centre).

    Faces that are cut off, centred outside or too small are neither wanted nor forbidden.
    """
    x, y = np.meshgrid((np.arange(COLUMNS) + 0.5) * STRIDE, (np.arange(ROWS) + 0.5) * STRIDE)
    heat, weights = np.zeros((ROWS, COLUMNS), np.float32), np.zeros((ROWS, COLUMNS), np.float32)
    boxes, known = np.zeros((ROWS, COLUMNS, 4), np.float32), scene.known.astype(np.float32)
    for left, top, width, height in scene.boxes:
        cx, cy = left + width / 2, top + height / 2
        across = max(0.0, min(WIDTH, left + width) - max(0, left))
        down = max(0.0, min(HEIGHT, top + height) - max(0, top))
        centred = 0 <= cx < WIDTH and 0 <= cy < HEIGHT
        if not centred or across * down < 0.55 * width * height or height < LOWEST - 2:
            known[(x > left - 4) & (x < left + width + 4) & (y > top - 4) & (y < top + height + 4)] = 0
            continue
        spread = float(np.clip(0.11 * math.sqrt(width * height), 4.5, 11))
        peak = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread**2)).astype(np.float32)
        peak[int(cy // STRIDE), int(cx // STRIDE)] = 1
        known[peak > 0.3] = 1
        heat = np.maximum(heat, peak)
        near = (peak > 0.35) & (peak >= weights)
        size = np.log([width / UNIT_WIDTH, height / UNIT_HEIGHT])
        wanted = np.stack(
            [(cx - x) / STRIDE, (cy - y) / STRIDE, np.full_like(x, size[0]), np.full_like(x, size[1])], -1
        )
        boxes[near], weights[near] = wanted[near], peak[near]
    return Target(heat, boxes, weights, known)


def whole_picture(picture: FacePicture) -> Scene:
    """Return a picture as the service sees it: all of it, letter-boxed."""
    height, width = picture.levels[0].shape
    scale = min(WIDTH / width, HEIGHT / height)
    matrix = similarity(((width - 1) / 2, (height - 1) / 2), ((WIDTH - 1) / 2, (HEIGHT - 1) / 2), scale)
    boxes = np.array([bounding_box(transform(o, matrix)) for o in picture.outlines])
    return Scene(picture.warp(matrix, (WIDTH, HEIGHT)), boxes, np.ones((ROWS, COLUMNS), np.bool_))


def _placing(centre: FloatArray, height: float, in_car: bool, rng: np.random.Generator) -> Matrix:
    """Return where, how large and how tilted a face is put."""
    if in_car and rng.random() < 0.35:
        wanted = height * 0.5 * math.exp(rng.normal(0, 0.15))
    else:
        wanted = math.exp(rng.uniform(math.log(LOWEST), math.log(HIGHEST)))
    degrees = rng.normal(0, 9) if rng.random() < 0.7 else rng.uniform(-45, 45)
    if rng.random() < 0.5:
        target = rng.uniform((4, 4), (WIDTH - 4, HEIGHT - 4))
    else:
        target = np.clip(rng.normal((WIDTH / 2, HEIGHT / 2), (28, 18)), 4, (WIDTH - 4, HEIGHT - 4))
    matrix = similarity(centre, target, wanted / height, degrees, bool(rng.random() < 0.5))
    matrix[0] *= math.exp(rng.normal(0, 0.05))
    matrix[:, 2] += target - (matrix[:, :2] @ centre + matrix[:, 2])
    return matrix


def _window_without_face(source: FacePicture, rng: np.random.Generator) -> Matrix | None:
    """Return a random window of about 4:3 that touches no labelled face, as a map to the net's input."""
    height, width = source.levels[0].shape
    for _ in range(6):
        columns = width * math.exp(-math.log(width / 24) * rng.random() ** 1.6)
        rows = columns * 0.75 * math.exp(rng.normal(0, 0.1))
        if rows > height:
            continue
        left, top = rng.uniform(0, width - columns), rng.uniform(0, height - rows)
        window = Box(left, top, columns, rows)
        faces = [bounding_box(o + (o - o.mean(0)) * np.float32(0.08)) for o in source.outlines]
        if all(overlap(window, Box(*map(float, f))) == 0 for f in faces):
            return np.array([[WIDTH / columns, 0, -left * WIDTH / columns], [0, HEIGHT / rows, -top * HEIGHT / rows]])
    return None


def _near(outlines: Sequence[FloatArray]) -> npt.NDArray[np.bool_]:
    """Cells within a face's own size of a labelled face: no second face is there."""
    x, y = np.meshgrid((np.arange(COLUMNS) + 0.5) * STRIDE, (np.arange(ROWS) + 0.5) * STRIDE)
    near = np.zeros((ROWS, COLUMNS), np.bool_)
    for outline in outlines:
        left, top, width, height = bounding_box(outline)
        near |= (abs(x - left - width / 2) < 0.95 * width) & (abs(y - top - height / 2) < 0.95 * height)
    return near


def _covered_by(source: FacePicture, matrix: Matrix) -> npt.NDArray[np.uint8]:
    """255 where the picture is, 0 outside, at the net's size."""
    white = np.full_like(source.levels[0], 255)
    return np.asarray(cv2.warpAffine(white, matrix, (WIDTH, HEIGHT)), np.uint8)


def _wipe_out(
    picture: npt.NDArray[np.uint8], source: FacePicture, matrix: Matrix, centre: FloatArray, box: FloatArray
) -> None:
    """Put what is beside the head over it, softly: a seat without a driver."""
    beside = matrix.copy()
    beside[:, 2] += matrix[:, :2] @ (1.3 * box[2], 0)
    other = source.warp(beside, (WIDTH, HEIGHT), None)
    x, y = matrix[:, :2] @ centre + matrix[:, 2]
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    axes = (max(1, int(0.72 * box[2] * scale)), max(1, int(0.68 * box[3] * scale)))
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(mask, (int(x), int(y)), axes, 0, 0, 360, (1.0,), -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.5), np.float32)
    picture[:] = (picture * (1 - mask) + other * mask).astype(np.uint8)


def _grain(rng: np.random.Generator) -> Scene:
    """Return a picture of nothing but blurred noise."""
    noise = rng.normal(rng.integers(256), rng.uniform(0, 60), (HEIGHT, WIDTH)).clip(0, 255).astype(np.uint8)
    picture = np.asarray(cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.3, 8)), np.uint8)
    return Scene(picture, np.empty((0, 4), np.float32), np.ones((ROWS, COLUMNS), np.bool_))
