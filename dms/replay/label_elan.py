"""Labels from ELAN: its tab-delimited export, and its own ``.eaf`` files.

Take cells or XML, give a ``LabelTable`` whose rows know their line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dms.errors import UserError
from dms.replay.demands import KNOWN
from dms.replay.labels import LabelRow, LabelTable, label_at
from dms.replay.table_cells import Cells, Row
from dms.replay.xml_lines import Element, elements

_CLOCK = re.compile(r"(\d+):(\d{2}):(\d{2}(?:[.,]\d+)?)")
_TIME = re.compile(r"(begin|end) time - (hh:mm:ss\.ms|ss\.msec|msec)")
_NO_TIER = re.compile(r"(begin time|end time|duration) - .*|participant|annotator|file.*|")
"""Columns that are no tier."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which cell of a row is what, counted from 0.

    Attributes:
        begin: When it begins.
        end: When it ends.
        tiers: A column for each tier: the tier's name and its annotations; empty where a row names its tier.
        tier: The tier's name, where a row names it.
        annotation: The annotation, where a row names its tier.
        file: The file, None without.
    """

    begin: int
    end: int
    tiers: tuple[tuple[int, str], ...] = ()
    tier: int = 0
    annotation: int = -1
    file: int | None = None

    def said(self, row: Row) -> Iterator[tuple[str, str]]:
        """Yield each tier of a row that says something, and what it says."""
        if not self.tiers:
            yield row.cells[self.tier], row.cells[self.annotation] if self.annotation < len(row.cells) else ""
        for n, tier in self.tiers:
            if n < len(row.cells) and row.cells[n]:
                yield tier, row.cells[n]


def is_elan(names: frozenset[str]) -> bool:
    """Return whether these are the columns of a tab-delimited export, or the cells of one without a header."""
    return any(_TIME.fullmatch(name) for name in names) or sum(bool(_CLOCK.fullmatch(cell)) for cell in names) >= 2


def elan_table(cells: Cells) -> LabelTable:
    """Read a tab-delimited export: with a header, with a column for each tier, or without a header.

    Raises:
        UserError: It is no such export, or a row is wrong.
    """
    header = cells.header(is_elan)
    if header is None:
        raise UserError(f"{cells.path}:1: no columns Begin Time and End Time, as ELAN has them {cells.parted}")
    first = cells.rows[header]
    bare = not any(_TIME.fullmatch(name.lower()) for name in first.cells)
    columns = _bare_columns(first) if bare else _named_columns(first, cells)
    rows = []
    for row in cells.rows[header if bare else header + 1 :]:
        begin_s, end_s = (_seconds(cells, row, n, first) for n in (columns.begin, columns.end))
        drive = None if columns.file is None or columns.file >= len(row.cells) else row.cells[columns.file] or None
        for tier, annotation in columns.said(row):
            rows.append(LabelRow(row.where, label_at(row.where, begin_s, end_s, _event(tier, annotation)), drive))
    return LabelTable(cells.path, tuple(rows), frozenset(row.drive for row in rows if row.drive is not None))


def _bare_columns(row: Row) -> _Columns:
    clocks = [n for n, cell in enumerate(row.cells) if _CLOCK.fullmatch(cell)]
    return _Columns(clocks[0], clocks[1], annotation=len(row.cells) - 1)


def _named_columns(row: Row, cells: Cells) -> _Columns:
    names = [name.lower() for name in row.cells]
    sides = {side: [n for n, name in enumerate(names) if _TIME.fullmatch(name) and name.startswith(side)]
             for side in ("begin", "end")}  # fmt: skip
    for side, found in sides.items():
        if not found:
            raise UserError(f"{row.where}: no column {side.title()} Time {cells.parted}: export it from ELAN as well")
    begin, end = sides["begin"][0], sides["end"][0]
    file = next((n for n, name in enumerate(names) if name.startswith("file")), None)
    annotation = next((n for n, name in enumerate(names) if name in ("annotation", "annotations", "value")), None)
    if annotation is not None:
        tier = next((n for n, name in enumerate(names) if name.startswith("tier")), 0)
        return _Columns(begin, end, tier=tier, annotation=annotation, file=file)
    tiers = tuple((n, row.cells[n]) for n, name in enumerate(names) if not _NO_TIER.fullmatch(name))
    if not tiers:
        raise UserError(f"{row.where}: no column Annotation, and none of a tier {cells.parted}: export one from ELAN")
    return _Columns(begin, end, tiers, file=file)


def _seconds(cells: Cells, row: Row, n: int, header: Row) -> float:
    text = row.cells[n] if n < len(row.cells) else ""
    try:
        if clock := _CLOCK.fullmatch(text):
            hours, minutes, seconds = clock.groups()
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
        return cells.seconds(text) / (1000 if header.cells[n].lower().endswith(" - msec") else 1)
    except ValueError as error:
        raise UserError(f"{row.where}: {text!r} is no time {cells.parted}") from error


def _event(tier: str, annotation: str) -> str:
    """Return the annotation; the tier where that is a known event and the annotation is not."""
    return tier if not annotation or (tier in KNOWN and annotation not in KNOWN) else annotation


def eaf_table(path: Path, text: str) -> LabelTable:
    """Read an ``.eaf`` file: every annotation that is aligned with the media.

    Raises:
        UserError: It is no such file, or an annotation has no time.
    """
    times: dict[str, str] = {}
    rows: list[LabelRow] = []
    tier, drive = "", None
    span: Element | None = None
    for element in elements(path, text):
        match element.name:
            case "MEDIA_DESCRIPTOR" if drive is None:
                drive = element.values.get("RELATIVE_MEDIA_URL") or element.values.get("MEDIA_URL") or None
            case "TIME_SLOT":
                times[element.values.get("TIME_SLOT_ID", "")] = element.values.get("TIME_VALUE", "")
            case "TIER":
                tier = element.values.get("TIER_ID", "")
            case "ALIGNABLE_ANNOTATION":
                span = element
            case "ANNOTATION_VALUE" if span is not None:
                begin_s, end_s = (_slot(span, times, end) for end in ("TIME_SLOT_REF1", "TIME_SLOT_REF2"))
                label = label_at(span.where, begin_s, end_s, _event(tier, element.text.strip()))
                rows.append(LabelRow(span.where, label, drive))
                span = None
    return LabelTable(path, tuple(rows), frozenset() if drive is None else frozenset([drive]))


def _slot(span: Element, times: dict[str, str], end: str) -> float:
    text = times.get(span.values.get(end, ""), "")
    try:
        return int(text) / 1000
    except ValueError as error:
        raise UserError(f"{span.where}: the annotation has no time of its own ({end}): align it in ELAN") from error
