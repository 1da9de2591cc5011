"""Tells which public layout a file or folder is in, so that ``dms train all`` takes them as they come.

Takes paths, gives for each model those that it is trained from, in the order in which its recipe wants them. Looks at
names of columns and of sub-folders only.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path

from dms.datasets.expressions import label_set_of
from dms.datasets.pictures import sub_folders
from dms.errors import UserError


class Layout(Enum):
    """What a source is; the value says so to people."""

    FER2013 = "fer2013.csv (emotion,pixels,Usage)"
    FERPLUS = "fer2013new.csv (Usage,Image name,neutral,...)"
    EYES = "a folder with closed/ and open/"
    LIDS = "a folder with closed/ and down/"
    POINTS = "a landmarks68_*.csv (file,x0,y0,...) beside its pictures"
    LABELS = "a folder with labels.csv (file,scene_group,x,y,w,h,yawn)"
    EXPRESSIONS = "a folder with one sub-folder per class of expression (angry/, happy/, ...)"


Sources = Mapping[Layout, Sequence[Path]]


def sort_sources(data: Iterable[Path]) -> Sources:
    """Sort paths by their layout, keeping their order within each.

    Raises:
        UserError: One is in none of the layouts.
    """
    found: dict[Layout, list[Path]] = {layout: [] for layout in Layout}
    for path in data:
        found[_layout(path)].append(path)
    return found


def data_of(models: Iterable[str], sources: Sources) -> dict[str, list[Path]]:
    """Return what each model is trained from.

    Args:
        models: Names of models that ship.
        sources: From ``sort_sources``.

    Raises:
        UserError: What a model cannot do without is not among them.
    """
    return {model: _data(model, sources) for model in models}


def data_for(model: str, data: Sequence[Path]) -> list[Path]:
    """Return what one model is trained from in the order in which its recipe wants it, all of what is given.

    Raises:
        UserError: The model cannot do without something else, or has no use for one of them.
    """
    chosen = data_of([model], sort_sources(data))[model]
    if unused := [path for path in data if path not in chosen]:
        raise UserError(f"{model} is not trained from {unused[0]}")
    return chosen


def only_fer2013(name: str, data: Sequence[Path]) -> Path:
    """Return the one file that every system of the papers is trained from.

    Raises:
        UserError: It is not alone.
    """
    if len(data) != 1 or data[0].is_dir():
        raise UserError(f"{name} takes one file: fer2013.csv")
    return data[0]


def _data(model: str, sources: Sources) -> list[Path]:
    points, labels = sources[Layout.POINTS], sources[Layout.LABELS]
    match model:
        case "emotion":
            needed = {Layout.FER2013: 1, Layout.FERPLUS: 1, Layout.LABELS: 0, Layout.EXPRESSIONS: 1}
            chosen = [*sources[Layout.FER2013], *sources[Layout.FERPLUS], *labels, *sources[Layout.EXPRESSIONS]]
        case "eyes":
            # lids of loosely marked faces say little: only the first, most accurate table
            needed = {Layout.EYES: 0}
            chosen = [*sources[Layout.EYES], *points[:1]]
        case "lids":
            needed = {Layout.LIDS: 1}
            chosen = [*sources[Layout.LIDS]]
        case _:
            needed = {Layout.POINTS: 0, Layout.LABELS: 0}
            chosen = [*points, *labels]
    for layout, only in needed.items():
        count = len(sources[layout])
        if not count or (only and count > only):
            raise UserError(f"{model} is trained from {layout.value}: {count or 'none'} given")
    return chosen


def _layout(path: Path) -> Layout:
    if path.is_dir():
        if (path / "closed").is_dir():
            for layout, other in ((Layout.LIDS, "down"), (Layout.EYES, "open")):
                if (path / other).is_dir():
                    return layout
        if (path / "labels.csv").is_file():
            return Layout.LABELS
        if label_set_of([inside.name for inside in sub_folders(path)]) is not None:
            return Layout.EXPRESSIONS
    elif path.is_file():
        columns = _columns(path)
        for layout, wanted in (
            (Layout.FER2013, {"emotion", "pixels", "Usage"}),
            (Layout.FERPLUS, {"Usage", "neutral", "contempt"}),
            (Layout.POINTS, {"file", "x0", "y67"}),
        ):
            if wanted <= columns:
                return layout
    else:
        raise UserError(f"{path}: no such file or folder")
    raise UserError(f"{path} is none of: {'; '.join(layout.value for layout in Layout)}")


def _columns(table: Path) -> set[str]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return set(next(csv.reader(file), []))
    except (UnicodeDecodeError, csv.Error):
        return set()
