"""All commands under one name."""

from typing import Annotated

import typer

from dms.cli import aim, bench, drives, emotion, evaluate, live, models, report, running, score, tune
from dms.cli.help import CommandGroup

app = typer.Typer(
    name="dms",
    help="Driver monitoring: a dashboard camera in, fatigue, anger and distraction alerts over MQTT out.",
    epilog="Start with: dms demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from dms import __version__  # noqa: PLC0415  # --help stays quick

        print(f"dms {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options that come before the command."""


app.command(epilog="Example: dms run --config /etc/dms/dms.toml --source /dev/video0")(live.run)
app.command(epilog="Example: dms demo")(live.demo)
app.command(epilog="Example: dms check --config /etc/dms/dms.toml")(live.check)
app.command(epilog="Example: dms status --config /etc/dms/dms.toml")(running.status)
app.command(epilog="Example: dms aim --source /dev/video0 --picture seen.png", cls=aim.AimCommand)(aim.aim)
app.command("test-alert", epilog="Example: sudo dms test-alert --level asleep --config /etc/dms/dms.toml")(
    running.try_alert
)
app.command(epilog="Example: dms watch --host broker.local --vehicle van-7")(live.watch)
app.command(epilog="Example: dms replay drive.mp4 --out report && dms score report/events.jsonl --labels drive.csv")(
    drives.replay
)
app.command(epilog="Example: dms score out/events.jsonl --labels drive.events.csv")(score.score)
app.command(
    epilog="Example: dms tune out --labels drives --vary driver.perclos.warning=0.08:0.20:0.01 --holdout 'monday*'"
)(tune.tune)
app.command(epilog="Example: dms report out --labels drives --out report.html")(report.report)
app.command(epilog="Example: dms train emotion fer2013.csv fer2013new.csv --out runs/emotion")(models.train)
app.command(epilog="Example: dms schema config > dms.schema.json")(models.schema)
evaluate.group.command(epilog="Example: dms evaluate emotion fer2013.csv --usage PublicTest --ferplus fer2013new.csv")(
    emotion.emotion
)
app.add_typer(evaluate.group, name="evaluate", epilog="Example: dms evaluate eyes DATA")
app.add_typer(bench.group, name="bench", epilog="Example: dms bench perception --source drive.mp4")
