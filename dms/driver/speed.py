"""The vehicle's speed while it is fresh enough to speak for now.

Takes ``VehicleSpeed`` inputs, gives a speed or None: without one there is no gate.
"""

from math import isfinite

from dms.driver.inputs import VehicleSpeed


class SpeedHold:
    """The latest speed.

    Args:
        hold_s: How long a speed counts, seconds.
    """

    __slots__ = ("_hold_s", "_latest")

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._latest: VehicleSpeed | None = None

    def reset(self) -> None:
        """The clock has jumped: no speed is known."""
        self._latest = None

    def update(self, speed: VehicleSpeed) -> None:
        """Take a speed.

        Raises:
            ValueError: It is not a number, or negative.
        """
        if speed.kmh is not None and not (isfinite(speed.kmh) and speed.kmh >= 0.0):
            raise ValueError(f"a speed is 0 km/h or more, not {speed.kmh}")
        self._latest = speed

    def kmh(self, t: float) -> float | None:
        """The speed at time ``t``, None when it is absent or too old."""
        if self._latest is None or t - self._latest.t > self._hold_s:
            return None
        return self._latest.kmh
