"""The page of all modules: each with the first sentence of its docstring, so that a stranger finds the one he seeks."""

import ast
from pathlib import Path

INTRODUCTION = """# Where things are

Every module of `dms` with its own first sentence; [architecture](architecture.md) says how the rooms hang together.
This page is made from the code by `python scripts/write_docs.py`.

"""


def modules_page(package: Path) -> str:
    """Markdown: a section for each folder of the package, a line for each module."""
    sections = []
    for folder in [package, *sorted(p for p in package.rglob("*") if p.is_dir())]:
        files = sorted(folder.glob("*.py"))
        lines = [f"| `{file.name}` | {_first_sentence(file)} |" for file in files if file.name != "__init__.py"]
        if lines:
            room = folder.relative_to(package.parent).as_posix()
            sections.append("\n".join([f"## {room}", "", "| module | |", "| --- | --- |", *lines]))
    return INTRODUCTION + "\n\n".join(sections) + "\n"


def _first_sentence(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|").replace("``", "`")
