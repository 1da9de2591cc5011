"""Commands that hold alerts against labels: score."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dms.cli.options import AsJson, ConfigFile, configuration
from dms.cli.output import print_json, show
from dms.errors import UserError
from dms.replay.label_format import LabelFormat

if TYPE_CHECKING:
    from dms.replay.labelled import LabelledDrives

Labels = Annotated[
    list[Path],
    typer.Option(
        metavar="FILE",
        help="What happened: start_s,end_s,event, or an export of BORIS, ELAN or CVAT. Once for each drive, in their "
        "order; or tables with a column drive, or the folder of the drives' NAME.events.csv.",
    ),
]
Format = Annotated[
    LabelFormat | None, typer.Option("--format", help="What labels are written in; without it what they look like.")
]
LabelFps = Annotated[
    float | None,
    typer.Option(min=0.1, max=1000, metavar="N", help="Frames a second of labels that count frames, as CVAT's do."),
]


def score(
    events: Annotated[
        list[Path],
        typer.Argument(
            metavar="EVENTS...", help="Files events.jsonl that `dms replay` wrote, or the folder it left drives in."
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

        report = benchmark(found, configuration(config).driver)
        show(report, as_json, report.warnings)
    else:
        _score(found, as_json)


def _score(found: "LabelledDrives", as_json: bool) -> None:
    from dms.replay.score import together  # noqa: PLC0415

    drives = [(drive.name, drive.score()) for drive in found.drives]
    whole = together(one for _, one in drives)
    if len(drives) == 1:
        show(whole, as_json, whole.warnings)
        return
    for warning in (*whole.warnings, *found.warnings):
        print(f"dms: {warning}", file=sys.stderr)
    if as_json:
        print_json({"drives": [{"events": name, **one.to_json()} for name, one in drives], "together": whole.to_json()})
    else:
        for name, one in [*drives, ("together", whole)]:
            print(f"{name}: {one.line()}")


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
    show(comparison, as_json, dict.fromkeys((*comparison.warnings, *new.warnings, *old.warnings)))
