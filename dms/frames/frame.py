"""One picture with its time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A picture: (height, width, 3) in BGR order or (height, width) grey, values 0..255."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture and when it was taken.

    Attributes:
        t: Seconds on the source's own clock: presentation time for a recording, monotonic time for a camera.
            Never decreases within one source.
        image: (height, width, 3) BGR or (height, width) grey, uint8.
    """

    t: float
    image: Image
