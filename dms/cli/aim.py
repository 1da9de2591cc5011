"""``dms aim``: helps whoever mounts a camera."""

from collections.abc import Generator
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
    from dms.frames import Image, Source


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
    from dms.frames import open_source  # noqa: PLC0415

    if picture is not None:
        check_name(picture)
    settings = configuration(config, source)
    opened = open_source(settings.camera)
    if opened.live:
        found, view = _live(opened, settings, seconds, picture is not None, as_json)
    else:
        found, view = _recorded(opened, settings, seconds)
    if as_json:
        print_json(found.to_json())
    else:
        print_text(found.text())
    if picture is not None and view is not None:
        write_picture(picture, annotated(view, found))
    if not found.usable:
        raise typer.Exit(1)


def _recorded(source: "Source", config: "Config", seconds: float | None) -> tuple["Aim", "Image"]:
    from dms.aim.picture import drawn  # noqa: PLC0415
    from dms.aim.stretch import best_stretch  # noqa: PLC0415

    judged = best_stretch(source, config, seconds)
    return judged.aim, drawn(judged.sight, judged.aim.verdict)


def _live(
    source: "Source", config: "Config", seconds: float | None, picture: bool, as_json: bool
) -> tuple["Aim", "Image | None"]:
    from dms.aim.live import watch_camera  # noqa: PLC0415
    from dms.aim.picture import opened  # noqa: PLC0415

    last = follow(watch_camera(source, config, lambda: picture), seconds, quiet=as_json)
    assert last.aim is not None
    return last.aim, None if last.picture is None else opened(last.picture)


def follow(watched: "Generator[Seen, None, None]", seconds: float | None, quiet: bool) -> "Seen":
    """Tell each change of the verdict as it comes; gives the last one.

    Ctrl-C ends it, as the time does.

    Raises:
        WorldError: No verdict was reached.
    """
    from time import monotonic  # noqa: PLC0415

    from dms.aim.live import Seen  # noqa: PLC0415

    last, fault, told = Seen(), None, None
    end = None if seconds is None else monotonic() + seconds
    try:
        for seen in watched:
            fault = seen.fault
            if seen.aim is not None:
                last = seen
                said = (seen.aim.verdict, seen.aim.problems)
                if said != told and not quiet:
                    print_text(seen.aim.text())
                told = said
            if end is not None and monotonic() >= end:
                break
    except KeyboardInterrupt:
        pass
    finally:
        watched.close()
    if last.aim is None:
        raise WorldError(fault or "no picture was seen for long enough: give it more time (--seconds)")
    return last
