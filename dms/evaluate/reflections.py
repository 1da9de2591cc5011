"""The eye model on eyes behind bright reflections, as glasses show them.

Takes a folder with ``closed/`` and ``open/``, draws ellipses, a stripe and a window over both eyes of each person, and
reports what the model says of the pair, judged together as the daemon judges them. Training draws others.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.driver import EyesSettings
from dms.datasets.layouts import eye_files
from dms.datasets.pictures import person_of
from dms.datasets.reading import Reading
from dms.errors import UserError
from dms.evaluate.eyes import resize
from dms.models import ModelFile
from dms.perception.eyes import SIZE, EyeNet, Picture

EYE_SHARE = 0.77
"""Distance of the eye's corners over the side of a patch: as CEW frames its eyes."""

LEVEL, LEAST_OPACITY, TURN = 250, 0.85, 20.0
"""Grey level of a reflection, how much it hides at least, and how it is turned, in degrees."""

AS_THEY_ARE = "none"
VERDICTS = ("open", "closed", "unknown")
_LIMITS = EyesSettings()
"""From which the daemon calls eyes closed and up to which open, before it knows the driver."""

Point = tuple[float, float]
Pair = tuple[Picture, Picture]


class Shape(Protocol):
    """Draws a reflection in white on a black mask, over an eye of a width in pixels."""

    def __call__(self, mask: Picture, centre: Point, width: float) -> None:
        """Draw."""
        ...


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse; one far longer than the eye is a stripe.

    Attributes:
        along: Half of the longer axis over the eye's width.
        across: Half of the shorter one.
    """

    along: float
    across: float

    def __call__(self, mask: Picture, centre: Point, width: float) -> None:
        """Draw."""
        axes = (2 * self.along * width, 2 * self.across * width)
        cv2.ellipse(mask, (centre, axes, TURN), (255,), -1, cv2.LINE_AA)


def window(mask: Picture, centre: Point, width: float) -> None:
    """Draw a window of four panes."""
    turn = np.radians(TURN)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    for x in (-0.27 * width, 0.27 * width):
        for y in (-0.2 * width, 0.2 * width):
            middle = (centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y)
            pane = cv2.boxPoints((middle, (0.45 * width, 0.32 * width), TURN))
            cv2.fillConvexPoly(mask, pane.astype(np.int32), (255,), cv2.LINE_AA)


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "ellipse": Ellipse(0.6, 0.3),
        "half_ellipse": Ellipse(0.3, 0.15),
        "glint": Ellipse(0.12, 0.08),
        "stripe": Ellipse(8.0, 0.15),
        "window": window,
    }
)
"""By name; half-axes over the eye's width."""


@dataclass(frozen=True, slots=True)
class ReflectionsReport:
    """What was measured.

    Attributes:
        data: The folder.
        model: The model file.
        open: Pairs of open eyes called ``open``, ``closed`` (every known eye is) and ``unknown`` (none is known, or the
            one that is least closed is neither), by reflection; ``none`` is without one.
        closed: The same of pairs of closed eyes.
        left_out: Pictures that were not measured on.
        warnings: A line for each reason why.
    """

    data: str
    model: str
    open: dict[str, dict[str, int]]
    closed: dict[str, dict[str, int]]
    left_out: int
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def text(self) -> str:
        """Return everything for people."""
        lines = [f"{self.model} on {self.data}, both eyes of a person behind the same reflection"]
        for state, answers in (("open", self.open), ("closed", self.closed)):
            lines += ["", f"{sum(answers[AS_THEY_ARE].values())} pairs of {state} eyes"]
            lines += [
                f"{name:>12}  " + "  ".join(f"{verdict} {count}" for verdict, count in counts.items())
                for name, counts in answers.items()
            ]
        return "\n".join(lines)


def evaluate(data: Path, model: ModelFile) -> ReflectionsReport:
    """Measure the eye model behind reflections.

    Args:
        data: Folder with ``closed/`` and ``open/``, in which both eyes of a person bear the person's name.
        model: The shipped model or another with its shapes.

    Raises:
        UserError: The folder is not in this layout, nobody in it shows two eyes in one state, or the model cannot be
            run.
    """
    reading, net = Reading(), EyeNet(model)
    eyes: dict[tuple[bool, str], list[Picture]] = {}
    files = [(file, (closed, person_of(file))) for file, closed in eye_files(data)]
    for grey, key in reading.pictures(files, "eyes"):
        eyes.setdefault(key, []).append(resize(grey))
    pairs: dict[bool, list[Pair]] = {False: [], True: []}
    for (closed, group), two in eyes.items():
        if len(two) == 2:
            pairs[closed].append((two[0], two[1]))
        else:
            reading.leave_out(group, "people who do not show two eyes in one state")
    if not any(pairs.values()):
        raise UserError(f"{data} shows nobody with two eyes in one state: a picture's name begins with its person")
    return ReflectionsReport(
        data=str(data),
        model=str(model.path),
        open=answers_of(net, pairs[False]),
        closed=answers_of(net, pairs[True]),
        left_out=reading.left_out,
        warnings=reading.warnings,
    )


def answers_of(net: EyeNet, pairs: list[Pair]) -> dict[str, dict[str, int]]:
    """Return how many pairs are called what, without a reflection and behind each of ``SHAPES``."""
    answers = {AS_THEY_ARE: _counts(net, pairs)}
    middle, width = ((SIZE - 1) / 2, (SIZE - 1) / 2), EYE_SHARE * SIZE
    for name, shape in SHAPES.items():
        rng = np.random.default_rng(0)
        opacities = rng.uniform(LEAST_OPACITY, 1, len(pairs))
        hidden = [
            (reflect(left, [(middle, width)], shape, opacity), reflect(right, [(middle, width)], shape, opacity))
            for (left, right), opacity in zip(pairs, opacities.tolist(), strict=True)
        ]
        answers[name] = _counts(net, hidden)
    return answers


def reflect(
    picture: npt.NDArray[np.uint8], eyes: list[tuple[Point, float]], shape: Shape, opacity: float
) -> npt.NDArray[np.uint8]:
    """Draw a reflection over eyes.

    Args:
        picture: (height, width) or (height, width, channels) uint8; it is not changed.
        eyes: The middle of each and the distance of its corners, in pixels.
        shape: What is drawn.
        opacity: How much of what is behind it is hidden, 0..1.
    """
    mask = np.zeros(picture.shape[:2], np.uint8)
    for centre, width in eyes:
        shape(mask, centre, width)
    share = mask.reshape(*mask.shape, *[1] * (picture.ndim - 2)) / 255 * opacity
    return np.asarray((picture * (1 - share) + LEVEL * share).round(), np.uint8)


def _counts(net: EyeNet, pairs: list[Pair]) -> dict[str, int]:
    counts = Counter(_verdict(net, *pair) for pair in pairs)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def _verdict(net: EyeNet, left: Picture, right: Picture) -> str:
    known = [answer for answer in net.look(left, right)[:2] if answer is not None]
    least = min(known, default=None)
    if least is None or _LIMITS.open_limit < least < _LIMITS.closed_limit:
        return "unknown"
    return "closed" if least >= _LIMITS.closed_limit else "open"
