"""Pictures with faces, read once and cut at any place, scale and angle.

Takes tables of 68 landmarks and folders with ``labels.csv`` (the layouts of ``dms evaluate``), gives ``FacePicture``
objects and warped grey patches of them with their points. Shared by the recipes of ``face``, ``landmarks`` and
``mouth``. Never writes.
"""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dms.datasets.layouts import LabelledFrame, read_frames, read_landmarks
from dms.datasets.pictures import read_grey
from dms.datasets.split import PEOPLE, SCENES, Part
from dms.errors import UserError
from dms.perception.landmarks import FOREHEAD, face_outline

FloatArray = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

LARGEST_FACE = 180
"""Faces are kept at up to this height in pixels: no net sees more than 112."""


@dataclass(frozen=True, slots=True, eq=False)
class FacePicture:
    """A grey picture, its faces, and how far its labels can be trusted.

    Attributes:
        levels: The picture, then halved again and again, (height, width) uint8 each.
        points: K faces, (68, 2) float32 each, pixels of ``levels[0]``.
        outlines: The same faces with forehead and sides, (N, 2) float32 each; their bounding boxes are the labels.
        yawn: Whether the driver yawns, None when not labelled.
        group: Pictures of one person or scene share it.
        source: Index into the data that the recipe was given.
        complete: Whether every face in the picture is labelled.
    """

    levels: tuple[npt.NDArray[np.uint8], ...]
    points: tuple[FloatArray, ...]
    outlines: tuple[FloatArray, ...]
    yawn: bool | None
    group: str
    source: int
    complete: bool

    @property
    def part(self) -> Part:
        """Whether it is for training, validation or the test: all of a group alike."""
        return part_of(self.group, self.complete)

    def warp(self, matrix: Matrix, size: tuple[int, int], border: int | None = 0) -> npt.NDArray[np.uint8]:
        """Cut a patch.

        Args:
            matrix: (2, 3) affine map from pixels of ``levels[0]`` to pixels of the patch.
            size: Width and height of the patch.
            border: Grey level outside the picture; None repeats its edge.
        """
        scale, level = math.sqrt(abs(np.linalg.det(matrix[:, :2]))), 0
        while level + 1 < len(self.levels) and scale * 2 ** (level + 1) <= 1.15:
            level += 1
        step = 2**level
        # a pixel of a halved picture lies in the middle of the pixels it is the mean of
        shifted = matrix[:, 2] + matrix[:, :2] @ np.full(2, (step - 1) / 2)
        mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
        warped = cv2.warpAffine(
            self.levels[level],
            np.column_stack([matrix[:, :2] * step, shifted]),
            size,
            flags=cv2.INTER_LINEAR,
            borderMode=mode,
            borderValue=(float(border or 0),),
        )
        return np.asarray(warped, np.uint8)


def read_pictures(data: Sequence[Path]) -> list[FacePicture]:
    """Read every picture of a recipe's data.

    Args:
        data: Tables ``landmarks68_*.csv`` (other faces may be in their pictures), and folders with ``labels.csv`` and
            one ``landmarks68_*.csv`` (one driver in each picture, nobody else).

    Raises:
        UserError: Something is missing or not in these layouts.
    """
    pictures: list[FacePicture] = []
    for source, path in enumerate(data):
        pictures += _read_folder(path, source) if path.is_dir() else _read_table(path, source)
    if not pictures:
        raise UserError("no picture with a face: give landmarks68_*.csv tables and folders with labels.csv")
    return pictures


def open_data(data: Sequence[Path], out: Path) -> dict[Part, list[FacePicture]]:
    """Read a recipe's pictures, split them, and write the tables of the test part to ``OUT/test``.

    Args:
        data: As for ``read_pictures``.
        out: The recipe's folder.

    Raises:
        UserError: Something is missing or not in these layouts.
    """
    pictures = read_pictures(data)
    write_test(data, out / "test")
    return {part: [p for p in pictures if p.part is part] for part in Part}


def part_of(group: str, complete: bool) -> Part:
    """Return which part the pictures of one group belong to, by a checksum of its name.

    Of people, one in fourteen is for validation and one in fourteen for the test; of scenes, one in eight each.
    """
    return (SCENES if complete else PEOPLE).part_of(group)


