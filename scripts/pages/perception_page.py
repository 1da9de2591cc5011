"""docs/perception.md: the numbers of perception that nobody sets, from the code and from the models' cards."""

import ast
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

from dms.config.constant import Constant

HEAD = """# Numbers of perception

What perception refuses, and how it cuts faces, eyes and mouths. Nobody sets these numbers: another value needs another
net or another measurement. What an owner may set stands in [configuration.md](configuration.md). This page is made from
the code and the models' cards by `python scripts/write_docs.py`; "own" in the column of sources means as in
[sources.md](sources.md), and "not measured" that no study stands behind a number.
"""
LIMITS = """
## Limits that belong to the weights

They stand in the card of each model (`models/NAME.json`, `limits`), which the daemon reads with the model. A card
without them, or with one out of its bounds, is refused like a broken model.

| limit | value | bounds | unit | what it does | source |
| --- | --- | --- | --- | --- | --- |
"""
CONSTANTS = """
## Constants of the code

| module | constant | value | bounds | unit | what it does | source |
| --- | --- | --- | --- | --- | --- | --- |
"""


def constants(module: Path) -> Iterator[tuple[str, float, Constant, str]]:
    """Each annotated constant of a module: its name, value, what there is to know of it, and its sentence."""
    found = importlib.import_module(f"dms.perception.{module.stem}")
    hints = get_type_hints(found, include_extras=True)
    body = ast.parse(module.read_text(encoding="utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        name = node.target.id
        known = [one for one in getattr(hints[name], "__metadata__", ()) if isinstance(one, Constant)]
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        for one in known:
            yield name, getattr(found, name), one, " ".join(str(text).split())


def perception_page(package: Path, models: Path) -> str:
    """The page as Markdown.

    Args:
        package: The folder of ``dms.perception``.
        models: The folder of the cards.
    """
    limits, rows = [], []
    for path in sorted(models.glob("*.json")):
        for name, one in json.loads(path.read_text(encoding="utf-8")).get("limits", {}).items():
            limits.append(
                f"| `{path.stem}.{name}` | {one['value']:g} | {one['least']:g} to {one['most']:g} | {one['unit']} "
                f"| {one['text']} | {one['source']} |"
            )
    for path in sorted(package.glob("*.py")):
        for name, value, one, text in constants(path):
            rows.append(
                f"| `{path.stem}` | `{name.lstrip('_')}` | {value:g} | {one.least:g} to {one.most:g} | {one.unit} "
                f"| {text.replace('``', '`')} | {one.source} |"
            )
    return HEAD + LIMITS + "\n".join(limits) + "\n" + CONSTANTS + "\n".join(rows) + "\n"
