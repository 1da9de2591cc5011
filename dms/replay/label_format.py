"""What labels may be written in. Imports nothing, so that the command line knows it at once."""

from enum import StrEnum


class LabelFormat(StrEnum):
    """What labels are written in."""

    CSV = "csv"
    BORIS = "boris"
    ELAN = "elan"
    CVAT = "cvat"
