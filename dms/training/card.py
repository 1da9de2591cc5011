"""Writes a model's card: ``NAME.json`` for machines and ``NAME.md``, rendered from it, for people.

Takes the trained Keras model, the TFLite file and what the recipe knows, gives the two files beside the model. Figures
come from commands that were run; a card names each command beside its figures.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """What one command measured.

    Attributes:
        what: The data and split in words.
        command: The command that printed the values.
        values: Names with units in them, and numbers.
    """

    what: str
    command: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Table:
    """A comparison that one command made.

    Attributes:
        title: Heading; a card has one table of a title.
        text: What the rows are and are not.
        command: The command that measured it.
        columns: Headings.
        rows: One text per column.
    """

    title: str
    text: str
    command: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class CardLimit:
    """A limit that belongs to the weights: the daemon reads it from the card.

    Attributes:
        value: The limit.
        unit: Of the number.
        least: The smallest value that the daemon takes.
        most: The largest.
        text: What it does, a sentence.
        source: Where it comes from.
    """

    value: float
    unit: str
    least: float
    most: float
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a recipe says about its model.

    Attributes:
        name: For example ``eyes``.
        purpose: What it is for and what it must not be used for, in a sentence or two.
        outputs: One entry per output, in the order of the daemon: ``shape``, and ``labels`` or ``meaning``.
        decoding: How the outputs turn into measures, in words.
        limits: By their names, what ``ModelFile.limit`` reads.
        trained_on: Sources with their citation.
        split: What was held out, how, and what each part decided.
        terms: Terms of the data.
        recipe: The command that rebuilds the model.
        weights: Numbers by their names, what ``ModelFile.weights`` reads.
        figures: Measurements of this very file.
        notes: Limits that a user should know.
    """

    name: str
    purpose: str
    outputs: Sequence[Mapping[str, Any]]
    trained_on: Sequence[str]
    split: str
    terms: str
    recipe: str
    decoding: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, CardLimit] = field(default_factory=dict)
    weights: Mapping[str, Sequence[float]] = field(default_factory=dict)
    figures: Sequence[Figures] = ()
    notes: Sequence[str] = ()


def write_card(card: Card, model: Any, tflite: Path) -> Path:
    """Write ``NAME.json`` and ``NAME.md`` beside the TFLite file.

    Args:
        card: What the recipe says.
        model: The Keras model behind the file, for its shape, parameters and multiply-accumulates.
        tflite: The file that ships.

    Returns:
        The JSON card.
    """
    from dms.training.architectures import count_macs  # noqa: PLC0415 - needs Keras, the rest of this module does not

    content = {
        "name": card.name,
        "sha256": hashlib.sha256(tflite.read_bytes()).hexdigest(),
        "bytes": tflite.stat().st_size,
        "input": {"shape": list(model.inputs[0].shape[1:]), "meaning": "grey pixels 0..255 as int8 = uint8 - 128"},
        "parameters": sum(math.prod(v.shape) for v in model.trainable_variables),
        "mmac": round(count_macs(model) / 1e6, 2),
        **{key: value for key, value in asdict(card).items() if key != "name"},
    }
    path = tflite.with_suffix(".json")
    write_content(path, content)
    return path


def add_figures(path: Path, figures: Sequence[Figures]) -> None:
    """Add measurements to a card that stands, replacing those of the same command."""
    content = json.loads(path.read_text())
    commands = {f.command for f in figures}
    content["figures"] = [f for f in content["figures"] if f["command"] not in commands] + [asdict(f) for f in figures]
    write_content(path, content)


def set_table(path: Path, table: Table) -> None:
    """Put a table into a card that stands, in place of one with its title."""
    content = json.loads(path.read_text())
    others = [t for t in content.get("tables", ()) if t["title"] != table.title]
    write_content(path, {**content, "tables": [*others, asdict(table)]})


def write_content(path: Path, content: Mapping[str, Any]) -> None:
    """Write a card's content as JSON and, beside it, as Markdown."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    path.with_suffix(".md").write_text(render(content))


def render(content: Mapping[str, Any]) -> str:
    """Return a card's content as Markdown."""
    height, width, channels = content["input"]["shape"]
    lines = [
        f"# {content['name']}",
        "",
        content["purpose"],
        "",
        "| | |",
        "| --- | --- |",
        f"| file | `{content['name']}.tflite`, {content['bytes']:,} bytes, full INT8 |",
        f"| SHA-256 | `{content['sha256']}` |",
        f"| input | {height}x{width}x{channels}, {content['input']['meaning']} |",
        *(f"| output | {_output(output)} |" for output in content["outputs"]),
        f"| size | {content['parameters']:,} parameters, {content['mmac']} million multiply-accumulates |",
        f"| rebuild | `{content['recipe']}` |",
        "",
        "## Data",
        "",
        *(f"- {source}" for source in content["trained_on"]),
        "",
        content["split"],
        "",
        content["terms"],
        *_limits(content.get("limits", {})),
    ]
    if content["figures"]:
        lines += ["", "## Figures"]
    for figures in content["figures"]:
        lines += ["", figures["what"], "", f"`{figures['command']}`", "", "| measure | value |", "| --- | --- |"]
        lines += [f"| {name} | {_number(value)} |" for name, value in figures["values"].items()]
    for table in content.get("tables", ()):
        lines += ["", f"## {table['title']}", "", table["text"], "", f"`{table['command']}`", ""]
        rows = [table["columns"], ["---"] * len(table["columns"]), *table["rows"]]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    if content["notes"]:
        lines += ["", "## Notes", "", *(f"- {note}" for note in content["notes"])]
    return "\n".join(lines) + "\n"


def _limits(limits: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not limits:
        return []
    rows = [
        f"| `{name}` | {one['value']:g} | {one['least']:g} to {one['most']:g} | {one['unit']} | {one['text']} "
        f"| {one['source']} |"
        for name, one in limits.items()
    ]
    head = ["| limit | value | bounds | unit | what it does | source |", "| --- | --- | --- | --- | --- | --- |"]
    return ["", "## Limits", "", *head, *rows]


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _output(output: Mapping[str, Any]) -> str:
    shape = "x".join(map(str, output["shape"]))
    return f"{shape}: {', '.join(output['labels'])}" if "labels" in output else f"{shape}: {output['meaning']}"
