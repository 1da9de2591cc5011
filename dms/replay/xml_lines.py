"""Walks through an XML file, element by element, and knows the line of each.

Takes a text, gives elements in the order in which they begin. (The standard library's trees forget the lines.)
"""

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from dms.errors import UserError


@dataclass(slots=True)
class Element:
    """An element.

    Attributes:
        where: As ``file:line``, the line that it begins in.
        name: Its tag.
        values: Its attributes.
        inside: The tags around it, the outermost first.
        text: The text directly in it, up to its end.
    """

    where: str
    name: str
    values: dict[str, str]
    inside: tuple[str, ...]
    text: str = field(default="")


def elements(path: Path, text: str) -> list[Element]:
    """Return all elements of a file.

    Raises:
        UserError: It is no XML.
    """
    found: list[Element] = []
    open_: list[Element] = []
    parser = expat.ParserCreate()

    def start(name: str, values: dict[str, str]) -> None:
        inside = tuple(element.name for element in open_)
        element = Element(f"{path}:{parser.CurrentLineNumber}", name, values, inside)
        found.append(element)
        open_.append(element)

    def end(_name: str) -> None:
        open_.pop()

    def said(part: str) -> None:
        if open_:
            open_[-1].text += part

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, said
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise UserError(f"{path}:{error.lineno}: not XML ({expat.ErrorString(error.code)})") from error
    return found
