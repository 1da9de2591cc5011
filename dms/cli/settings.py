"""The configuration that a command line names."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms.config import Config


def configuration(path: Path | None, source: str | None = None) -> "Config":
    """Return the configuration of a file, with another source where one is given.

    Raises:
        UserError: It cannot be read, or a value is wrong.
    """
    from dms.config import load_config, with_values  # noqa: PLC0415  # --help stays quick

    config = load_config(path)
    return config if source is None else with_values(config, "camera", source=source)
