"""The commands. Each is a few lines that call the rooms; nothing here judges, decodes or publishes.

Exit codes: 0 done, 1 something outside the program failed, 2 the input is wrong, 130 interrupted.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from dms import __version__
from dms.config import Config, load_config, with_values
from dms.errors import UserError, WorldError
from dms.threads import one_thread_each

app = typer.Typer(
    name="dms",
    help="Driver monitoring: a dashboard camera in, fatigue and anger alerts over MQTT out.",
    epilog="Start with: dms demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="TOML configuration; the defaults without it.")
]
SourceUri = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Camera index, /dev/video*, libcamera, rtsp://, video file or folder of images.",
    ),
]
ModelName = Literal["face", "landmarks", "eyes", "mouth", "emotion"]
Architecture = Literal[
    "all",
    "face",
    "landmarks",
    "eyes",
    "mouth",
    "emotion",
    "cnn10",
    "cnn6",
    "vgg16",
    "cnn4",
    "cnn4_mobilenet",
    "shinde",
    "shinde_resnet",
    "thesis",
    "svm",
    "resnet50_34",
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text.")]


def main() -> None:
    """Run a command and turn errors that are meant to be read into one line and an exit code."""
    if "train" not in sys.argv[1:2]:
        # before a command loads its libraries; a training has work for them
        one_thread_each()
    try:
        app()
    except UserError as error:
        _fail(error, 2)
    except WorldError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: Exception, code: int) -> None:
    from dms.service.log import journal_listens  # noqa: PLC0415  # --help stays quick

    prefix = "<3>" if journal_listens() else ""
    for line in str(error).splitlines():
        print(f"{prefix}dms: {line}", file=sys.stderr)
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"dms {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options that come before the command."""


def _configuration(path: Path | None, source: str | None = None) -> Config:
    config = load_config(path)
    return config if source is None else with_values(config, "camera", source=source)


def _print_json(value: Any) -> None:
    _print(json.dumps(value, indent=2))


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        # what is still in the buffer must not fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise WorldError(f"standard output cannot be written ({error.strerror})") from error


