"""Makes a report and writes it.

Takes what a replay left, gives a file: a page or, for one drive, a picture of its timeline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dms import __version__
from dms.config.driver import DriverSettings
from dms.errors import UserError, WorldError
from dms.replay.label_files import Reading
from dms.replay.score import together
from dms.report.drives import ReportDrive, Reported, read_drives
from dms.report.page import Head, page
from dms.report.picture import draw
from dms.wording import counted

PAGE, PICTURE = ".html", ".png"
"""What a report can be."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written.

    Attributes:
        path: The file.
        told: What came out, in a sentence.
        warnings: What a user should know, a line each.
    """

    path: Path
    told: str
    warnings: tuple[str, ...]


def write_report(
    results: Sequence[Path],
    labels: Sequence[Path],
    against: Sequence[Path],
    settings: DriverSettings,
    out: Path,
    *,
    reading: Reading | None = None,
    thumbnails: bool = False,
) -> Written:
    """Report on replayed drives.

    Args:
        results: Files of events, or folders of replayed drives.
        labels: Files or folders of labels; none to report without.
        against: An older run over the same drives; none to report on one run.
        settings: Limits of the runs whose ``summary.json`` does not say them.
        out: The file: ``.html``, or ``.png`` for the timeline of one drive.
        reading: How files of labels are read; by what is in them without.
        thumbnails: Whether the page has a small picture at each moment that it leads to.

    Raises:
        UserError: There is nothing to report on, the file can be neither, or a picture is to show several drives.
        WorldError: The file cannot be written.
    """
    if out.suffix not in (PAGE, PICTURE):
        raise UserError(f"{out}: a report is written as .html, the timeline of one drive also as .png")
    if thumbnails and out.suffix != PAGE:
        raise UserError(f"{out}: thumbnails are for a page: write a .html")
    reported = read_drives(results, labels, against, settings, reading)
    if thumbnails:
        from dms.report.thumbnails import with_thumbnails  # noqa: PLC0415  # brings what reads recordings

        drives, warnings = with_thumbnails(reported.drives)
        reported = replace(reported, drives=tuple(drives), warnings=(*reported.warnings, *warnings))
    head = _head(reported, results)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == PICTURE:
            _draw(reported, head, out)
        else:
            out.write_text(page(reported.drives, reported.settings, head, __version__), encoding="utf-8")
    except OSError as error:
        raise WorldError(f"{out}: cannot be written ({error.strerror})") from error
    return Written(out, _told(reported.drives), reported.warnings)


def _draw(reported: Reported, head: Head, out: Path) -> None:
    if len(reported.drives) > 1:
        raise UserError(f"{out}: a picture shows one drive, and there are {len(reported.drives)}: write a .html")
    draw(reported.drives[0], reported.settings, f"{head.title}. {head.told}", out)


def _head(reported: Reported, results: Sequence[Path]) -> Head:
    drives = reported.drives
    title = f"DMS: {drives[0].name}" if len(drives) == 1 else f"DMS: {len(drives)} drives"
    source = f"Made by dms {__version__} from {', '.join(map(str, results))}."
    return Head(title, _told(drives), source, reported.warnings)


def _told(drives: Sequence[ReportDrive]) -> str:
    scored = [drive for drive in drives if drive.score is not None]
    others = [drive for drive in drives if drive.score is None]
    if not scored:
        return f"{_alerts_in(drives)}; no labels say whether they are right."
    whole = together([drive.score for drive in drives if drive.score is not None])
    told = f"{whole.hits} of {len(whole.outcomes)} labelled events found, {whole.misses} missed, "
    told += f"{counted(len(whole.false_alarms), 'false alarm')} in {_length(scored)}"
    if old := [drive.old_score for drive in drives if drive.old_score is not None]:
        before = together(old)
        false = counted(len(before.false_alarms), "false alarm")
        told += f"; the old run: {before.hits} found, {before.misses} missed, {false}"
    if others:
        told += f"; without labels: {_alerts_in(others)}"
    return f"{told}."


def _alerts_in(drives: Sequence[ReportDrive]) -> str:
    return f"{counted(sum(drive.now.alerts for drive in drives), 'alert')} in {_length(drives)}"


def _length(drives: Sequence[ReportDrive]) -> str:
    hours = sum(drive.now.duration_s for drive in drives) / 3600
    return f"{hours:.2f} h" if hours >= 1 else f"{hours * 60:.1f} min"
