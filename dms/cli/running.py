"""Commands that ask the daemon that runs on this machine: status, test-alert."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dms.cli.options import AsJson, ConfigFile, SourceUri
from dms.cli.output import for_people, show
from dms.cli.settings import configuration


def status(config: ConfigFile = None, source: SourceUri = None, as_json: AsJson = False) -> None:
    """Say how the running daemon is doing, what is wrong first.

    Exit code 0: the driver is watched and nothing is wrong. 1: the driver is not watched, or no daemon runs. 2: the
    configuration is wrong. 3: the driver is watched, but something is wrong.
    """
    from dms.service.screen import StatusReport  # noqa: PLC0415  # --help stays quick
    from dms.service.status import ask_status  # noqa: PLC0415

    found = ask_status(_folder(config, source))
    show(StatusReport(found), as_json, markup=True)
    code = {"ok": 0, "failed": 1, "warning": 3}[found.verdict]
    if code:
        raise typer.Exit(code)


def try_alert(
    config: ConfigFile = None,
    source: SourceUri = None,
    kind: Annotated[Literal["fatigue", "anger", "distraction"], typer.Option(help="What it is about.")] = "fatigue",
    level: Annotated[
        Literal["drowsy", "microsleep", "asleep", "unresponsive", "irritated", "angry", "eyes_off_road"] | None,
        typer.Option(help="How bad; microsleep, angry or eyes_off_road without."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.5, max=60.0, metavar="S", help="From its start to its end.")] = 3.0,
    as_json: AsJson = False,
) -> None:
    """Try an alert: the running daemon raises one that is marked as a test, and says what came of it.

    Program, buzzer, light, broker and whatever hears it there. Waits 10 s for somebody to acknowledge it.
    """
    from dms.service.control.client import ask  # noqa: PLC0415  # --help stays quick
    from dms.service.trial import TrialReport  # noqa: PLC0415

    wanted = {"kind": kind, "level": level, "seconds": seconds}
    report, tell = TrialReport(), for_people(as_json)
    for answer in ask(_folder(config, source), "test_alert", wanted):
        tell(report.take(answer))
    show(report, as_json, told=True)
    if not report.well:
        raise typer.Exit(1)


def _folder(config: Path | None, source: str | None) -> Path:
    """Return the state folder of the daemon that is asked."""
    from dms.service.folder import asked_folder  # noqa: PLC0415  # --help stays quick

    return asked_folder(configuration(config, source))
