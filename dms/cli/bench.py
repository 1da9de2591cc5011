"""``dms bench``: what this machine can do, a command for each part of the road."""

from pathlib import Path
from typing import Annotated

import typer

from dms.cli.help import CommandGroup
from dms.cli.options import AsJson, ConfigFile, SourceUri
from dms.cli.output import show
from dms.cli.settings import configuration
from dms.errors import UserError

group = typer.Typer(
    cls=CommandGroup,
    invoke_without_command=True,
    help="Measure this machine. Alone it means perception, on the sample drive.",
)

AsTable = Annotated[
    bool, typer.Option("--table", help="Print a table in Markdown that can be sent: machine and figures.")
]


@group.callback()
def alone(
    context: typer.Context,
    config: ConfigFile = None,
    source: SourceUri = None,
    old_delivery: Annotated[bool, typer.Option("--delivery", hidden=True)] = False,
    as_table: AsTable = False,
    as_json: AsJson = False,
) -> None:
    """Measure this machine. Alone it means perception, on the sample drive."""
    given = config is not None or source is not None
    if context.invoked_subcommand is not None:
        if given or old_delivery or as_table or as_json:
            raise UserError(f"put options behind the command: dms bench {context.invoked_subcommand} ...")
    elif old_delivery:
        if given or as_table:
            raise UserError("--delivery measures an outbox and a broker of its own: no --source, --config or --table")
        delivery(as_json)
    else:
        perception(config, source, as_table, as_json)


@group.command(epilog="Example: dms bench perception --source drive.mp4")
def perception(
    config: ConfigFile = None, source: SourceUri = None, as_table: AsTable = False, as_json: AsJson = False
) -> None:
    """Milliseconds for each stage, ratios, frames per second, memory. Plays the sample drive by default."""
    from dms.demo import SAMPLE_DRIVE  # noqa: PLC0415  # --help stays quick
    from dms.replay.bench import run_bench  # noqa: PLC0415

    if as_table and as_json:
        raise UserError("--table is for people, --json for machines: give one of them")
    loaded, video = configuration(config), source or str(SAMPLE_DRIVE)
    if not as_table:
        show(run_bench(loaded, video), as_json)
        return
    from dms.replay.bench_table import BenchTable, Machine, temperature_c  # noqa: PLC0415

    machine = Machine.here(loaded.perception)
    show(BenchTable(machine, run_bench(loaded, video), temperature_c()), as_json=False)


@group.command(epilog="Example: dms bench driver")
def driver(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Observations per second that the driver room judges on one core, at four frame rates."""
    from dms.replay.bench_driver import bench_driver  # noqa: PLC0415

    show(bench_driver(configuration(config).driver), as_json)


@group.command(epilog="Example: dms bench delivery")
def delivery(as_json: AsJson = False) -> None:
    """The outbox on this folder's disk, and a broker on loopback. Needs Mosquitto."""
    from dms.alerts.bench import bench_delivery  # noqa: PLC0415

    show(bench_delivery(Path.cwd()), as_json)


@group.command(epilog="Example: dms bench daemon")
def daemon(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """From a picture to a subscriber on loopback, and the daemon's share of a core: 40 s. Needs Mosquitto."""
    from dms.demo import SAMPLE_DRIVE  # noqa: PLC0415
    from dms.service.bench import bench_daemon  # noqa: PLC0415

    show(bench_daemon(configuration(config), SAMPLE_DRIVE), as_json)
