"""Tables with a fixed schema: Parquet where the extra ``tables`` is installed, CSV with the same columns without.

Takes rows, writes a file. Types and nulls come from the schema and are never guessed from the first rows.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

Values = Sequence[Sequence[object]]
"""A sequence for each column, in their order; None is unknown. Numbers are kept to six decimals."""

_DECIMALS = 6
_PARTIAL = ".partial"
_TRUTH = {None: None, True: "true", False: "false"}


class Kind(StrEnum):
    """What a column holds."""

    NUMBER = "float64"
    TEXT = "string"
    TRUTH = "bool"
    COUNT = "int64"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, and what that means in one line."""

    name: str
    kind: Kind
    about: str


class TableFile(Protocol):
    """A table that grows; it has its name once it is published."""

    def write(self, values: Values) -> None:
        """Write rows."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_table(stem: Path, columns: Sequence[Column], about: Mapping[str, Any]) -> TableFile:
    """Begin a table; what an earlier one of this name held is gone.

    Args:
        stem: The file without its suffix.
        columns: The schema.
        about: What made it, kept in the metadata of a Parquet file.

    Raises:
        OSError: It cannot be written.
    """
    for path in _paths(stem):
        path.unlink(missing_ok=True)
    begin: Callable[[Path, Sequence[Column], Mapping[str, Any]], TableFile]
    parquet, plain = _paths(stem)
    begin, path = (_ParquetFile, parquet) if find_spec("pyarrow") is not None else (_CsvFile, plain)
    return begin(path.with_name(path.name + _PARTIAL), columns, about)


def publish(stem: Path) -> None:
    """Give a table that is closed and complete its name; until then no reader of a folder takes it in."""
    for path in _paths(stem):
        partial = path.with_name(path.name + _PARTIAL)
        if partial.exists():
            partial.replace(path)


def _paths(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(f"{stem.name}.parquet"), stem.with_name(f"{stem.name}.csv")


class _CsvFile:
    """Truth as ``true`` and ``false``, unknown as nothing."""

    def __init__(self, path: Path, columns: Sequence[Column], about: Mapping[str, Any]) -> None:
        self._kinds = [column.kind for column in columns]
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])

    def write(self, values: Values) -> None:
        self._writer.writerows(zip(*map(_plain, self._kinds, values), strict=True))

    def close(self) -> None:
        self._file.close()


def _plain(kind: Kind, values: Sequence[Any]) -> Sequence[object]:
    if kind is Kind.NUMBER:
        return [None if value is None else round(value, _DECIMALS) for value in values]
    if kind is Kind.TRUTH:
        return [_TRUTH[value] for value in values]
    return values


class _ParquetFile:
    def __init__(self, path: Path, columns: Sequence[Column], about: Mapping[str, Any]) -> None:
        from pyarrow import parquet  # noqa: PLC0415  # the extra

        self._schema = arrow_schema(columns, about)
        self._writer = parquet.ParquetWriter(path, self._schema, **parquet_options(columns))

    def write(self, values: Values) -> None:
        self._writer.write_table(arrow_table(self._schema, values))

    def close(self) -> None:
        self._writer.close()


def parquet_options(columns: Sequence[Column]) -> dict[str, Any]:
    """Return how a table is packed.

    Numbers hardly ever repeat: a dictionary of them costs time and gains nothing. The writer keeps the statistics of
    every group of rows in memory until the end: of a drive of eight hours, more than a hundred.
    """
    texts = [one.name for one in columns if one.kind is Kind.TEXT]
    return {"compression": "zstd", "use_dictionary": texts, "write_statistics": [columns[0].name]}


def arrow_schema(columns: Sequence[Column], about: Mapping[str, Any]) -> Any:
    """Return the schema of a table as pyarrow has it; every column may be null."""
    import pyarrow  # noqa: PLC0415  # the extra

    fields = [pyarrow.field(column.name, pyarrow.type_for_alias(column.kind.value)) for column in columns]
    return pyarrow.schema(fields, {"dms": json.dumps(about)})


def arrow_table(schema: Any, values: Values) -> Any:
    """Columns as a pyarrow table."""
    import pyarrow  # noqa: PLC0415  # the extra
    from pyarrow import compute  # noqa: PLC0415

    arrays = [pyarrow.array(column, field.type) for column, field in zip(values, schema, strict=True)]
    arrays = [compute.round(one, _DECIMALS) if pyarrow.types.is_floating(one.type) else one for one in arrays]
    return pyarrow.Table.from_arrays(arrays, schema=schema)
