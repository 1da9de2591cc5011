"""What is wrong with a configuration, in words.

Takes pydantic's error, gives one line for each problem: the key's path, what was given, what is allowed. The last comes
from the JSON Schema, so that it is the same as in ``dms schema config``.
"""

from typing import Any

from pydantic import BaseModel, ValidationError

from dms.config.section import NAME, NAME_OR_FILE
from dms.errors import did_you_mean

_PATTERNS = {
    NAME: "1 to 64 letters, digits, - and _",
    NAME_OR_FILE: "1 to 64 letters, digits, dots, - and _",
}
_UNQUOTED = {"boolean", "integer", "number"}


def explain(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """Return one line for each problem.

    Args:
        error: What pydantic says.
        root: The model of the whole configuration.
    """
    schema = root.model_json_schema()
    problems = error.errors(include_url=False)
    places = [problem["loc"] for problem in problems]
    # an array with a wrong item is reported twice: as an item, and as an array that is too short without it
    return [_line(problem, schema) for problem in problems if not _has_closer(problem["loc"], places)]


def _has_closer(place: tuple[int | str, ...], places: list[tuple[int | str, ...]]) -> bool:
    return any(len(other) > len(place) and other[: len(place)] == place for other in places)


def _line(problem: Any, schema: dict[str, Any]) -> str:
    place = problem["loc"]
    if problem["type"] == "missing":  # only an array can lack something: it is reported as a whole
        place = place[:-1]
    where, given = ".".join(str(part) for part in place), problem["input"]
    if problem["type"] == "extra_forbidden":
        allowed = sorted(_at(place[:-1], schema).get("properties", {}))
        return f"{where}: no such key{did_you_mean(str(place[-1]), allowed)}; allowed here: {', '.join(allowed)}"
    # a whole table says nothing, and there may be a secret in it
    told = "a table" if isinstance(given, dict) else _toml(given)
    if problem["type"] == "value_error":  # a section's own words
        must = problem["msg"].removeprefix("Value error, ")
        return f"{where}: {must}" if isinstance(given, dict) else f"{where}: {told} given; {must}"
    key = _at(place, schema)
    return f"{where}: {told} given; must be {_allowed(key)}{_quotes(given, key)}"


def _at(place: tuple[int | str, ...], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a key, a table or an item of an array."""
    here = schema
    for part in place:
        if isinstance(part, int):
            items = here.get("prefixItems")
            here = items[part] if items and part < len(items) else here.get("items", {})
        else:
            here = here.get("properties", {}).get(part, {})
        # what may be absent is something or null
        here = {**here, **here.get("anyOf", [{}])[0]}
        if "$ref" in here:
            here = schema["$defs"][here["$ref"].rpartition("/")[2]]
    return here


def _allowed(key: dict[str, Any]) -> str:
    """Return what a key may hold, in words."""
    kind = key.get("type")
    if "enum" in key:
        *first, last = [_toml(value) for value in key["enum"]]
        return f"{', '.join(first)} or {last}" if first else last
    if kind == "boolean":
        return "true or false"
    if kind in ("integer", "number"):
        noun = "a number" if kind == "number" else "a whole number"
        return noun + _range(key.get("minimum"), key.get("maximum"))
    if kind == "array":
        least, most = key.get("minItems"), key.get("maxItems")
        size = "" if least is None else f"{least} " if least == most else f"{least} or more "
        items = key.get("items") or (key.get("prefixItems") or [{}])[0]
        what = "numbers" if items.get("type") == "number" else f"of {_allowed(items)}" if items else "values"
        return f"an array of {size}{what}"
    if kind == "object":
        return "a table"
    return _text(key)


def _text(key: dict[str, Any]) -> str:
    if key.get("format") == "path":
        return "a path"
    if "pattern" in key:
        return _PATTERNS.get(key["pattern"]) or f"text: {key['description'].partition('. ')[0]}"
    least, most = key.get("minLength"), key.get("maxLength")
    if most is None:
        return "text" if least is None else f"text of at least {least} character"
    return f"text of {least or 0} to {most} characters"


def _range(least: float | None, most: float | None) -> str:
    bounds = ((" from", least), (" to", most))
    return "".join(f"{word} {bound:.12g}" for word, bound in bounds if bound is not None)


def _quotes(given: object, key: dict[str, Any]) -> str:
    """Return what to do about quotes that are too many or missing."""
    kind = key.get("type")
    if isinstance(given, str) and kind in _UNQUOTED:
        return ", without quotes"
    if isinstance(given, int | float) and not isinstance(given, bool) and kind == "string":
        return f': write it in quotes, "{given}"'
    return ""


def _toml(value: object) -> str:
    """Return a value as it stands in the file."""
    return str(value).lower() if isinstance(value, bool) else repr(value)
