"""Finds which labels belong to which drive.

Takes files of events or traces, or folders that a replay left drives in, and files or folders of labels; gives each
drive with its labels, and names what has no partner.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dms.errors import UserError
from dms.records.trace import is_trace, read_trace
from dms.replay.label_files import read_label_table
from dms.replay.labels import LabelRow, LabelTable
from dms.replay.names import meant
from dms.replay.results import EVENTS, TRACE, Results, unfinished
from dms.replay.score import Score, score

SUFFIX = ".events.csv"
"""Ends the name of a drive's labels in a folder of them."""


@dataclass(frozen=True, slots=True)
class LabelledDrive:
    """A replayed drive and its labels.

    Attributes:
        name: Path of its results below the folder that was given, or that of its file.
        file: Its ``events.jsonl``, or its trace.
        labels: What happened in it.
    """

    name: str
    file: Path
    labels: tuple[LabelRow, ...]

    def score(self) -> Score:
        """Compare the alerts in its file with its labels.

        Raises:
            UserError: A line of its events is wrong.
        """
        return score(self.file, self.labels)


@dataclass(frozen=True, slots=True)
class LabelledDrives:
    """What was found.

    Attributes:
        drives: Those with labels, by name; those that were given one by one in their order.
        unlabelled: Names of replayed drives without labels.
        missing: Names of labelled drives without results.
        unfinished: Names of drives whose replay has not come to its end.
    """

    drives: tuple[LabelledDrive, ...]
    unlabelled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """A line for each kind of drive that is left out though it has labels."""
        found = []
        if self.missing:
            found.append(f"labelled, but not replayed, and so not in the table: {', '.join(self.missing)}")
        if self.unfinished:
            found.append(f"not replayed to the end, and so not in the table: {', '.join(self.unfinished)}")
        return found


def labelled_drives(results: Sequence[Path], labels: Sequence[Path], wanted: str = EVENTS) -> LabelledDrives:
    """Bring drives and labels together.

    Args:
        results: Files, or folders with a drive's results or with a folder for each drive.
        labels: A file for each file of results, in their order; or tables with a column ``drive`` and folders of
            ``NAME.events.csv``, which are matched by the names of the drives.
        wanted: Which file of the results: ``EVENTS`` or ``TRACE``.

    Raises:
        UserError: Nothing fits, two labels fit one drive, or a file is broken.
    """
    if len(results) == len(labels) and not any(path.is_dir() for path in (*results, *labels)):
        pairs = zip(results, labels, strict=True)
        return LabelledDrives(
            tuple(
                LabelledDrive(str(one), one, read_label_table(table).of_drive([str(one), *_names(one, wanted)]))
                for one, table in pairs
            )
        )
    found = dict(drive for path in results for drive in _drives(path, wanted))
    halves = [name for name, file in found.items() if unfinished(file)]
    goes_by = {name: [name] if name in halves else [name, *_names(found[name], wanted)] for name in found}
    tables = [table for path in labels for table in _tables(path)]
    whose = [table.path for name, table in tables if name is None and not table.drives]
    if whose and len(found) > 1:
        raise UserError(
            f"{len(found)} drives, and {whose[0]} does not say which of them it is of: give a --labels for each file, "
            "in the same order, or a table with a column drive"
        )
    told = {drive for name, table in tables for drive in (table.drives if name is None else [name])}
    names = meant(told, goes_by)
    rows = {drive: _rows(drive, names[drive], tables) for drive in found if drive not in halves}
    drives = tuple(LabelledDrive(drive, found[drive], mine) for drive, mine in rows.items() if mine is not None)
    if not drives and not halves:
        raise UserError(
            f"{_some(map(str, results))}: none of its drives ({_some(found)}) has labels in "
            f"{_some(map(str, labels))} ({_some(told)})"
        )
    without = tuple(drive for drive, mine in rows.items() if mine is None)
    missing = told.difference(*names.values())
    return LabelledDrives(drives, without, tuple(sorted(missing)), tuple(halves))


def _names(file: Path, wanted: str) -> list[str]:
    """What labels may call a drive."""
    if wanted == EVENTS:
        return Results.at(file).names
    folder = file.absolute() if file.is_dir() else file.absolute().parent
    return [str(folder), read_trace(file)[0].drive]


def _drives(path: Path, wanted: str) -> Iterator[tuple[str, Path]]:
    """The drives of a file or folder of results: name and file."""
    if not path.is_dir() or (wanted == TRACE and is_trace(path)):
        yield str(path.parent if path.name == TRACE else path), path
    elif (path / wanted).is_file():
        yield path.absolute().name, path / wanted
    else:
        found = sorted(path.rglob(wanted))
        if not found:
            raise UserError(f"{path}: no results of a replay in it: make them with dms replay DRIVE... --out {path}")
        yield from ((file.parent.relative_to(path).as_posix(), file) for file in found)


def _tables(path: Path) -> Iterator[tuple[str | None, LabelTable]]:
    """The tables of a file or folder of labels, those of a folder with the drive that each is of."""
    if not path.is_dir():
        yield None, read_label_table(path)
        return
    found = sorted(path.rglob(f"*{SUFFIX}"))
    if not found:
        raise UserError(f"{path}: no *{SUFFIX} in it: give the folder of the labels, or a file of them")
    for file in found:
        yield file.relative_to(path).as_posix().removesuffix(SUFFIX), read_label_table(file)


def _rows(drive: str, names: set[str], tables: Iterable[tuple[str | None, LabelTable]]) -> tuple[LabelRow, ...] | None:
    """The rows of a drive that labels call by these names; None without labels."""
    mine = [
        (table.path, table.of(names) if name is None else table.rows)
        for name, table in tables
        if (name in names if name is not None else table.of_any or not names.isdisjoint(table.drives))
    ]
    if len(mine) > 1:
        raise UserError(f"{drive}: labels of it in {mine[0][0]} and in {mine[1][0]}: leave one out")
    return mine[0][1] if mine else None


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:3]) + (", ..." if len(ordered) > 3 else "")


def score_drives(events: Sequence[Path], labels: Sequence[Path]) -> list[Score]:
    """Score several drives.

    Args:
        events: Files of events, or folders of replayed drives.
        labels: As for ``labelled_drives``.

    Returns:
        A score for each labelled drive, in their order.

    Raises:
        UserError: Drives and labels do not fit, a file is missing, or a line of it is wrong.
    """
    return [drive.score() for drive in labelled_drives(events, labels).drives]
