"""Colours and letters of an overlay."""

import cv2

from dms.driver.state import Condition
from dms.frames import Image

Colour = tuple[int, int, int]
"""Blue, green, red, 0..255."""

WHITE: Colour = (255, 255, 255)
GREY: Colour = (170, 170, 170)
GREEN: Colour = (120, 220, 90)
AMBER: Colour = (60, 190, 255)
RED: Colour = (70, 70, 255)
BLUE: Colour = (233, 180, 86)
CONDITIONS = {
    Condition.UNKNOWN: GREY,
    Condition.ATTENTIVE: GREEN,
    Condition.FATIGUED: RED,
    Condition.DEGRADED: AMBER,
}
"""Colour of each condition, which is also written."""


def text(image: Image, words: str, y: int, colour: Colour, size: float = 0.46, weight: int = 1, x: int = 14) -> None:
    """Write words; ``y`` is their base line."""
    cv2.putText(image, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, weight, cv2.LINE_AA)
