"""``dms aim``: helps whoever mounts a camera."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from dms.cli.aim_page import served
from dms.cli.aim_views import daemon_view, follow, own_view, recorded
from dms.cli.options import AsJson, ConfigFile, SourceUri
from dms.cli.output import show
from dms.cli.settings import configuration

_HERE = "127.0.0.1:8088"
"""Where a page is served that nobody gave an address: this machine alone reaches it."""


class AimCommand(TyperCommand):
    """``--serve`` may stand without an address, which Typer's options cannot."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Add the address where it is left out."""
        rest = [*args, "-"]
        filled = [
            f"{arg}={_HERE}" if arg == "--serve" and rest[index + 1].startswith("-") else arg
            for index, arg in enumerate(args)
        ]
        return super().parse_args(ctx, filled)


def aim(
    config: ConfigFile = None,
    source: SourceUri = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="OUT.jpg", help="Write one picture with what is seen and said.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, metavar="N", help="End after N seconds; of a recording, read no more.")
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS:PORT]",
            help=f"Show it on a web page for a phone, for ten minutes; at {_HERE} without an address.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the camera sees the driver, and what to change: until Ctrl-C, or over the best 5 s of a recording.

    Exit code 0: good or usable. 1: not usable, or no picture came. 2: the input is wrong.
    """
    from dms.aim.picture import annotated, check_name, write_picture  # noqa: PLC0415  # --help stays quick

    settings = configuration(config, source)
    if picture is not None:
        check_name(picture, settings.camera.source)
    if serve is not None:
        found, shown = served(settings, source is not None, serve, seconds, as_json)
    else:
        view = daemon_view(settings, source is not None, lambda: picture is not None)
        view = view or own_view(settings, lambda: picture is not None, played=False)
        found, shown = recorded(settings, seconds) if view is None else follow(view, seconds, quiet=as_json)
    show(found, as_json)
    if picture is not None and shown is not None:
        write_picture(picture, annotated(shown, found))
    if not found.usable:
        raise typer.Exit(1)
