"""``dms aim --serve``: a look with a web page beside it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dms.cli.aim_views import daemon_view, follow, own_view

if TYPE_CHECKING:
    from dms.aim.page.board import Board
    from dms.aim.verdict import Aim
    from dms.cli.aim_views import View
    from dms.config import Config
    from dms.frames import Image


def served(
    config: "Config", named: bool, serve: str, seconds: float | None, quiet: bool
) -> tuple["Aim", "Image | None"]:
    """Look with a page beside it, for ten minutes at most."""
    from dms.aim.page.board import Board  # noqa: PLC0415  # --help stays quick
    from dms.aim.page.guard import Guard  # noqa: PLC0415
    from dms.aim.page.server import LASTS_S, PageServer, parse_address  # noqa: PLC0415

    def tell(code: str) -> None:
        print(f"dms: open http://{serve}/ and enter the code {code[:3]} {code[3:]}", file=sys.stderr, flush=True)

    address, board = parse_address(serve), Board()
    view = daemon_view(config, named, lambda: board.wanted, serve)
    test_alert = None if view is None else (lambda: _tried(config))
    view = view or own_view(config, lambda: board.wanted, played=True)
    assert view is not None
    server = PageServer(address, board, Guard(tell), test_alert, seconds or LASTS_S)
    server.start()
    try:
        return follow(_shown(view, board), server.lasts_s, quiet)
    finally:
        server.stop()


def _shown(view: "View", board: "Board") -> "View":
    """Yield the same look, put up on the board as well."""
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
