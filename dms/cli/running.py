"""Commands that ask the daemon that runs on this machine: status."""

from pathlib import Path

import typer

from dms.cli.options import AsJson, ConfigFile, SourceUri, configuration
from dms.cli.output import print_json


def status(config: ConfigFile = None, source: SourceUri = None, as_json: AsJson = False) -> None:
    """Say how the running daemon is doing, what is wrong first.

    Exit code 0: the driver is watched and nothing is wrong. 1: he is not watched, or no daemon runs. 2: the
    configuration is wrong. 3: he is watched, but something is wrong.
    """
    from dms.service.screen import screen  # noqa: PLC0415  # --help stays quick
    from dms.service.status import ask_status  # noqa: PLC0415

    found = ask_status(_folder(config, source))
    if as_json:
        print_json(found.to_json())
    else:
        from rich.console import Console  # noqa: PLC0415

        for line in screen(found):
            Console(highlight=False, soft_wrap=True).print(line)
    code = {"ok": 0, "failed": 1, "warning": 3}[found.verdict]
    if code:
        raise typer.Exit(code)


def _folder(config: Path | None, source: str | None) -> Path:
    """The state folder of the daemon that is asked."""
    from dms.service.folder import asked_folder  # noqa: PLC0415  # --help stays quick

    return asked_folder(configuration(config, source))