@app.command(epilog="Example: dms run --config /etc/dms/dms.toml --source /dev/video0")
def run(
    config: ConfigFile = None,
    source: SourceUri = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Run the daemon: camera, file or folder in; alerts out. Ends on SIGTERM, or when a recording ends.

    SIGHUP makes it read its configuration and models anew.
    """
    from dms.service.daemon import Daemon  # noqa: PLC0415  # --help stays quick
    from dms.service.log import log_to_stderr  # noqa: PLC0415

    def load() -> Config:
        loaded = _configuration(config, source)
        return with_values(loaded, "service", log_level="debug") if verbose else loaded

    loaded = load()
    log_to_stderr(loaded.service.log_level)
    Daemon(loaded, load).run()
    if threading.active_count() > 1:
        # all is flushed, but something hangs in a driver: Python would abort if it came back during the shutdown
        os._exit(0)


@app.command(epilog="Example: dms demo")
def demo() -> None:
    """Play a sample drive through the whole road, with an embedded broker, and print what a subscriber hears."""
    from dms.demo.demo import run_demo  # noqa: PLC0415

    run_demo()


@app.command(epilog="Example: dms replay drive.mp4 --out report && dms score report/events.jsonl --labels drive.csv")
def replay(
    drives: Annotated[
        list[Path],
        typer.Argument(
            metavar="DRIVE...", help="Video files, folders of images, trace.jsonl files, or folders of a trace's parts."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where results go; made when absent.")],
    config: ConfigFile = None,
    overlay: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4", help="Also draw what was seen into a video (one drive only).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge recorded drives: events.jsonl, trace.jsonl and summary.json for each."""
    from dms.replay.replay import replay_drives  # noqa: PLC0415

    summaries = replay_drives(drives, load_config(config), out, overlay)
    if as_json:
        _print_json([summary.to_json() for summary in summaries])
    else:
        for summary in summaries:
            print(summary.text())


@app.command(epilog="Example: dms score out/events.jsonl --labels drive.events.csv")
def score(
    events: Annotated[
        list[Path], typer.Argument(metavar="EVENTS...", help="Files events.jsonl that `dms replay` wrote.")
    ],
    labels: Annotated[
        list[Path],
        typer.Option(metavar="CSV", help="What happened: start_s,end_s,event. Once for each EVENTS, in their order."),
    ],
    as_json: AsJson = False,
) -> None:
    """Compare alerts with labels: hits, misses, false alarms per hour, delay; of several drives also all together."""
    from dms.replay.score import score_drives, together  # noqa: PLC0415

    scores = score_drives(events, labels)
    whole = together(scores)
    for warning in whole.warnings:
        print(f"dms: {warning}", file=sys.stderr)
    drives = list(zip(map(str, events), scores, strict=True))
    if len(drives) == 1:
        if as_json:
            _print_json(whole.to_json())
        else:
            print(whole.text())
    elif as_json:
        _print_json(
            {"drives": [{"events": name, **one.to_json()} for name, one in drives], "together": whole.to_json()}
        )
    else:
        for name, one in [*drives, ("together", whole)]:
            print(f"{name}: {one.line()}")


@app.command(epilog="Example: dms evaluate emotion fer2013.csv --usage PublicTest --ferplus fer2013new.csv")
def evaluate(
    model: Annotated[ModelName, typer.Argument(help="Which model.")],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A labelled folder or file in the model's layout, see above.")
    ],
    file: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="A .tflite with its card beside it; the shipped one without. emotion: or .keras, .joblib.",
        ),
    ] = None,
    usage: Annotated[
        Literal["PublicTest", "PrivateTest", "Training"],
        typer.Option(case_sensitive=False, help="emotion: which rows of fer2013.csv."),
    ] = "PublicTest",
    ferplus: Annotated[
        Path | None, typer.Option(metavar="CSV", help="emotion: fer2013new.csv, for the FER+ labels.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="emotion: draw the confusion matrix and the curves here.")
    ] = None,
    occlusion: Annotated[
        bool,
        typer.Option(
            "--occlusion", help="emotion: DATA is a face or a folder of faces; draw what the answer rests on in DIR."
        ),
    ] = False,
    square: Annotated[
        int, typer.Option(min=1, max=47, help="emotion: side of the square that hides a part, in pixels of 48.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """Measure a model on a labelled set: every metric, confusion matrix, latency.

    \b
    What DATA is:
    face       folder with pictures and labels.csv (file,x,y,w,h), or 68-point CSV
    landmarks  CSV of file,x0,y0,...,x67,y67 beside its pictures
    eyes       folder with closed/ and open/, which hold pictures
    mouth      folder with pictures and labels.csv (file,yawn)
    emotion    fer2013.csv (emotion,pixels,Usage), folder of angry/, happy/ ...;
               with --occlusion a picture of a face, or a folder of them
    """  # noqa: D301  # click's mark for lines that stay lines
    from dms.evaluate.run import model_faces, run_emotion, run_evaluation  # noqa: PLC0415

    if model == "emotion":
        classifier = None
        if file is not None and file.suffix in {".keras", ".joblib"}:
            from dms.training.trained import open_trained  # noqa: PLC0415 - needs the extra

            classifier = open_trained(file)
        elif file is not None:
            classifier = model_faces(file)
        report = run_emotion(
            data,
            classifier,
            usage=usage,
            ferplus=ferplus,
            square=square if occlusion else None,
            pictures=pictures,
        )
    elif occlusion or ferplus or pictures:
        raise UserError(f"--ferplus, --pictures and --occlusion are for emotion, not for {model}")
    else:
        report = run_evaluation(model, data, file)
    for warning in report.warnings:
        print(f"dms: {warning}", file=sys.stderr)
    if as_json:
        _print_json(report.to_json())
    else:
        left_out = f"\nnot measured on: {report.left_out} pictures or rows" if report.left_out else ""
        _print(report.text() + left_out)


@app.command(epilog="Example: dms train emotion fer2013.csv fer2013new.csv --out runs/emotion")
def train(
    model: Annotated[
        Architecture,
        typer.Argument(metavar="ARCH", help="A shipped model, 'all' of them, or a system of the papers."),
    ],
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA...", help="Files and folders that the model takes, see above.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the model, card, curves and checkpoint go.")
    ],
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data; the recipe's or paper's own number without.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Start of every random choice.")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on from a checkpoint in DIR.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    imagenet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="ImageNet weights without top, for a paper's system that starts from them."),
    ] = None,
    optimiser: Annotated[
        Literal["adam", "sgd", "rmsprop"] | None, typer.Option(help="Instead of the one that a paper names.")
    ] = None,
) -> None:
    """Train a model from public data to its INT8 file and card. Needs the extra 'train'.

    \b
    What DATA is:
    points     landmarks68_*.csv (file,x0,y0,...,x67,y67) beside its pictures
    labels     folder with pictures and labels.csv (file,scene_group,x,y,w,h,yawn)
    and of these for
    face       points, and labels with points beside them
    landmarks  points, the most accurate first, then labels
    eyes       folders with closed/ and open/, better with points
    mouth      labels with points beside them, and points
    emotion    fer2013.csv fer2013new.csv
    all        all of these, the most accurate points first; one folder each in DIR
    others     fer2013.csv, for cnn10 cnn6 vgg16 cnn4 cnn4_mobilenet shinde
               shinde_resnet thesis svm resnet50_34: the systems of the papers
    """  # noqa: D301  # click's mark for lines that stay lines
    from dms.training.train import train as train_model  # noqa: PLC0415

    made = train_model(
        model,
        data,
        out,
        epochs=epochs,
        seed=seed,
        resume=not fresh,
        threads=threads,
        imagenet=imagenet,
        optimiser=optimiser,
    )
    for file in made:
        print(file)


@app.command(epilog="Example: dms check --config /etc/dms/dms.toml")
def check(config: ConfigFile = None, source: SourceUri = None, as_json: AsJson = False) -> None:
    """Say what is wrong with camera, models, broker, disk and clock, and what to do about it."""
    from dms.service.check import run_checks  # noqa: PLC0415

    results = run_checks(_configuration(config, source))
    if as_json:
        _print_json([result.to_json() for result in results])
    else:
        for result in results:
            Console(highlight=False, soft_wrap=True).print(result.markup())
    if any(result.failed for result in results):
        raise typer.Exit(1)


@app.command(epilog="Example: dms bench --source drive.mp4")
def bench(
    config: ConfigFile = None,
    source: SourceUri = None,
    delivery: Annotated[
        bool, typer.Option("--delivery", help="Measure the outbox on this folder's disk and a broker on loopback.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure this machine: milliseconds per stage, frames per second, memory. Plays the sample drive by default."""
    from dms.alerts.bench import bench_delivery  # noqa: PLC0415
    from dms.demo import SAMPLE_DRIVE  # noqa: PLC0415
    from dms.replay.bench import run_bench  # noqa: PLC0415

    if delivery and (source is not None or config is not None):
        raise UserError(
            "--delivery measures the outbox and a broker of its own: it takes neither --source nor --config"
        )
    if delivery:
        result: Any = bench_delivery(Path.cwd())
    else:
        result = run_bench(load_config(config), source or str(SAMPLE_DRIVE))
    if as_json:
        _print_json(result.to_json())
    else:
        print(result.text())


@app.command(epilog="Example: dms watch --host broker.local --vehicle van-7")
def watch(
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="Broker; the configuration's without.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Its port.")] = None,
    vehicle: Annotated[str, typer.Option(help="Vehicle id; + means every vehicle.")] = "+",
) -> None:
    """Print states and alerts live, and say which are stale."""
    from dms.alerts.watch import watch as watch_vehicle  # noqa: PLC0415

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    watch_vehicle(with_values(load_config(config), "mqtt", **given).mqtt, vehicle)


@app.command(epilog="Example: dms schema config > dms.schema.json")
def schema(
    contract: Annotated[Literal["config", "messages", "asyncapi"], typer.Argument(help="Which contract to print.")],
) -> None:
    """Print a machine-readable contract as JSON."""
    from dms.alerts import schema as wire  # noqa: PLC0415

    makers = {"config": Config.model_json_schema, "messages": wire.messages_schema, "asyncapi": wire.asyncapi}
    _print_json(makers[contract]())


if __name__ == "__main__":
    main()
