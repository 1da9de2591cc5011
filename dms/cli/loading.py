"""Loads what stays for as long as the program runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Leave the garbage collector out, now and later: what is loaded is no garbage.

    It would look through all of it again and again while it grows, which is a tenth of a start, and later between two
    frames.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
