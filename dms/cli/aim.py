"""``dms aim``: helps whoever mounts a camera."""

import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from dms.cli.options import AsJson, ConfigFile, SourceUri, configuration
from dms.cli.output import print_json, print_text
from dms.errors import WorldError

if TYPE_CHECKING:
    from dms.aim.live import Seen
    from dms.aim.page.board import Board
    from dms.aim.verdict import Aim
    from dms.config import Config
    from dms.frames import Image

    View = Generator[Seen, None, None]

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

    if picture is not None:
        check_name(picture)
    settings = configuration(config, source)
    if serve is not None:
        found, shown = _served(settings, source is not None, serve, seconds, as_json)
    else:
        view = _daemon_view(settings, source is not None, lambda: picture is not None)
        view = view or _own_view(settings, lambda: picture is not None, played=False)
        found, shown = _recorded(settings, seconds) if view is None else follow(view, seconds, quiet=as_json)
    if as_json:
        print_json(found.to_json())
    else:
        print_text(found.text())
    if picture is not None and shown is not None:
        write_picture(picture, annotated(shown, found))
    if not found.usable:
        raise typer.Exit(1)


def _daemon_view(config: "Config", named: bool, wanted: Callable[[], bool], page: str | None = None) -> "View | None":
    """A look through the daemon's camera; None where it holds none, or a recording was named."""
    from dms.frames import open_source  # noqa: PLC0415  # --help stays quick
    from dms.service.look_through import daemon_view  # noqa: PLC0415

    if named and not open_source(config.camera).live:
        return None
    return daemon_view(config, named=named, wanted=wanted, page=page)


def _own_view(config: "Config", wanted: Callable[[], bool], *, played: bool) -> "View | None":
    """A look through a camera that nobody holds; None for a recording that is not to be played at its own pace."""
    from dms.aim.live import watch_camera  # noqa: PLC0415  # --help stays quick
    from dms.frames import open_source  # noqa: PLC0415

    source = open_source(config.camera)
    return watch_camera(source, config, wanted) if source.live or played else None


def _recorded(config: "Config", seconds: float | None) -> tuple["Aim", "Image | None"]:
    from dms.aim.picture import drawn  # noqa: PLC0415  # --help stays quick
    from dms.aim.stretch import best_stretch  # noqa: PLC0415
    from dms.frames import open_source  # noqa: PLC0415

    judged = best_stretch(open_source(config.camera), config, seconds)
    return judged.aim, drawn(judged.sight, judged.aim.verdict)


def _served(
    config: "Config", named: bool, serve: str, seconds: float | None, quiet: bool
) -> tuple["Aim", "Image | None"]:
    """Look with a page beside it, for ten minutes at most."""
    from dms.aim.page.board import Board  # noqa: PLC0415  # --help stays quick
    from dms.aim.page.guard import Guard  # noqa: PLC0415
    from dms.aim.page.server import LASTS_S, PageServer, parse_address  # noqa: PLC0415

    def tell(code: str) -> None:
        print(f"dms: open http://{serve}/ and enter the code {code[:3]} {code[3:]}", file=sys.stderr, flush=True)

    address, board = parse_address(serve), Board()
    view = _daemon_view(config, named, lambda: board.wanted, serve)
    test_alert = None if view is None else (lambda: _tried(config))
    view = view or _own_view(config, lambda: board.wanted, played=True)
    assert view is not None
    server = PageServer(address, board, Guard(tell), test_alert)
    server.start()
    try:
        return follow(_shown(view, board), min(seconds or LASTS_S, LASTS_S), quiet)
    finally:
        server.stop()


def _shown(view: "View", board: "Board") -> "View":
    """The same look, put up on the board as well."""
    try:
        for seen in view:
            board.show(seen)
            yield seen
    finally:
        view.close()


def _tried(config: "Config") -> Iterator[str]:
    from dms.service.control.client import ask  # noqa: PLC0415  # --help stays quick
    from dms.service.folder import asked_folder  # noqa: PLC0415
    from dms.service.trial import TrialReport  # noqa: PLC0415

    report = TrialReport()
    for answer in ask(asked_folder(config), "test_alert"):
        yield report.take(answer)


def follow(view: "View", seconds: float | None, quiet: bool) -> tuple["Aim", "Image | None"]:
    """Tell each change of the verdict as it comes; gives the last one, and the picture where there is one.

    Ctrl-C ends it, as the time does.

    Raises:
        WorldError: No verdict was reached.
    """
    from dms.aim.picture import opened  # noqa: PLC0415  # --help stays quick

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
