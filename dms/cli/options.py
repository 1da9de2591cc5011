"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="TOML configuration; the defaults without it.")
]
SourceUri = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Camera index, /dev/video*, libcamera, rtsp://, video file or folder of images.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text.")]