def write_test(data: Sequence[Path], out: Path) -> None:
    """Write the tables of the test part, with the pictures' full paths, for ``dms evaluate``.

    Args:
        data: As for ``read_pictures``.
        out: ``OUT/NAME.csv`` for a table, ``OUT/NAME/labels.csv`` for a folder.
    """
    for path in data:
        table, made = (
            (path / "labels.csv", out / path.name / "labels.csv") if path.is_dir() else (path, out / path.name)
        )
        with table.open(newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = [dict(row, file=str((table.parent / row["file"]).resolve())) for row in reader]
        made.parent.mkdir(parents=True, exist_ok=True)
        with made.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            for row in rows:
                group = row.get("scene_group", "") if path.is_dir() else _person(Path(row["file"]))
                if part_of(group, path.is_dir()) is Part.TEST:
                    writer.writerow(row)


def bounding_box(points: FloatArray) -> FloatArray:
    """x, y, width and height of the upright rectangle around (N, 2) points."""
    low = points.min(0)
    box: FloatArray = np.concatenate([low, points.max(0) - low]).astype(np.float32)
    return box


def similarity(
    centre: npt.ArrayLike, target: npt.ArrayLike, scale: float, degrees: float = 0.0, mirror: bool = False
) -> Matrix:
    """Affine map that takes ``centre`` to ``target`` while scaling, turning clockwise and, before that, mirroring."""
    c, s = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
    linear = np.array([[-c if mirror else c, -s], [-s if mirror else s, c]])
    return np.column_stack([linear, np.asarray(target, float) - linear @ np.asarray(centre, float)])


def transform(points: FloatArray, matrix: Matrix) -> FloatArray:
    """(N, 2) points through a (2, 3) affine map."""
    moved: FloatArray = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return moved


_RIGHT_TO_LEFT = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)] + [(31, 35), (32, 34)]
_RIGHT_TO_LEFT += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
_RIGHT_TO_LEFT += [(48, 54), (49, 53), (50, 52), (60, 64), (61, 63), (67, 65), (59, 55), (58, 56)]


def mirrored_order() -> npt.NDArray[np.intp]:
    """Index of the point that takes each point's place when the picture is mirrored, (68,)."""
    order = np.arange(68)
    for right, left in _RIGHT_TO_LEFT:
        order[right], order[left] = left, right
    return order


def pyramid(grey: npt.NDArray[np.uint8], smallest: int = 24) -> tuple[npt.NDArray[np.uint8], ...]:
    """Return the picture and its halvings, down to ``smallest`` pixels on the shorter side."""
    levels = [grey]
    while min(levels[-1].shape) >= 2 * smallest:
        height, width = (n // 2 * 2 for n in levels[-1].shape)
        even = levels[-1][:height, :width]
        levels.append(np.asarray(cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8))
    return tuple(levels)


def _read_table(table: Path, source: int) -> list[FacePicture]:
    found = read_landmarks(table)
    by_file: dict[Path, list[FloatArray]] = {}
    for file, points in zip(found.files, found.points, strict=True):
        by_file.setdefault(file, []).append(points)
    return [
        _shrunk(read_grey(file), points, [face_outline(p) for p in points], None, _person(file), source, False)
        for file, points in by_file.items()
    ]


def _read_folder(folder: Path, source: int) -> list[FacePicture]:
    tables = sorted(folder.glob("landmarks68_*.csv"))
    if not tables:
        raise UserError(f"folder {folder} has no landmarks68_*.csv beside its labels.csv")
    found = read_landmarks(tables[0])
    points = dict(zip(found.files, found.points, strict=True))
    return [
        _shrunk(
            read_grey(frame.file),
            [points[frame.file]],
            [_fitted_outline(points[frame.file], frame)],
            frame.yawn,
            frame.group,
            source,
            True,
        )
        for frame in read_frames(folder)
        if frame.box is not None and frame.file in points
    ]


def _fitted_outline(points: FloatArray, frame: LabelledFrame) -> FloatArray:
    """Return an outline whose upright box is the labelled one: its own forehead, and a point on either side."""
    x, y, width, _ = frame.box or (0.0, 0.0, 0.0, 0.0)
    up = points[36:48].mean(0) - points[33]
    brows = points[17:27]
    reach = max(0.0, float((brows[:, 1].min() - y) / max(1.0, -up[1])))
    sides = np.array([(x, points[2, 1]), (x + width, points[14, 1])], np.float32)
    return np.vstack([points, brows + np.float32(min(reach, 2 * FOREHEAD)) * up, sides])


def _shrunk(
    grey: npt.NDArray[np.uint8],
    points: Sequence[FloatArray],
    outlines: Sequence[FloatArray],
    yawn: bool | None,
    group: str,
    source: int,
    complete: bool,
) -> FacePicture:
    """Halve a picture until its largest face is no higher than ``LARGEST_FACE``."""
    levels, step = pyramid(grey), 1
    largest = max(float(np.ptp(outline[:, 1])) for outline in outlines)
    while largest / step > LARGEST_FACE and len(levels) > 1:
        levels, step = levels[1:], step * 2
    shift = np.float32((step - 1) / 2)
    return FacePicture(
        levels,
        tuple((p - shift) / step for p in points),
        tuple((o - shift) / step for o in outlines),
        yawn,
        group,
        source,
        complete,
    )


def _person(file: Path) -> str:
    """Return a file's name without the number of the shot (``Name_Surname_12_tr``)."""
    return re.sub(r"_\d{1,3}(_[a-z]{2})?$", "", file.stem)
