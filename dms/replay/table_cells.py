"""Cuts a table that a spreadsheet or another program wrote into cells.

Takes a file, gives rows of cells that know their line. Commas, semicolons or tabs, cells with line breaks, empty rows,
comments, UTF-8 and UTF-16.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dms.errors import UserError

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not empty.

    Attributes:
        where: As ``file:line``, the line that it begins in.
        cells: Without the blanks around them.
    """

    where: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """A table.

    Attributes:
        path: The file.
        separator: What stands between cells.
        rows: Without the empty ones and comments.
    """

    path: Path
    separator: str
    rows: tuple[Row, ...]

    @property
    def parted(self) -> str:
        """What an error says of the separator."""
        return f"(columns are separated by {_SEPARATORS[self.separator]})"

    def header(self, fits: Callable[[frozenset[str]], bool]) -> int | None:
        """Return the place of the first row whose cells, in small letters, fit; None where none does."""
        for n, row in enumerate(self.rows):
            if fits(frozenset(map(str.lower, row.cells))):
                return n
        return None

    def named(self, header: int) -> Iterable[tuple[str, dict[str, str]]]:
        """Yield each row below the header: where it stands and its cells by the header's names, in small letters."""
        names = [name.lower() for name in self.rows[header].cells]
        for row in self.rows[header + 1 :]:
            yield row.where, dict(zip(names, row.cells, strict=False))

    def seconds(self, text: str) -> float:
        """Return a number of seconds, with a decimal comma where that is no separator.

        Raises:
            ValueError: It is none.
        """
        return float(text if self.separator == "," else text.replace(",", "."))


def read_text(path: Path) -> str:
    """Return the text of a file of labels.

    Raises:
        UserError: It cannot be read, or is no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): give a file of labels") from error
    if data.startswith(b"PK"):
        data = _packed(path, data)
    try:
        # "Unicode text" of a spreadsheet is UTF-16
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a file of labels ({error})") from error


def _packed(path: Path, data: bytes) -> bytes:
    """Return what CVAT packs its labels in."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return packed.read("annotations.xml")
    except (KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: a workbook or an archive: save its table as CSV") from error


def cut(path: Path, text: str) -> Cells:
    """Cut a text into cells; the separator is what the first line has most of.

    Raises:
        UserError: A cell's quotes do not end.
    """
    lines = ["" if line.lstrip(' \t"').startswith("#") else line for line in text.splitlines()]
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, strict=True)
    rows = []
    while True:
        # a cell may hold line breaks: a row begins on the line after the one before it
        where = f"{path}:{reader.line_num + 1}"
        try:
            cells = tuple(cell.strip() for cell in next(reader))
        except StopIteration:
            break
        except csv.Error as error:
            raise UserError(
                f"{where}: not a row of labels ({error}; columns are separated by {_SEPARATORS[separator]})"
            ) from error
        if any(cells):
            rows.append(Row(where, cells))
    return Cells(path, separator, tuple(rows))
