"""What ``dms check`` says of a daemon that runs already: it holds the camera, and knows best.

Takes a configuration, asks over the local socket, gives verdicts in words.
"""

from dms.config import Config
from dms.service.folder import asked_folder
from dms.service.problems import Verdict
from dms.service.status import Status, ask_status

_CAMERA_PARTS = frozenset({"camera", "driver", "frame rate"})
"""The parts of a status that are about what the camera shows."""


def running_daemon(config: Config) -> Status | None:
    """Return how the daemon of this configuration is doing; None when none runs.

    Raises:
        WorldError: One runs and cannot be asked.
    """
    status = ask_status(asked_folder(config))
    return status if status.running else None


def said_of_camera(status: Status) -> tuple[Verdict, str]:
    """Return what the daemon that holds the camera makes of it."""
    for problem in status.problems:
        if problem.part in _CAMERA_PARTS:
            # an empty seat is no fault of this machine's
            verdict: Verdict = "warning" if problem.part == "driver" else problem.verdict
            return verdict, f"the running daemon holds it: {problem.text}; {problem.advice}"
    camera = None if status.health is None else status.health.camera
    if camera is None or camera.width is None:
        return "warning", "the running daemon holds it, and has had no picture so far"
    condition = "not judged yet" if status.driver is None else status.driver.condition
    rate = f"{camera.frames_per_s or 0.0:.1f} pictures/s"
    return "ok", f"the running daemon holds it: {camera.width}x{camera.height}, {rate}, the driver is {condition}"


def said_of_daemon(status: Status) -> tuple[Verdict, str]:
    """Return what is wrong with the rest of it, in a line."""
    rest = [problem for problem in status.problems if problem.part not in _CAMERA_PARTS]
    pid = "?" if status.daemon is None else status.daemon.pid
    if rest:
        told = "; ".join(f"{problem.part}: {problem.text} ({problem.advice})" for problem in rest)
        return rest[0].verdict, f"process {pid} runs, but {told}"
    return "ok", f"process {pid} runs (dms status)"
