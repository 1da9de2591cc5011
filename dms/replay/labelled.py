"""Finds which labels belong to which drive.

Takes files of events or traces, or folders that a replay left drives in, and files or folders of labels; gives each
drive with its labels, and names what has no partner.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dms.errors import UserError
from dms.records.trace import is_trace, read_trace
from dms.replay.label_files import Reading, read_label_table
from dms.replay.label_format import LabelFormat
from dms.replay.labels import LabelRow, LabelTable
from dms.replay.names import meant, some
from dms.replay.results import EVENTS, TRACE, Results, unfinished
from dms.replay.score import Score, score

_ENDINGS: dict[LabelFormat | None, tuple[str, ...]] = {
    None: (".events.csv", ".events.tsv", ".events.txt", ".events.xml", ".eaf"),
    LabelFormat.CSV: (".events.csv", ".events.tsv"),
    LabelFormat.BORIS: (".tsv", ".csv"),
    LabelFormat.ELAN: (".eaf", ".txt", ".tsv"),
    LabelFormat.CVAT: (".xml", ".zip"),
}
"""What follows a drive's name in that of its labels, in a folder of them."""


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
            found.append(f"labelled, but not replayed, and so not in the table: {some(self.missing)}")
        if self.unfinished:
            found.append(f"not replayed to the end, and so not in the table: {some(self.unfinished)}")
        return found


def labelled_drives(
    results: Sequence[Path], labels: Sequence[Path], wanted: str = EVENTS, reading: Reading | None = None
) -> LabelledDrives:
    """Bring drives and labels together.

    Args:
        results: Files, or folders with a drive's results or with a folder for each drive.
        labels: A file for each file of results, in their order; or tables with a column ``drive`` and folders of
            ``NAME.events.csv``, which are matched by the names of the drives.
        wanted: Which file of the results: ``EVENTS`` or ``TRACE``.
        reading: How to read labels; by what is in each file without.

    Raises:
        UserError: Nothing fits, two labels fit one drive, or a file is broken.
    """
    if len(results) == len(labels) and not any(path.is_dir() for path in (*results, *labels)):
        drives = []
        for one, table in zip(results, labels, strict=True):
            rows = read_label_table(table, reading).of_drive([str(one), *_names(one, wanted)])
            drives.append(LabelledDrive(str(one), one, rows))
        return LabelledDrives(tuple(drives))
    found = dict(drive for path in results for drive in replayed_drives(path, wanted))
    halves = [name for name, file in found.items() if unfinished(file)]
    goes_by = {name: [name] if name in halves else [name, *_names(found[name], wanted)] for name in found}
    tables = [table for path in labels for table in _tables(path, reading or Reading())]
    whose = [told.table.path for told in tables if not told.names]
    if whose and len(found) > 1:
        raise UserError(
            f"{len(found)} drives, and {whose[0]} does not say which of them it is of: give a --labels for each file, "
            "in the same order, or a table with a column drive"
        )
    names = meant({name for told in tables for name in told.names}, goes_by)
    mine = {drive: _rows(drive, names[drive], tables) for drive in found if drive not in halves}
    known = tuple(LabelledDrive(drive, found[drive], rows) for drive, rows in mine.items() if rows is not None)
    if not known and not halves:
        there = some(name for told in tables for name in told.names)
        raise UserError(
            f"{some(map(str, results))}: none of its drives ({some(found)}) has labels in "
            f"{some(map(str, labels))} ({there})"
        )
    matched = set().union(*names.values())
    return LabelledDrives(
        known,
        tuple(drive for drive, rows in mine.items() if rows is None),
        tuple(sorted({name for told in tables for name in told.without(matched)})),
        tuple(halves),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """A table and the names by which it may be known as a drive's.

    Attributes:
        table: The labels.
        names: Of the drives in it, and of its file in a folder; none for a single table that names no drive.
    """

    table: LabelTable
    names: frozenset[str]

    def rows(self, names: set[str]) -> tuple[LabelRow, ...]:
        """Return those of the drive of these names: all, where it is of one drive."""
        return self.table.of(names) if len(self.table.drives) > 1 else self.table.rows

    def without(self, matched: set[str]) -> Iterator[str]:
        """Yield the names that are of no drive; a table of one drive needs but one of its names."""
        left = self.names - matched
        if len(self.table.drives) > 1:
            yield from left
        elif left == self.names:
            yield from sorted(left)[:1]


def _names(file: Path, wanted: str) -> list[str]:
    """Return what labels may call a drive."""
    if wanted == EVENTS:
        return Results.at(file).names
    folder = file.absolute() if file.is_dir() else file.absolute().parent
    return [str(folder), read_trace(file)[0].drive]


def replayed_drives(path: Path, wanted: str = EVENTS) -> Iterator[tuple[str, Path]]:
    """Yield the drives of a file or folder of results.

    Args:
        path: What was given.
        wanted: The file of each drive: events or trace.

    Returns:
        The name of each drive and its file.

    Raises:
        UserError: There are none.
    """
    if not path.is_dir() or (wanted == TRACE and is_trace(path)):
        yield str(path.parent if path.name == TRACE else path), path
    elif (path / wanted).is_file():
        yield path.absolute().name, path / wanted
    else:
        found = sorted(path.rglob(wanted))
        if not found:
            raise UserError(f"{path}: no results of a replay in it: make them with dms replay DRIVE... --out {path}")
        yield from ((file.parent.relative_to(path).as_posix(), file) for file in found)


def _tables(path: Path, reading: Reading) -> Iterator[_Told]:
    """Yield the tables of a file or folder of labels."""
    if not path.is_dir():
        table = read_label_table(path, reading)
        yield _Told(table, table.drives)
        return
    endings = _ENDINGS[reading.format]
    found = [(file, end) for file in sorted(path.rglob("*")) for end in endings if file.name.lower().endswith(end)]
    if not found:
        raise UserError(f"{path}: no *{', *'.join(endings)} in it: give the folder of the labels, or a file of them")
    for file, end in found:
        table = read_label_table(file, reading)
        name = file.relative_to(path).as_posix()[: -len(end)]
        # what holds the labels of many drives is of those alone
        yield _Told(table, table.drives if len(table.drives) > 1 else table.drives | {name})


def _rows(drive: str, names: set[str], tables: Iterable[_Told]) -> tuple[LabelRow, ...] | None:
    """Return the rows of a drive that labels call by these names; None without labels."""
    mine = [told for told in tables if not told.names or not names.isdisjoint(told.names)]
    if len(mine) > 1:
        raise UserError(f"{drive}: labels of it in {mine[0].table.path} and in {mine[1].table.path}: leave one out")
    return mine[0].rows(names) if mine else None


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
