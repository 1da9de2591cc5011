"""Refuses what would cost a user something, before anything is written.

Takes where a replay is to write, raises where a recording or the results of another drive would suffer.
"""

from pathlib import Path

from dms.errors import UserError
from dms.records.trace import TraceHeader, read_trace
from dms.replay.drives import TRACE, Drive


def check_film(path: Path) -> None:
    """Refuse a name that no film has.

    Raises:
        UserError: It does not end in .mp4.
    """
    if path.suffix != ".mp4":
        raise UserError(f"{path}: an overlay is written as .mp4")


def check_overlay(overlay: Path, drive: Drive) -> None:
    """Refuse a film that cannot be written, or would replace what is replayed, while earlier results still stand.

    Raises:
        UserError: It is one of these.
    """
    check_film(overlay)
    place = overlay.resolve()
    if place.is_dir():
        raise UserError(f"{overlay}: the overlay is a file, and this is a folder")
    if place in {file.resolve() for file in (drive.path, *drive.parts)}:
        raise UserError(f"{overlay}: the overlay would replace the recording itself: give it another name")


def check_trace(path: Path, header: TraceHeader, folder: Path) -> None:
    """Refuse to judge a trace into the results of another drive, whose trace would stay among them.

    Raises:
        UserError: The folder holds another trace.
    """
    beside = folder / TRACE
    if beside.is_file() and read_trace(beside)[0].session != header.session:
        raise UserError(f"{folder} holds the trace of another drive than {path}: give another --out")
