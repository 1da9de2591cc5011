"""The daemon as a process is asked while it runs."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from dms.service.control.client import NotRunningError, ask
from tests.conftest import until
from tests.service.process import Dms

pytestmark = pytest.mark.slow


def answer(dms: Dms) -> dict[str, Any] | None:
    """What the daemon says of itself; None while it does not run."""
    try:
        (told,) = ask(dms.state_dir, "status")
    except NotRunningError:
        return None
    return dict(told["daemon"])


def test_it_answers_after_a_kill_as_well_and_not_once_it_has_ended(start: Callable[..., Dms]) -> None:
    first = start(1, "/dev/video99")
    assert until(lambda: answer(first))["pid"] == first.process.pid
    first.end(signal.SIGKILL)
    assert (first.state_dir / "control.sock").exists()
    second = start(1, "/dev/video99")
    assert until(lambda: answer(second))["pid"] == second.process.pid
    assert second.end()[0] == 0
    assert not (second.state_dir / "control.sock").exists()
    assert answer(second) is None
