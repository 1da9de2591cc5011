"""What every section of the configuration shares."""

from pydantic import BaseModel, ConfigDict

NAME = r"^[A-Za-z0-9_-]{1,64}$"
"""A part of a topic; ``explain`` has it in words."""
NAME_OR_FILE = r"^[A-Za-z0-9_.-]{1,64}$"
"""The name of a credential, which is a file's."""


class Section(BaseModel):
    """A table of the TOML file: unknown keys are an error, values cannot change once read.

    Every field carries a title, a description with its unit, bounds, and for a threshold its source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)
