"""The configuration as a page for people.

Takes the models of the configuration, gives Markdown: every table, key, default, bound and meaning. What
``docs/configuration.md`` holds.
"""

from typing import Any

from pydantic.fields import FieldInfo

from dms.config.section import Section

_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def reference(root: type[Section]) -> str:
    """Describe every key below a model, one Markdown table for each TOML table."""
    return "\n\n".join(_tables(root, ()))


def _tables(model: type[Section], path: tuple[str, ...]) -> list[str]:
    rows, nested = [], []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            nested += _tables(field.annotation, (*path, name))
        else:
            rows.append(f"| `{name}` | {_default(field)} | {_bounds(field)} | {_cell(field.description or '')} |")
    if not rows:
        return nested
    head = f"## `[{'.'.join(path)}]`\n\n| key | default | bounds | meaning |\n| --- | --- | --- | --- |\n"
    return [head + "\n".join(rows), *nested]


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    if isinstance(value, int | float):
        return f"`{value}`"
    return f'`"{value}"`'


def _bounds(field: FieldInfo) -> str:
    found = [
        f"{sign} {bound:g}"
        for constraint in field.metadata
        for name, sign in _BOUNDS.items()
        if (bound := getattr(constraint, name, None)) is not None
    ]
    return ", ".join(found)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
