"""Readers of the public layouts of eyes, landmarks and frames.

Takes the files that users have (a folder of ``closed/`` and ``open/``, a CSV of 68 landmarks, a CSV of face boxes),
gives arrays. Never writes and never fetches.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from dms.datasets.pictures import find_pictures, named, person_of, read_grey, sub_folders
from dms.datasets.tables import letters, rows_of
from dms.errors import UserError

_YAWN: dict[str, bool | None] = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "yawn", "yawning"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "noyawn", "notyawning", "notyawn"), False),
    "": None,
}


@dataclass(frozen=True, slots=True, eq=False)
class EyePatches:
    """Eye patches of any size.

    Attributes:
        images: N pictures, (height, width) uint8, each of its own size.
        closed: (N,) bool.
        groups: N names; patches of one person share one, so that a split can go by person.
    """

    images: list[npt.NDArray[np.uint8]]
    closed: npt.NDArray[np.bool_]
    groups: list[str]


def read_eyes(folder: Path) -> EyePatches:
    """Read a folder with ``closed/`` and ``open/``; a file's group is its name before the first ``-`` or ``_``.

    Raises:
        UserError: A sub-folder is missing or holds no picture, or a picture cannot be read.
    """
    files = eye_files(folder)
    for name, is_closed in (("closed", True), ("open", False)):
        if all(closed != is_closed for _, closed in files):
            raise UserError(f"folder {folder / name} holds no picture (.jpg, .png and the like)")
    closed_eyes = np.array([closed for _, closed in files])
    return EyePatches([read_grey(file) for file, _ in files], closed_eyes, [person_of(file) for file, _ in files])


def eye_files(folder: Path, other: Literal["open", "down"] = "open") -> list[tuple[Path, bool]]:
    """Return each picture of a folder with ``closed/`` and ``open/``, and whether it shows a closed eye.

    Args:
        folder: Holds both.
        other: The sub-folder beside ``closed/``; ``down`` for lids that are lowered to look down.

    Raises:
        UserError: A sub-folder is missing, or neither holds a picture.
    """
    both = f"closed/ and {other}/"
    if folder.is_file():
        raise UserError(f"{folder} is a file: give a folder with {both}, which hold pictures")
    files: list[tuple[Path, bool]] = []
    for name, is_closed in (("closed", True), (other, False)):
        inside = named(folder, name)
        if not inside.is_dir():
            there = ", ".join(p.name for p in sub_folders(folder)) or "no folders"
            raise UserError(f"folder {inside} is missing: eyes need {both}, there are: {there}")
        files += [(file, is_closed) for file in find_pictures(inside)]
    if not files:
        raise UserError(f"{folder}: {both} hold no picture (.jpg, .png and the like)")
    return files


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkedFaces:
    """Pictures with 68 iBUG points per face.

    Attributes:
        files: N paths; a picture with several faces stands in several rows.
        points: (N, 68, 2) float32, pixels.
    """

    files: list[Path]
    points: npt.NDArray[np.float32]


def read_landmarks(table: Path) -> LandmarkedFaces:
    """Read ``file,x0,y0,...,x67,y67`` beside its pictures.

    Raises:
        UserError: The file is missing or not in this layout.
    """
    names = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    files, points = [], []
    for number, row in enumerate(rows_of(table, ("file", *names)), start=1):
        try:
            points.append([_number(row[name]) for name in names])
        except ValueError as error:
            raise UserError(f"{table} row {number} holds something that is no number ({error})") from error
        files.append(_beside(table.parent, row["file"]))
    return LandmarkedFaces(files, np.array(points, np.float32).reshape(-1, 68, 2))


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One row of ``labels.csv``.

    Attributes:
        file: The picture.
        yawn: Whether the driver yawns, None where the table has no such column.
        group: Frames of one scene share it; empty where the table has no such column.
        box: (x, y, width, height) of the driver's face in pixels, tight from forehead to chin; None without boxes.
    """

    file: Path
    yawn: bool | None
    group: str
    box: tuple[float, float, float, float] | None


def folder_of(data: Path) -> Path:
    """Return the folder of a ``labels.csv``, which may be named itself."""
    return data.parent if data.name.lower() == "labels.csv" else data


def read_frames(folder: Path) -> list[LabelledFrame]:
    """Read ``labels.csv`` (``file`` and any of ``yawn``, ``scene_group``, ``x,y,w,h``) beside its pictures.

    Raises:
        UserError: The file is missing or not in this layout.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give the folder that holds labels.csv and its pictures")
    table = named(folder, "labels.csv")
    return [_labelled_frame(table, number, row) for number, row in enumerate(rows_of(table, ("file",)), start=1)]


def _labelled_frame(table: Path, number: int, row: dict[str, str]) -> LabelledFrame:
    yawn = row.get("yawn", "")
    yawn = letters(yawn) or yawn.removesuffix(".0")
    if yawn not in _YAWN:
        raise UserError(f"{table} row {number}: yawn must be 0 or 1, not {row['yawn']!r}")
    sides = [row.get(name, "") for name in ("x", "y", "w", "h")]
    try:
        box = tuple(map(_number, sides)) if all(sides) else None
    except ValueError as error:
        raise UserError(f"{table} row {number}: the box of {row['file']} is not four numbers ({error})") from error
    if box is not None and not (all(map(math.isfinite, box)) and min(box[2:]) > 0):
        box = None  # nan, 0,0,0,0 and -1,-1,-1,-1 are ways to say that there is none
    return LabelledFrame(_beside(table.parent, row["file"]), _YAWN[yawn], row.get("scene_group", ""), box)  # type: ignore[arg-type]


def _beside(folder: Path, name: str) -> Path:
    path = folder / name
    # a table written on Windows
    return folder / name.replace("\\", "/") if "\\" in name and not path.exists() else path


def _number(text: str) -> float:
    # spreadsheets of many countries write 1,5
    return float(text.replace(",", "."))
