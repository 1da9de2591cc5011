"""Options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dms.config import Config

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


def configuration(path: Path | None, source: str | None = None) -> "Config":
    """Return the configuration of a file, with another source where one is given.

    Raises:
        UserError: It cannot be read, or a value is wrong.
    """
    from dms.config import load_config, with_values  # noqa: PLC0415  # --help stays quick

    config = load_config(path)
    return config if source is None else with_values(config, "camera", source=source)
