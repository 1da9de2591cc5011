"""What every section of the configuration shares."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the TOML file: unknown keys are an error, values cannot change once read.

    Every field carries a title, a description with its unit, bounds, and for a threshold its source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)
