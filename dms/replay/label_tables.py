"""Labels in tables: this project's own, and the exports of BORIS.

Take cells, give a ``LabelTable`` whose rows know their line.
"""

from collections.abc import Iterator, Mapping

from dms.errors import UserError
from dms.replay.labels import LabelRow, LabelTable, label_at
from dms.replay.table_cells import Cells

_WANTED = ("start_s", "end_s", "event")


def own_table(cells: Cells) -> LabelTable:
    """Read ``start_s,end_s,event`` and perhaps ``drive``.

    A row of a ``drive`` and nothing else says that the drive was looked at and nothing happened in it.

    Raises:
        UserError: A column is missing or a row is wrong.
    """
    header = cells.rows[0].cells if cells.rows else ()
    if missing := [name for name in _WANTED if name not in map(str.lower, header)]:
        where = cells.rows[0].where if cells.rows else f"{cells.path}:1"
        raise UserError(
            f"{where}: no column {', '.join(missing)} {cells.parted}: the first line must read start_s,end_s,event"
        )
    rows: list[LabelRow] = []
    drives: set[str] = set()
    for where, values in cells.named(0):
        drive = values.get("drive") or None
        if drive is not None:
            drives.add(drive)
            if not any(value for name, value in values.items() if name != "drive"):
                continue
        start, end = values.get("start_s", ""), values.get("end_s", "")
        # a moment has an empty end; a row without that column was cut short
        moment = end == "" and "end_s" in values
        start_s, end_s = _times(cells, where, ("start_s", start), ("end_s", start if moment else end))
        rows.append(LabelRow(where, label_at(where, start_s, end_s, values.get("event", "")), drive))
    return LabelTable(cells.path, tuple(rows), frozenset(drives))


def is_boris(names: frozenset[str]) -> bool:
    """Return whether these are the columns of an export of BORIS: of aggregated events, or of single ones."""
    return "behavior" in names and bool({"start (s)", "time"} & names)


def boris_table(cells: Cells) -> LabelTable:
    """Read BORIS's tabular export: aggregated events with start and stop, or single events to be paired.

    Lines before the header are left out. The drive is the media file, without one the observation.

    Raises:
        UserError: It is no such export, a row is wrong, or a state has no end.
    """
    header = cells.header(is_boris)
    if header is None:
        raise UserError(
            f"{cells.path}:1: no columns Behavior and Start (s), or Behavior and Time, as BORIS has them {cells.parted}"
        )
    rows = list(cells.named(header))
    aggregated = bool(rows) and "start (s)" in rows[0][1]
    found = list(_boris_spans(cells, rows) if aggregated else _boris_pairs(cells, rows))
    return LabelTable(cells.path, tuple(found), frozenset(row.drive for row in found if row.drive is not None))


_Rows = list[tuple[str, dict[str, str]]]


def _boris_spans(cells: Cells, rows: _Rows) -> Iterator[LabelRow]:
    for where, values in rows:
        start, stop = values.get("start (s)", ""), values.get("stop (s)", "")
        # a point's stop is its start, "NA" or empty
        stop = start if values.get("behavior type", "").upper() == "POINT" else stop
        start_s, end_s = _boris_times(cells, where, values, ("Start (s)", start), ("Stop (s)", stop))
        yield LabelRow(where, label_at(where, start_s, end_s, values["behavior"]), _boris_drive(values))


def _boris_pairs(cells: Cells, rows: _Rows) -> Iterator[LabelRow]:
    begun: dict[tuple[str | None, str, str], tuple[str, float]] = {}
    for where, values in rows:
        time, event, drive = values.get("time", ""), values["behavior"], _boris_drive(values)
        t, _ = _boris_times(cells, where, values, ("Time", time), ("Time", time))
        kind = (values.get("behavior type") or values.get("status") or "").upper()
        key = (drive, values.get("subject", ""), event)
        if kind == "POINT":
            yield LabelRow(where, label_at(where, t, t, event), drive)
        elif kind == "START" and key not in begun:
            begun[key] = (where, t)
        elif kind == "STOP" and key in begun:
            place, start_s = begun.pop(key)
            yield LabelRow(place, label_at(place, start_s, t, event), drive)
        else:
            raise UserError(f"{where}: '{event}' is {kind or 'no START, STOP or POINT'} out of turn: fix it in BORIS")
    for (_, _, event), (where, _) in begun.items():
        raise UserError(f"{where}: '{event}' never stops: fix unpaired events in BORIS")


def _boris_times(
    cells: Cells, where: str, values: Mapping[str, str], start: tuple[str, str], end: tuple[str, str]
) -> tuple[float, float]:
    """Return the seconds in two cells since the start of the media: BORIS adds the observation's offset to them."""
    offset = ("Time offset (s)", values.get("time offset (s)") or "0")
    start_s, end_s = _times(cells, where, start, end)
    offset_s, _ = _times(cells, where, offset, offset)
    return round(start_s - offset_s, 6), round(end_s - offset_s, 6)


def _boris_drive(values: Mapping[str, str]) -> str | None:
    for name in ("media file name", "media file path", "media file", "observation id"):
        # an observation of several files has all of them in one cell
        if (value := values.get(name, "")) not in ("", "NA", "Not found") and ";" not in value:
            return value
    return None


def _times(cells: Cells, where: str, start: tuple[str, str], end: tuple[str, str]) -> tuple[float, float]:
    """Return the seconds in two cells, each given with the name of its column."""
    try:
        return cells.seconds(start[1]), cells.seconds(end[1])
    except ValueError as error:
        names = " and ".join(dict.fromkeys((start[0], end[0])))
        values = " and ".join(repr(value) for value in dict.fromkeys((start[1], end[1])))
        raise UserError(f"{where}: {names} must be seconds, not {values} {cells.parted}") from error
