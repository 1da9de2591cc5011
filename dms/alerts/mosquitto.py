"""A Mosquitto of our own, where one is installed: for `dms demo` and `dms bench delivery`."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dms.errors import WorldError

_PATIENCE_S = 10.0


def find_mosquitto() -> str | None:
    """Return where the broker's program is; None where it is not installed. Debian puts it where users do not look."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def mosquitto() -> Iterator[int | None]:
    """Run a Mosquitto on a free port of loopback; yields the port, None where it is not installed.

    Raises:
        WorldError: It does not start.
    """
    program = find_mosquitto()
    if program is None:
        yield None
        return
    port = free_port()
    # without a configuration file Mosquitto 2 listens on loopback only and lets everybody in
    broker = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not _answers(port):
            if broker.poll() is not None or time.monotonic() > deadline:
                raise WorldError(f"{program} was started for this and does not answer: does it run by hand?")
            time.sleep(0.02)
        yield port
    finally:
        broker.terminate()
        broker.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False
