"""Commands that hold alerts against labels: score."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dms.cli.label_options import Format, LabelFps, Labels
from dms.cli.options import AsJson, ConfigFile
from dms.cli.output import show
from dms.cli.settings import configuration
from dms.errors import UserError

if TYPE_CHECKING:
    from dms.replay.labelled import LabelledDrives


def score(
    events: Annotated[
        list[Path],
        typer.Argument(
            metavar="EVENTS", help="Files events.jsonl that `dms replay` wrote, or the folder it left drives in."
        ),
    ],
    labels: Labels,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="OLD", help="Results of an earlier run, given like EVENTS: tell what changed, event by event."
        ),
    ] = None,
    label_format: Format = None,
    label_fps: LabelFps = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare alerts with labels: hits, misses, false alarms per hour, delay; of several drives also all together."""
    from dms.replay.label_files import Reading  # noqa: PLC0415  # --help stays quick
    from dms.replay.labelled import labelled_drives  # noqa: PLC0415

    reading = Reading(label_format, label_fps)
    found = labelled_drives(events, labels, reading=reading)
    folder = any(path.is_dir() for path in events)
    if config is not None and (against or not folder):
        raise UserError("--config reads the eyes of each frame, for a folder of drives: leave it out here")
    if against:
        _compare(found, labelled_drives(against, labels, reading=reading), folder, as_json)
    elif folder:
        from dms.replay.benchmark import benchmark  # noqa: PLC0415

        show(benchmark(found, configuration(config).driver), as_json)
        if not found.drives:
            raise UserError("nothing was scored: no drive with labels was replayed to its end")
    else:
        _score(found, as_json)


def _score(found: "LabelledDrives", as_json: bool) -> None:
    from dms.replay.score import Scores, together  # noqa: PLC0415

    drives = tuple((drive.name, drive.score()) for drive in found.drives)
    whole = together(one for _, one in drives)
    if len(drives) == 1:
        show(whole, as_json)
    else:
        show(Scores(drives, whole, (*whole.warnings, *found.warnings)), as_json)


def _compare(new: "LabelledDrives", old: "LabelledDrives", folder: bool, as_json: bool) -> None:
    from dms.replay.compare import compare  # noqa: PLC0415

    if not folder and len(new.drives) != len(old.drives):
        raise UserError(
            f"{len(new.drives)} files of events against {len(old.drives)}: give a --against for each, in the same order"
        )
    # files that are given one by one are paired by their order, folders by the names in them
    names = [drive.name for drive in (old if folder else new).drives]
    before = {name: drive.score() for name, drive in zip(names, old.drives, strict=True)}
    comparison = compare(before, {drive.name: drive.score() for drive in new.drives})
    show(comparison, as_json, (*new.warnings, *old.warnings))
