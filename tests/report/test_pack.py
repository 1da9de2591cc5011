"""Curves come out of a page as they went in, to a step; thinned ones keep what matters."""

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.report.pack import pack, thin
from dms.report.timeline import FAST, Curves

STEP = 1 / 254
NUMBER = st.one_of(st.just(float("nan")), st.floats(0, 1, width=32))


def unpack(packed: dict[str, object]) -> Curves:
    """As ``assets/report.js`` does it."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(str(packed["data"]))), np.uint8)
    rows = int(str(packed["rows"]))
    columns = packed["columns"]
    assert isinstance(columns, list)
    table = raw.reshape(4 + len(columns), rows)
    steps = sum(table[byte].astype(np.int64) << 8 * byte for byte in range(4))
    values = {}
    for number, column in enumerate(columns, 4):
        scaled = column["low"] + table[number] / 254 * (column["high"] - column["low"])
        values[column["name"]] = np.where(table[number] == 255, np.nan, scaled).astype(np.float32)
    return Curves(np.cumsum(steps) / 1000, values)


@given(st.lists(st.tuples(st.floats(0.001, 100_000), NUMBER, NUMBER), min_size=1, max_size=50))
def test_what_is_packed_comes_out_again(rows: list[tuple[float, float, float]]) -> None:
    t = np.cumsum([row[0] for row in rows])
    left, right = (np.array([row[column] for row in rows], np.float32) for column in (1, 2))
    out = unpack(pack(Curves(t, {"left_eye": left, "yaw": (right - 0.5) * 180})))
    assert out.t == pytest.approx(t, abs=0.00051)
    for name, values, step in (("left_eye", left, STEP), ("yaw", (right - 0.5) * 180, 180 * STEP)):
        assert (np.isnan(out.values[name]) == np.isnan(values)).all()
        assert np.nan_to_num(out.values[name]) == pytest.approx(np.nan_to_num(values), abs=step / 2 + 1e-4)


def test_thinned_curves_keep_every_blink_and_all_around_a_mark() -> None:
    t = np.arange(36_000) / 10
    eyes = np.zeros(len(t), np.float32)
    eyes[500::1000] = 1.0
    values = {name: eyes if name in ("left_eye", "right_eye") else np.zeros(len(t), np.float32) for name in FAST}
    thinned = thin(Curves(t, values), 3600, [1800.0])
    assert len(thinned.t) <= 3600
    assert (thinned.values["left_eye"] == 1.0).sum() == 36
    around = t[(t >= 1785) & (t < 1815)]
    assert np.isin(around, thinned.t).all()
    assert (np.diff(thinned.t) > 0).all()


def test_curves_with_few_points_stay_whole() -> None:
    curves = Curves.none(FAST)
    assert thin(curves, 0) is curves
    assert unpack(pack(curves)).t.size == 0
