"""Bright reflections over an eye: lamps, stripes of light and windows in glasses, and how much of the eye they hide.

Takes (32, 32) uint8 patches as ``perception.eyes.eye_patch`` cuts them, gives patches of the same size with the share
of the eye that cannot be seen any more. Dark lenses and things in front of an eye are not its matter.
"""

import cv2
import numpy as np
import numpy.typing as npt

from dms.perception.eyes import FRAMING, SIZE, Picture

Mask = npt.NDArray[np.float64]

EYE = SIZE / FRAMING
"""Distance of the eye's corners in pixels of a patch."""

OPENING = 0.2
"""Half the height of the opening between the lids over the distance of the corners, of an eye that is wide open."""

_Y, _X = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
_WHERE = np.exp(-((_X / (0.42 * EYE)) ** 2) - (_Y / (1.1 * OPENING * EYE)) ** 2)
"""How much each pixel shows of the eye: most between the lids, nothing beyond the corners."""


def reflected(patch: Picture, rng: np.random.Generator) -> tuple[Picture, float]:
    """Draw a reflection over an eye.

    Args:
        patch: (32, 32) uint8.
        rng: All randomness.

    Returns:
        The patch with an ellipse, a stripe, a window or a few lamps over it, and the share 0..1 of the eye that is
        hidden: a reflection that lets the eye shine through hides less of it.
    """
    shape: Mask = (ellipse, stripe, window, lamps)[rng.choice(4, p=(0.45, 0.25, 0.15, 0.15))](rng)
    opacity, level = 1 - 0.6 * rng.random() ** 2, rng.uniform(185, 256)
    slope = rng.uniform(-25, 25, 2) / SIZE
    light = level + slope[0] * _X + slope[1] * _Y
    share = np.asarray(cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.3, 1.6)) * opacity, np.float64)
    drawn = (patch * (1 - share) + light * share).clip(0, 255).astype(np.uint8)
    lost = ((share - 0.5) / 0.35).clip(0, 1)
    return drawn, float((lost * _WHERE).sum() / _WHERE.sum())


def ellipse(rng: np.random.Generator) -> Mask:
    """Return a lamp's or the sky's ellipse, from a glint to one larger than the eye, anywhere near it."""
    across = EYE * rng.uniform(0.1, 0.75)
    along, beside = _turned(rng, spread=0.2)
    return np.asarray((along / across) ** 2 + (beside / (across * rng.uniform(0.3, 1))) ** 2 < 1, np.float64)


def stripe(rng: np.random.Generator) -> Mask:
    """Return a band of light from edge to edge, in any direction."""
    _, beside = _turned(rng, spread=0.2)
    return np.asarray(np.abs(beside) < EYE * rng.uniform(0.04, 0.3), np.float64)


def window(rng: np.random.Generator) -> Mask:
    """Return a bright rectangle with bars across it."""
    width, height = EYE * rng.uniform(0.15, 0.7), EYE * rng.uniform(0.12, 0.5)
    along, beside = _turned(rng, spread=0.2)
    pane = (np.abs(along) < width) & (np.abs(beside) < height)
    bar = rng.uniform(0.5, 1.5)
    bars = (np.abs(along - width * rng.uniform(-0.5, 0.5)) < bar) | (np.abs(beside) < bar * rng.integers(0, 2))
    return np.asarray(pane & ~bars, np.float64)


def lamps(rng: np.random.Generator) -> Mask:
    """Two to five small glints: headlights, or the light sources of an infrared camera."""
    mask: Mask = np.zeros((SIZE, SIZE))
    for _ in range(rng.integers(2, 6)):
        x, y = rng.normal(0, 0.35 * EYE), rng.normal(0, 0.25 * EYE)
        mask[(_X - x) ** 2 + (_Y - y) ** 2 < rng.uniform(0.8, 3.5) ** 2] = 1
    return mask


def _turned(rng: np.random.Generator, spread: float) -> tuple[Mask, Mask]:
    """Distances along and beside an axis of a random direction through a point near the middle of the eye."""
    angle = rng.uniform(0, np.pi)
    x, y = _X - rng.normal(0, spread * EYE), _Y - rng.normal(0, spread * EYE * 0.7)
    return np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
