"""What the running daemon says of itself to whoever asks: ``dms status``.

Takes what its parts say, gives plain data. Judges nothing.
"""

import os
from collections.abc import Generator, Mapping
from typing import Any

from dms import __version__
from dms.service.control.protocol import Answer


class StatusAnswers:
    """Answers the question ``status``.

    Args:
        vehicle_id: Which vehicle this is.
    """

    def __init__(self, vehicle_id: str) -> None:
        self._vehicle_id = vehicle_id

    def answer(self, _arguments: Mapping[str, Any]) -> Generator[Answer | None, None, None]:
        """Tell what runs."""
        yield {"version": __version__, "vehicle": self._vehicle_id, "pid": os.getpid()}
