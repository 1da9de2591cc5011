"""What the tests of delivery share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .make import Vehicle


@pytest.fixture
def vehicle(tmp_path: Path) -> Iterator[Callable[..., Vehicle]]:
    """Makes vehicles that are stopped at the end of the test: ``vehicle(port, inflight=1)``."""
    made: list[Vehicle] = []

    def make(port: int, folder: str = "vehicle", **more: Any) -> Vehicle:
        made.append(Vehicle(tmp_path / folder, port, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop(1.0)
