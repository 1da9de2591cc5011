"""Commands that look for better limits: tune."""

from pathlib import Path
from typing import Annotated

import typer

from dms.cli.label_options import Format, LabelFps, Labels
from dms.cli.options import AsJson, ConfigFile
from dms.cli.output import for_people, show
from dms.cli.settings import configuration


def tune(
    traces: Annotated[
        list[Path],
        typer.Argument(
            metavar="TRACES", help="Files trace.jsonl that `dms replay` wrote, or the folder it left drives in."
        ),
    ],
    labels: Labels,
    vary: Annotated[
        list[str],
        typer.Option(metavar="KEY=FROM:TO:STEP", help="A limit of the driver room and what to try; may be repeated."),
    ],
    holdout: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A drive, or with * several, that only checks the choice; may be repeated."),
    ] = None,
    max_false: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="N", help="False alarms an hour that are allowed; those of today without it."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where tuned.toml, points.csv and points.svg go.")
    ] = Path("tuned"),
    label_format: Format = None,
    label_fps: LabelFps = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Try limits over the traces of labelled drives: hits against false alarms, and the limits to choose."""
    from rich.console import Console  # noqa: PLC0415  # --help stays quick
    from rich.progress import Progress  # noqa: PLC0415

    from dms.replay.label_files import Reading  # noqa: PLC0415
    from dms.replay.labelled import labelled_drives  # noqa: PLC0415
    from dms.replay.results import TRACE  # noqa: PLC0415
    from dms.replay.tune import tune as find  # noqa: PLC0415
    from dms.replay.tune_files import LIMITS, write_files  # noqa: PLC0415
    from dms.replay.vary import grid, read_vary  # noqa: PLC0415

    settings = configuration(config)
    tried = grid(settings, [read_vary(text, settings) for text in vary])
    found = labelled_drives(traces, labels, TRACE, Reading(label_format, label_fps))
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("traces", total=None)
        tuned = find(
            found.drives,
            tried,
            holdout=holdout or (),
            most_an_hour=max_false,
            judged=lambda done, of: progress.update(task, completed=done, total=of),
        )
    unwritten = write_files(tuned, out)
    show(tuned, as_json, (*found.warnings, *unwritten))
    for_people(as_json)(f"\nwritten: {out / LIMITS}, for dms run --config or as lines of your own configuration")
