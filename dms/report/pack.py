"""Packs curves small enough to travel inside a page.

Takes curves, gives a text of a few bits a point: times in whole milliseconds, values in 255 steps between the limits of
their kind, one more step for "unknown"; all of it deflated, in base64. ``assets/report.js`` unpacks it.
"""

import base64
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.report.timeline import DEGREES, EYES, Curves, Values

_STEPS = 254
_UNKNOWN = 255
_DEGREES = (-90.0, 90.0)
_SHARE = (0.0, 1.0)


def pack(curves: Curves) -> dict[str, Any]:
    """Pack curves.

    Returns:
        ``rows``, ``columns`` (``name``, ``low``, ``high`` of each) and ``data``: deflated base64 of the differences of
        the times as little-endian uint32 milliseconds, then each column as uint8.
    """
    ms = np.round(curves.t * 1000).astype(np.int64)
    steps = np.diff(ms, prepend=0).astype("<u4")
    ranges = {name: _DEGREES if name in DEGREES else _SHARE for name in curves.values}
    # byte by byte, since the upper three are nearly always alike
    raw = steps.view(np.uint8).reshape(-1, 4).T.tobytes()
    raw += b"".join(_bytes(values, *ranges[name]) for name, values in curves.values.items())
    return {
        "rows": len(ms),
        "columns": [{"name": name, "low": low, "high": high} for name, (low, high) in ranges.items()],
        "data": deflated(raw),
    }


def deflated(raw: bytes) -> str:
    """Deflated (RFC 1950) and in base64, as browsers inflate it by themselves."""
    return base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def _bytes(values: Values, low: float, high: float) -> bytes:
    known = np.isfinite(values)
    scaled = (np.clip(np.where(known, values, low), low, high) - low) / (high - low) * _STEPS
    return np.where(known, np.round(scaled), _UNKNOWN).astype(np.uint8).tobytes()


def thin(curves: Curves, rows: int, keep_s: Sequence[float] = (), around_s: float = 15.0) -> Curves:
    """Leave points out, but not those between them with the widest open and the most closed eyes.

    Args:
        curves: Curves; without eyes among them every so manyth point is kept.
        rows: How many points to leave, about.
        keep_s: Moments around which everything is kept.
        around_s: How far around them; less where that would be more than half of the points.
    """
    count = len(curves.t)
    if rows >= count:
        return curves
    kept = np.zeros(count, bool)
    for near_s in (around_s, around_s / 2, around_s / 4, around_s / 8):
        kept[:] = False
        for moment in keep_s:
            first, last = np.searchsorted(curves.t, (moment - near_s, moment + near_s))
            kept[first:last] = True
        if kept.sum() <= rows // 2:
            break
    else:
        # too many moments: nothing is special
        kept[:] = False
    left = max(2, rows - int(kept.sum()))
    kept[_extremes(curves, max(1, left // 2))] = True
    return Curves(curves.t[kept], {name: values[kept] for name, values in curves.values.items()})


def _extremes(curves: Curves, groups: int) -> npt.NDArray[np.intp]:
    """In each of so many groups of points, that with the widest open and that with the most closed eyes."""
    eyes = [values for name, values in curves.values.items() if name in EYES]
    if not eyes:
        return np.linspace(0, len(curves.t) - 1, 2 * groups).astype(np.intp)
    closed = np.where(np.isfinite(eyes), eyes, -1.0).max(axis=0)
    edges = np.linspace(0, len(closed), groups + 1).astype(int)
    found = []
    for first, last in pairwise(edges):
        if last > first:
            found += [first + int(closed[first:last].argmin()), first + int(closed[first:last].argmax())]
    return np.unique(np.array(found, np.intp))
