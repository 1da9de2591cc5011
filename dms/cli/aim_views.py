"""Where ``dms aim`` looks: through the running daemon's camera, a camera that nobody holds, into a recording."""

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from dms.cli.output import print_text
from dms.errors import WorldError

if TYPE_CHECKING:
    from dms.aim.seen import Seen
    from dms.aim.verdict import Aim
    from dms.config import Config
    from dms.frames import Image

    View = Generator[Seen, None, None]


def daemon_view(config: "Config", named: bool, wanted: Callable[[], bool], page: str | None = None) -> "View | None":
    """Return a look through the daemon's camera; None where it holds none, or a recording was named."""
    from dms.frames import open_source  # noqa: PLC0415  # --help stays quick
    from dms.service import look_through  # noqa: PLC0415

    if named and not open_source(config.camera).live:
        return None
    return look_through.daemon_view(config, named=named, wanted=wanted, page=page)


def own_view(config: "Config", wanted: Callable[[], bool], *, played: bool) -> "View | None":
    """Return a look through a camera that nobody holds; None for a recording that is not to be played in real time."""
    from dms.aim.live import watch_camera  # noqa: PLC0415  # --help stays quick
    from dms.frames import open_source  # noqa: PLC0415

    source = open_source(config.camera)
    return watch_camera(source, config, wanted) if source.live or played else None


def recorded(config: "Config", seconds: float | None) -> tuple["Aim", "Image | None"]:
    """Return the aim over the best stretch of a recording, and the picture that shows it."""
    from dms.aim.picture import drawn  # noqa: PLC0415  # --help stays quick
    from dms.aim.stretch import best_stretch  # noqa: PLC0415
    from dms.frames import open_source  # noqa: PLC0415

    judged = best_stretch(open_source(config.camera), config, seconds)
    return judged.aim, drawn(judged.sight, judged.aim.verdict)


def follow(view: "View", seconds: float | None, quiet: bool) -> tuple["Aim", "Image | None"]:
    """Print each change of the verdict as it comes; returns the last one, and the picture where there is one.

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
