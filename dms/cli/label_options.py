"""Options of the commands that read labels: score, tune, report."""

from pathlib import Path
from typing import Annotated

import typer

from dms.replay.label_format import LabelFormat

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
