"""A measurement as a table that can be sent: the machine, what a frame costs there, what means the same elsewhere.

Takes a ``BenchResult``, gives Markdown.
"""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from dms import __version__
from dms.config import PerceptionSettings
from dms.perception.engine import runtime_version
from dms.replay.bench import BenchResult

_BOARD = Path("/proc/device-tree/model")
"""What a board with a device tree calls itself, such as a Raspberry Pi."""
_PROCESSORS = Path("/proc/cpuinfo")
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on.

    Attributes:
        model: The board, or the processor.
        cores: How many it has.
        load: Processes that wanted to run in the last minute, on average.
        system: Operating system, architecture and kernel.
        program: Version of this program, Python and the TFLite runtime.
        temperature_c: Of the first thermal zone before the measurement; None where the machine has none.
    """

    model: str
    cores: int
    load: float
    system: str
    program: str
    temperature_c: float | None

    @classmethod
    def here(cls, settings: PerceptionSettings) -> Self:
        """This one, as it is now."""
        uname = platform.uname()
        try:
            system = platform.freedesktop_os_release()["PRETTY_NAME"]
        except OSError:
            system = uname.system
        return cls(
            model=_model(),
            cores=os.cpu_count() or 1,
            load=round(os.getloadavg()[0], 2),
            system=f"{system}, {uname.machine}, kernel {uname.release}",
            program=f"dms {__version__}, Python {platform.python_version()}, {runtime_version(settings.runtime)}",
            temperature_c=temperature_c(),
        )


@dataclass(frozen=True, slots=True)
class BenchTable:
    """A measurement and the machine that it was made on.

    Attributes:
        machine: As it was before.
        result: What was measured.
        temperature_c: After the measurement.
    """

    machine: Machine
    result: BenchResult
    temperature_c: float | None

    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return self.result.to_json()

    def text(self) -> str:
        """Return everything as Markdown."""
        machine, result = self.machine, self.result
        rows = [
            ("machine", f"{machine.model}, {machine.cores} cores, load {machine.load}"),
            ("system", machine.system),
            ("program", machine.program),
            ("drive", f"{result.source}, {result.frames} frames"),
        ]
        stages = {**result.stages, "whole frame": result.frame}
        rows += [
            (f"{name}, ms", f"{s.median_ms:.2f} (95 % {s.p95_ms:.2f}, {s.runs} runs)") for name, s in stages.items()
        ]
        rows += [
            *result.ratios.rows(),
            ("frames a second on one core", f"{result.fps:.0f}"),
            ("peak memory", f"{result.rss_mb:.0f} MB"),
            ("temperature before and after", f"{_degrees(machine.temperature_c)}, {_degrees(self.temperature_c)}"),
        ]
        return "\n".join(f"| {name} | {value} |" for name, value in [("what", "measured"), ("---", "---"), *rows])


def temperature_c() -> float | None:
    """Return the degrees Celsius of the first thermal zone, None where the machine has none."""
    try:
        return int(_TEMPERATURE.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None


def _degrees(temperature: float | None) -> str:
    return "unknown" if temperature is None else f"{temperature:.0f} °C"


def _model() -> str:
    if _BOARD.exists():
        return _BOARD.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    lines = _PROCESSORS.read_text(encoding="utf-8", errors="replace").splitlines() if _PROCESSORS.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(named, platform.machine())
