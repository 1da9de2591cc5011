"""Turns signals into calls, as long as something runs."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType


@contextmanager
def signals(calls: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Turn signals into calls; only the main thread may do so, elsewhere the owner calls for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        calls[signal.Signals(number)]()

    before = {number: signal.signal(number, handle) for number in calls}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
