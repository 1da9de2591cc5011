"""Commands that make something to look at: report."""

from pathlib import Path
from typing import Annotated

import typer

from dms.cli.label_options import Format, LabelFps
from dms.cli.options import ConfigFile
from dms.cli.output import warn
from dms.cli.settings import configuration


def report(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS", help="Folders or files events.jsonl that `dms replay` left."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The page, FILE.html; or FILE.png, the timeline of one drive."
        ),
    ],
    labels: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What happened, given as for `dms score`: jump to misses and false alarms."),
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(metavar="OLD", help="Results of an earlier run, to be seen side by side.")
    ] = None,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="A small picture at each of these moments, from the recordings.")
    ] = False,
    label_format: Format = None,
    label_fps: LabelFps = None,
    config: ConfigFile = None,
) -> None:
    """Show replayed drives as one page that opens without a network. Needs the extra 'report'."""
    from dms.replay.label_files import Reading  # noqa: PLC0415  # --help stays quick
    from dms.report.report import write_report  # noqa: PLC0415

    written = write_report(
        results,
        labels or [],
        against or [],
        configuration(config).driver,
        out,
        reading=Reading(label_format, label_fps),
        thumbnails=thumbnails,
    )
    warn(written.warnings)
    print(f"{written.path}: {written.told}")
