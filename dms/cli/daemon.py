"""``dms run``: what it does, and its command line as a unit writes it.

Knows no typer: what reads every other command line takes a tenth of a start, and memory for as long as the daemon runs.
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dms.cli.loading import loading
from dms.cli.settings import configuration

if TYPE_CHECKING:
    from dms.config import Config

_NAMES = {"--config": "config", "-c": "config", "--source": "source", "--verbose": "verbose", "-v": "verbose"}


class RunOptions(NamedTuple):
    """The options of ``dms run``.

    Attributes:
        config: The TOML file; None for the defaults.
        source: Instead of the configuration's.
        verbose: Whether more is logged.
    """

    config: Path | None = None
    source: str | None = None
    verbose: bool = False


def plain_options(arguments: Sequence[str]) -> RunOptions | None:
    """Read a command line of ``run`` and whole options, each at most once.

    Returns:
        None for every other one: another command, a question for help, a mistake, whatever else typer understands.
    """
    if not arguments or arguments[0] != "run":
        return None
    given: dict[str, str] = {}
    words = iter(arguments[1:])
    for word in words:
        name = _NAMES.get(word)
        value = "" if name == "verbose" else next(words, "-")
        if name is None or name in given or value.startswith("-"):
            return None
        given[name] = value
    config = given.get("config")
    return RunOptions(None if config is None else Path(config), given.get("source"), "verbose" in given)


def run_daemon(options: RunOptions) -> None:
    """Run the daemon until it is stopped, or a recording ends.

    Raises:
        UserError: The configuration, or what it names, cannot be used.
        WorldError: Another daemon uses the same state folder.
    """
    with loading():
        from dms.config import with_values  # noqa: PLC0415  # --help stays quick
        from dms.service.daemon import Daemon  # noqa: PLC0415
        from dms.service.log import log_to_stderr  # noqa: PLC0415

        def load() -> "Config":
            loaded = configuration(options.config, options.source)
            return with_values(loaded, "service", log_level="debug") if options.verbose else loaded

        loaded = load()
        log_to_stderr(loaded.service.log_level)
        daemon = Daemon(loaded, load)
    daemon.run()
    if threading.active_count() > 1:
        # all is flushed, but something hangs in a driver: Python would abort if it came back during the shutdown
        os._exit(0)
