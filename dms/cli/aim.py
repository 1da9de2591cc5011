"""``dms aim``: helps whoever mounts a camera."""

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dms.cli.options import AsJson, ConfigFile, SourceUri, configuration
from dms.cli.output import print_json, print_text
from dms.errors import WorldError

if TYPE_CHECKING:
    from dms.aim.live import Seen
    from dms.aim.verdict import Aim
    from dms.config import Config
    from dms.frames import Image


def aim(
    config: ConfigFile = None,
    source: SourceUri = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="OUT.jpg", help="Write one picture with what is seen and said.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, metavar="N", help="End after N seconds; of a recording, read no more.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the camera sees the driver, and what to change: until Ctrl-C, or over the best 5 s of a recording.

    Exit code 0: good or usable. 1: not usable, or no picture came. 2: the input is wrong.
    """
    from dms.aim.picture import annotated, check_name, write_picture  # noqa: PLC0415  # --help stays quick

    if picture is not None:
        check_name(picture)
    settings = configuration(config, source)
    view = _view(settings, source is not None, lambda: picture is not None)
    found, shown = _recorded(settings, seconds) if view is None else follow(view, seconds, quiet=as_json)
    if as_json:
        print_json(found.to_json())
    else:
        print_text(found.text())
    if picture is not None and shown is not None:
        write_picture(picture, annotated(shown, found))
    if not found.usable:
        raise typer.Exit(1)


def _view(config: "Config", named: bool, wanted: "Callable[[], bool]") -> "Generator[Seen, None, None] | None":
    """A look through the camera: the daemon's where one holds it. None for a recording that nobody plays."""
    from dms.aim.live import watch_camera  # noqa: PLC0415  # --help stays quick
    from dms.frames import open_source  # noqa: PLC0415
    from dms.service.look_through import daemon_view  # noqa: PLC0415

    source = open_source(config.camera)
    view = daemon_view(config, named=named, wanted=wanted) if source.live or not named else None
    return view or (watch_camera(source, config, wanted) if source.live else None)


def _recorded(config: "Config", seconds: float | None) -> tuple["Aim", "Image | None"]:
    from dms.aim.picture import drawn  # noqa: PLC0415
    from dms.aim.stretch import best_stretch  # noqa: PLC0415
    from dms.frames import open_source  # noqa: PLC0415

    judged = best_stretch(open_source(config.camera), config, seconds)
    return judged.aim, drawn(judged.sight, judged.aim.verdict)


def follow(view: "Generator[Seen, None, None]", seconds: float | None, quiet: bool) -> tuple["Aim", "Image | None"]:
    """Tell each change of the verdict as it comes; gives the last one, and the picture where there is one.

    Ctrl-C ends it, as the time does.

    Raises:
        WorldError: No verdict was reached.
    """
    from dms.aim.picture import opened  # noqa: PLC0415

    aim, picture, fault, told = None, None, None, None
    end = None if seconds is None else time.monotonic() + seconds
    try:
        for seen in view:
            fault = seen.fault
            picture = seen.picture or picture
            if seen.aim is not None:
                aim = seen.aim
                said = (aim.verdict, aim.problems)
                if said != told and not quiet:
                    print_text(aim.text())
                told = said
            if end is not None and time.monotonic() >= end:
                break
    except KeyboardInterrupt:
        pass
    finally:
        view.close()
    if aim is None:
        raise WorldError(fault or "no picture was seen for long enough: give it more time (--seconds)")
    return aim, None if picture is None else opened(picture)
