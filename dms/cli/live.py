"""Commands of a running vehicle: run, demo, check, watch."""

import os
import sys
import threading
from typing import Annotated

import typer

from dms.cli.daemon import RunOptions, run_daemon
from dms.cli.options import AsJson, ConfigFile, SourceUri
from dms.cli.output import show
from dms.cli.settings import configuration


def run(
    config: ConfigFile = None,
    source: SourceUri = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run the daemon: camera, file or folder in; alerts out. Ends on SIGTERM, or when a recording ends.

    SIGHUP makes it read its configuration and models anew.
    """
    run_daemon(RunOptions(config, source, verbose))


def demo() -> None:
    """Play a sample drive through the whole road, with a broker of its own, and print what a subscriber hears."""
    from dms.demo.demo import run_demo  # noqa: PLC0415

    run_demo()


def check(config: ConfigFile = None, source: SourceUri = None, as_json: AsJson = False) -> None:
    """Say what is wrong with camera, models, broker, disk and clock, and what to do about it."""
    from dms.service.check import Findings, run_checks  # noqa: PLC0415

    found = Findings(tuple(run_checks(configuration(config, source))))
    show(found, as_json, markup=True)
    if threading.active_count() > 1:
        # a camera that hangs in its driver was left behind
        sys.stdout.flush()
        os._exit(found.failed)
    if found.failed:
        raise typer.Exit(1)


def watch(
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(metavar="HOST", help="Broker; the configuration's without.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, metavar="N", help="Its port.")] = None,
    vehicle: Annotated[str, typer.Option(metavar="ID", help="Vehicle id; + means every vehicle.")] = "+",
) -> None:
    """Print states and alerts live, and say which are stale."""
    from dms.alerts.watch import watch as watch_vehicle  # noqa: PLC0415
    from dms.config import with_values  # noqa: PLC0415

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    watch_vehicle(with_values(configuration(config), "mqtt", **given).mqtt, vehicle)
