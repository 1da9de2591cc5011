"""Reads labels as people have them, by the format that is named or the one that is seen.

Takes a file, gives a ``LabelTable``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from dms.errors import UserError
from dms.replay.label_cvat import cvat_table
from dms.replay.label_elan import eaf_table, elan_table, is_elan
from dms.replay.label_format import LabelFormat
from dms.replay.label_tables import boris_table, is_boris, own_table
from dms.replay.labels import Label, LabelTable, in_order
from dms.replay.table_cells import cut, read_text

_ROOT = re.compile(r"<([A-Za-z_][\w.-]*)")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read files of labels.

    Attributes:
        format: Of all of them; None to recognise it by what is in each.
        fps: Frames a second where they count frames; None when they do not.
    """

    format: LabelFormat | None = None
    fps: float | None = None


def read_labels(path: Path) -> list[Label]:
    """Read a file of labels in the order of their times.

    Raises:
        UserError: It is missing, or a row is wrong.
    """
    return in_order(read_label_table(path).rows)


def read_label_table(path: Path, reading: Reading | None = None) -> LabelTable:
    """Read a file of labels.

    Args:
        path: The file.
        reading: How; by what is in it without.

    Raises:
        UserError: It is missing, not in its format, or a row is wrong.
    """
    reading = reading or Reading()
    text = read_text(path)
    if text.lstrip().startswith("<"):
        return _read_xml(path, text, reading)
    cells = cut(path, text)
    match reading.format:
        case LabelFormat.CSV:
            return own_table(cells)
        case LabelFormat.BORIS:
            return boris_table(cells)
        case LabelFormat.ELAN:
            return elan_table(cells)
        case LabelFormat.CVAT:
            raise UserError(f"{path}:1: no export of CVAT: that is XML")
        case None:
            # a column start_s is nobody else's
            if cells.header(lambda names: "start_s" in names) is None:
                if cells.header(is_boris) is not None:
                    return boris_table(cells)
                if cells.header(is_elan) is not None:
                    return elan_table(cells)
            return own_table(cells)


def _read_xml(path: Path, text: str, reading: Reading) -> LabelTable:
    root = _ROOT.search(text)
    seen = {"annotations": LabelFormat.CVAT, "ANNOTATION_DOCUMENT": LabelFormat.ELAN}.get(root[1] if root else "")
    if seen is None or reading.format not in (None, seen):
        raise UserError(f"{path}:1: XML, but no {reading.format or 'export of CVAT or file of ELAN'}")
    return cvat_table(path, text, reading.fps) if seen is LabelFormat.CVAT else eaf_table(path, text)
