"""The colours and words of a report, for the page and for pictures alike.

The palette of Okabe and Ito (2008), which colour-blind people tell apart; what matters is also shown by text, shape or
hatch. Takes and gives nothing but constants.
"""

from collections.abc import Mapping
from dataclasses import dataclass

BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, VERMILLION, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
INK, PALE, GREY = "#22272e", "#d8dee4", "#8c959f"

TONES: Mapping[str, str] = {
    "label": SKY,
    # alerts, from the mildest
    "drowsy": YELLOW,
    "microsleep": ORANGE,
    "asleep": VERMILLION,
    "unresponsive": "#9b2d00",
    "irritated": PURPLE,
    "angry": "#a0426f",
    "eyes_off_road": "#7fb2a6",
    # conditions
    "attentive": "#b7e1d3",
    "fatigued": VERMILLION,
    "degraded": ORANGE,
    "unknown": PALE,
    # eyes
    "closed": BLUE,
}
"""Colour of each tone of a span."""
HATCHED = frozenset({"degraded", "unknown"})
"""Tones that say that nothing is known: hatched, so that they are recognised without colour too."""


@dataclass(frozen=True, slots=True)
class Line:
    """How one curve is drawn.

    Attributes:
        name: The curve.
        text: What it is called.
        colour: Its colour.
        dash: How its line is broken.
        slow: Whether it is an average over seconds.
    """

    name: str
    text: str
    colour: str
    dash: str = "solid"
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of several curves.

    Attributes:
        title: What it shows.
        lines: Its curves.
        low: Lower end of its axis.
        high: Upper end; of PERCLOS the least that it is.
    """

    title: str
    lines: tuple[Line, ...]
    low: float = 0.0
    high: float = 1.0


PERCLOS = "PERCLOS"

PANELS = (
    Panel("eyes closed", (Line("right_eye", "right eye", BLUE), Line("left_eye", "left eye", ORANGE))),
    Panel(PERCLOS, (Line("perclos", "PERCLOS", VERMILLION, slow=True),), high=0.2),
    Panel(
        "emotions",
        (
            Line("anger_score", "anger above rest", BLACK, "dashed", slow=True),
            Line("anger", "anger", VERMILLION, slow=True),
            Line("happiness", "happiness", GREEN, slow=True),
            Line("sadness", "sadness", BLUE, slow=True),
            Line("surprise", "surprise", ORANGE, slow=True),
            Line("fear", "fear", PURPLE, slow=True),
            Line("disgust", "disgust", YELLOW, slow=True),
            Line("contempt", "contempt", SKY, slow=True),
            Line("neutral", "neutral", GREY, slow=True),
        ),
    ),
    Panel(
        "head, degrees",
        (Line("yaw", "yaw", BLUE), Line("pitch", "pitch", VERMILLION), Line("roll", "roll", GREY)),
        low=-60.0,
        high=60.0,
    ),
    Panel(
        "gaze and mouth",
        (
            Line("looking_down", "looking down", GREEN),
            Line("yawn", "yawn", PURPLE),
            Line("valid_share", "eyes known, 1 min", INK, "dashed", slow=True),
        ),
    ),
)
"""The charts below the lanes, from the top."""
