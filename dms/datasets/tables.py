"""Tables as people have them: rows by the columns' names, whatever separates them."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from dms.errors import UserError


def rows_of(table: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows by the columns' names in small letters; separated by comma, semicolon or tab, blank rows left out."""
    if not table.is_file():
        raise UserError(f"file {table} is missing")
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            separator = max(",;\t", key=file.readline().count)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            header = [name.strip().lower() for name in next(reader, ())]
            if not header:
                raise UserError(f"{table}: the file is empty")
            missing = [name for name in columns if name.lower() not in header]
            if missing:
                listed = ", ".join(missing[:4]) + (" and so on" if missing[4:] else "")
                raise UserError(f"{table} has no column {listed}: see `dms evaluate --help` for the layouts")
            least = 1 + max(header.index(name.lower()) for name in columns)
            rows = (row for row in reader if any(map(str.strip, row)))
            for number, row in enumerate(rows, start=1):
                if len(row) < least:
                    raise UserError(f"{table} row {number} is shorter than the first line")
                yield dict(zip(header, map(str.strip, row), strict=False))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table} is not a CSV file in UTF-8 ({error})") from error
    except OSError as error:
        raise UserError(f"{table} cannot be read ({error.strerror})") from error


def letters(text: str) -> str:
    """Return only the letters of a text, in lower case."""
    return "".join(c for c in text.lower() if c.isalpha())
