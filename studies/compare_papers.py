#!/usr/bin/env python3
"""Measure the papers' systems that were trained here beside the model that ships, and write the table into its card.

usage: compare_papers.py RUNS FER2013.csv [CARD.json]

RUNS holds what `dms train NAME fer2013.csv --out RUNS/NAME` made. A system that is not there keeps the epochs and the
accuracy that the card has of it, so that they can be trained one after the other; one that never was says so. What no
training changes, file size and latency, is then that of RUNS/NAME/untrained/NAME.tflite, which is made here.
All are measured by `dms evaluate emotion` on the same rows, Usage PublicTest, original labels. The card is that of the
model that ships, models/emotion.json, if none is named. Run it from the top of the checkout, on a quiet machine for
the latencies. Needs the extra `train`.
"""

import json
import platform
import shlex
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

from dms.datasets.fer import read_fer2013
from dms.training.architectures import count_macs
from dms.training.card import Table, set_table, write_card
from dms.training.export import quantise, with_probabilities
from dms.training.papers.published import PAPERS, Paper
from dms.training.papers.systems import SYSTEMS
from dms.training.papers.train import card, count_parameters

COLUMNS = (
    "system",
    "its paper's figure",
    "measured there on",
    "epochs here / in its paper",
    "accuracy here",
    "anger recall at 5 % false positives",
    "parameters",
    "MMAC",
    "file",
    "latency",
)
TITLE = "Beside the papers' systems"
Row = list[str]


def measure(data: Path, model: Path) -> dict[str, Any]:
    """The JSON report of one model file."""
    command = [sys.executable, "-m", "dms", "evaluate", "emotion", str(data), "--usage", "PublicTest", "--json"]
    done = subprocess.run([*command, "--model", str(model)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{model}: {done.stderr.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def measured(report: dict[str, Any], model: Path) -> list[str]:
    """The columns that come from a report: accuracy and anger, then size of the file and latency."""
    head = report["heads"]["fer2013"]
    return [
        f"{head['result']['accuracy']:.2%}",
        f"{head['anger_recall_5']:.1%}",
        f"{model.stat().st_size / 1e6:.2f} MB",
        f"{report['latency']['median_ms']:.1f} ms",
    ]


def shipped_row(report: dict[str, Any], file: Path) -> Row:
    """The model that ships."""
    content = json.loads(file.read_text())
    accuracy, anger, size, latency = measured(report, file.with_suffix(".tflite"))
    sizes = [f"{content['parameters']:,}", f"{content['mmac']:.0f}"]
    return [f"**{content['name']}, as shipped**", "", "", "", accuracy, anger, *sizes, size, latency]


def rows_before(card: Path) -> dict[str, Row]:
    """The rows of the card's table, by what they say first."""
    tables = json.loads(card.read_text()).get("tables", [])
    rows: list[Row] = next((table["rows"] for table in tables if table["title"] == TITLE), [])
    return {row[0]: row for row in rows}


def row(name: str, paper: Paper, runs: Path, data: Path, before: dict[str, Row]) -> Row:
    """One system of the papers."""
    claimed = "none" if paper.reported is None else f"{paper.reported:g} %"
    about = [f"`{name}` {paper.system}", claimed, paper.measured_on]
    of = "-" if paper.epochs is None else str(paper.epochs)
    sizes = ["-", "-"]
    if name in SYSTEMS:
        net = SYSTEMS[name].build(None)
        sizes = [f"{count_parameters(net):,}", f"{count_macs(net) / 1e6:,.0f}"]
    model = runs / name / ("svm.joblib" if name == "svm" else f"{name}.tflite")
    results = runs / name / "results.json"
    if not (model.is_file() and results.is_file()):
        known = before.get(about[0], [*about, f"not trained here / {of}", "", "", *sizes, "", ""])
        if name not in SYSTEMS:
            return known
        return [*known[:6], *sizes, *untrained_cost(name, runs / name / "untrained" / f"{name}.tflite", data)]
    got = json.loads(results.read_text())
    epochs = "-" if got["epochs"] is None else f"{got['epochs']} / {of}"
    if paper.imagenet is not None and got["imagenet"] is None:
        epochs += ", no ImageNet weights"
    accuracy, anger, size, latency = measured(measure(data, model), model)
    return [*about, epochs, accuracy, anger, *sizes, size, latency]


def untrained_cost(name: str, model: Path, data: Path) -> list[str]:
    """File size and latency of a net as it starts, which are those that it ends with."""
    with data.open() as file, tempfile.TemporaryDirectory() as folder:
        few = Path(folder, "fer2013.csv")
        few.write_text("".join([next(file), *islice((line for line in file if "PublicTest" in line), 8)]))
        if not model.is_file():
            net = SYSTEMS[name].build(None)
            quantise(with_probabilities(net), read_fer2013(few, "PublicTest").images, model)
            write_card(card(name), net, model)
        return measured(measure(few, model), model)[2:]


def machine() -> str:
    """The processor and the TFLite runtime."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    for runtime in ("tflite-runtime", "ai-edge-litert"):
        try:
            return f"{name}, {runtime} {version(runtime)}"
        except PackageNotFoundError:
            continue
    return name


def main(runs: Path, data: Path, shipped: Path) -> None:
    report = measure(data, shipped.with_suffix(".tflite"))
    rows, before = [shipped_row(report, shipped)], rows_before(shipped)
    for name, paper in PAPERS.items():
        rows.append(row(name, paper, runs, data, before))
        print(*rows[-1], sep=" | ", file=sys.stderr)
    table = Table(
        title=TITLE,
        text=f"Accuracy on {report['heads']['fer2013']['result']['samples']:,} faces of FER2013 PublicTest, original "
        "labels, of full-INT8 files (svm: scikit-learn on the points of the `landmarks` model), each measured when its "
        "system was trained; sizes and latencies, but for the svm's, from one run. A system that had fewer epochs here "
        "than in its paper is not at its best: its row says how many. One that was not trained here has the file and "
        "the latency of its untrained net. The papers' own figures come from other splits or other data and are not "
        "comparable to the last point. One "
        f"thread, {machine()}.",
        command=shlex.join(["python", "studies/compare_papers.py", str(runs), str(data)]),
        columns=COLUMNS,
        rows=rows,
    )
    set_table(shipped, table)


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4}:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) == 4 else "models/emotion.json"))
