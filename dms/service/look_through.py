"""Looks through the camera that the running daemon holds: the side of ``dms aim``.

Takes a configuration, gives ``Seen`` as the daemon reports it.
"""

import base64
import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from dms.aim.seen import Seen
from dms.aim.verdict import Aim
from dms.config import Config
from dms.errors import WorldError
from dms.service.control.client import NotRunningError, ask
from dms.service.folder import asked_folder

log = logging.getLogger(__name__)


def daemon_view(
    config: Config, *, named: bool, wanted: Callable[[], bool], page: str | None = None
) -> Generator[Seen, None, None] | None:
    """Look through the running daemon's camera until the generator is closed.

    Args:
        config: Names the camera, and the state folder of the daemon that may hold it.
        named: Whether the camera was named for this look: then one that is not the daemon's is not asked for.
        wanted: Whether somebody looks at pictures now.
        page: Address at which the pictures are shown on, for the daemon's log and health.

    Returns:
        None where no daemon holds this camera.

    Raises:
        WorldError: The daemon does not answer, or this user may not ask it.
    """
    view = _ask(asked_folder(config), config.camera.source if named else None, wanted, page)
    try:
        next(view)
    except (NotRunningError, StopIteration):
        return None
    return view


def _ask(folder: Path, camera: str | None, wanted: Callable[[], bool], page: str | None) -> Generator[Seen, None, None]:
    """What the daemon reports, after a first ``Seen`` without content; ends at once when it watches another camera."""
    pictures, fault = wanted(), None
    answers = ask(folder, "aim", {"source": camera, "pictures": pictures, "page": page})
    try:
        if not next(answers).get("meant"):
            return
        yield Seen()
        while True:
            for told in answers:
                seen = _seen(told)
                # as of a camera of one's own: at once, not when the look is over
                if seen.fault not in {None, fault}:
                    log.warning("%s", seen.fault)
                fault = seen.fault
                yield seen
                if wanted() != pictures:
                    break
            else:
                return
            # asked anew before the last asking ends: for the daemon somebody looks all the time
            pictures, before = not pictures, answers
            answers = ask(folder, "aim", {"source": camera, "pictures": pictures, "page": page})
            next(answers)
            before.close()
    finally:
        answers.close()


def _seen(told: dict[str, Any]) -> Seen:
    aim, picture = told.get("aim"), told.get("picture")
    try:
        return Seen(
            None if aim is None else Aim.from_json(aim),
            None if picture is None else base64.b64decode(picture, validate=True),
            told.get("fault"),
        )
    except (ValueError, TypeError) as error:
        raise WorldError("the daemon is of another release: restart it (sudo systemctl restart dms)") from error
