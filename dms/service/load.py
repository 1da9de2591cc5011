"""Sheds load when the processor is hot or frames are lost, in steps, and takes it up again.

Takes the time, the camera's counts and a thermal zone, gives a ``Load``. Judges no driver and knows no model: who runs
the models asks for the level.
"""

import logging
from collections.abc import Callable
from enum import IntEnum

log = logging.getLogger(__name__)

HOT_C = 80.0
"""Degrees Celsius from which load is shed: a Raspberry Pi slows its processor down from here (its documentation on
frequency management)."""

COOL_C = 75.0
"""Degrees Celsius below which load is taken up again."""

LOST = 0.2
"""Share of the frames that a newer one replaced unseen from which load is shed."""

KEPT = 0.05
"""Share up to which load is taken up again."""

DOWN_S = 5.0
"""Seconds over which the share is taken, and least time between two steps down: what a step does takes a while."""

UP_S = 30.0
"""Seconds without heat and loss before each step up."""


class Load(IntEnum):
    """What is left out, each step with those before it. Eyes are seen in every frame that is seen."""

    ALL = 0
    """Nothing is left out."""
    LESS_EMOTION = 1
    LESS_MOUTH = 2
    LESS_FRAMES = 3
    """Every other frame is not looked at."""


class LoadShedder:
    """Decides on the load from time to time.

    Args:
        temperature_c: Reads the processor's temperature, None where there is no sensor.
    """

    def __init__(self, temperature_c: Callable[[], float | None]) -> None:
        self._temperature_c = temperature_c
        self._begun: tuple[float, int, int] | None = None
        self._calm_since = 0.0
        self.load = Load.ALL

    def update(self, now: float, frames: int, dropped: int) -> Load:
        """Decide anew, at most every ``DOWN_S``.

        Args:
            now: Monotonic seconds.
            frames: Frames captured so far.
            dropped: How many of them were replaced by a newer one unseen.
        """
        if self._begun is None or frames < self._begun[1]:
            self._begun, self._calm_since = (now, frames, dropped), now
        began, frames_before, dropped_before = self._begun
        if now - began < DOWN_S:
            return self.load
        self._begun = now, frames, dropped
        lost = (dropped - dropped_before) / max(1, frames - frames_before)
        temperature = self._temperature_c()
        if lost >= LOST or (temperature is not None and temperature >= HOT_C):
            self._calm_since = now
            self._step(+1, lost, temperature)
        elif lost > KEPT or (temperature is not None and temperature >= COOL_C):
            self._calm_since = now
        elif now - self._calm_since >= UP_S:
            self._calm_since = now
            self._step(-1, lost, temperature)
        return self.load

    def _step(self, by: int, lost: float, temperature: float | None) -> None:
        load = Load(max(Load.ALL, min(self.load + by, Load.LESS_FRAMES)))
        if load is not self.load:
            heat = "" if temperature is None else f", {temperature:.0f} degrees Celsius"
            log.warning("load: %s after %s (%.0f %% of frames lost%s)", load.name, self.load.name, 100 * lost, heat)
        self.load = load
