"""Lids that are down: what the net and the edges say together, and when they are asked."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.errors import UserError
from dms.models import ModelFile, find_model
from dms.perception.eyes import BothEyes, EyeNet, normalise
from dms.perception.lid_edges import LENGTH, LidEdges
from dms.perception.lids import LIDS_DOWN, LidNet, lids_down, lowered_by

from .drawn import eye

UP, DOWN = LIDS_DOWN - 0.1, LIDS_DOWN + 0.1
GOLDEN = {0.0: 0, 0.3: 39, 0.5: 200, 0.7: 249}
"""How far a drawn eye is open to the shipped net's answer in steps of 1/256, on tflite-runtime 2.14 and x86-64."""


def shut_lids(below: int) -> npt.NDArray[np.uint8]:
    """A drawn eye whose lids are down, moved down by so many pixels."""
    return np.roll(eye(0.0), below, axis=0)


@pytest.fixture(scope="module")
def net() -> LidNet:
    return LidNet(find_model("lids"))


@pytest.mark.parametrize(
    ("left", "right", "down"),
    [
        (DOWN, DOWN, True),
        (UP, DOWN, False),
        (UP, UP, False),
        # an eye that is not known has no say
        (DOWN, None, True),
        (None, UP, False),
        (None, None, False),
    ],
)
def test_lids_are_down_where_every_known_eye_has_them_down(
    left: float | None, right: float | None, *, down: bool
) -> None:
    assert lids_down(BothEyes(left, right, ())) is down


def test_net_and_edges_of_both_eyes_answer_together(net: LidNet, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = normalise(shut_lids(-4)), normalise(shut_lids(4))
    says = {one.tobytes(): 0.9, other.tobytes(): 0.2}
    monkeypatch.setattr(net._model, "run_few", lambda patch: [says[patch.tobytes()]])
    edges = LidEdges(find_model("lids").weights("lid_edges", LENGTH + 1))
    of_one, of_other = (lowered_by(says[patch.tobytes()], edges.lowered(patch)) for patch in (one, other))
    assert of_one == pytest.approx(2 / 3 * 0.9 + edges.lowered(one) / 3)
    assert net.lowered([[one]]) == pytest.approx(of_one)
    assert net.lowered([[one], [other]]) == pytest.approx((of_one + of_other) / 2)


def test_of_an_eye_with_and_without_its_bright_spot_the_lesser_answers_count(
    net: LidNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_spot, without = normalise(shut_lids(-6)), normalise(shut_lids(6))
    says = {with_spot.tobytes(): (0.9, 0.2), without.tobytes(): (0.1, 0.7)}
    monkeypatch.setattr(net._model, "run_few", lambda patch: [says[patch.tobytes()][0]])
    monkeypatch.setattr(net._edges, "lowered", lambda patch: says[patch.tobytes()][1])
    assert net.lowered([(with_spot, without)]) == pytest.approx(lowered_by(0.1, 0.2))


def test_a_bright_spot_does_not_make_shut_lids_lowered(net: LidNet, monkeypatch: pytest.MonkeyPatch) -> None:
    spotted = eye(0.0)
    spotted[14:18, 12:16] = 255
    as_it_is = normalise(spotted).tobytes()
    monkeypatch.setattr(net._model, "run_few", lambda patch: [0.9 if patch.tobytes() == as_it_is else 0.1])
    (patches, *_) = EyeNet(find_model("eyes")).look(spotted, spotted).upright
    assert len(patches) == 2, "as it is, and with the spot filled"
    assert net.lowered([patches]) == pytest.approx(net.lowered([patches[1:]]))
    assert net.lowered([patches]) < net.lowered([patches[:1]]) - 0.3


def test_only_eyes_whose_state_is_known_are_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    eyes, known, hidden = EyeNet(find_model("eyes")), eye(0.0), eye(0.5)
    says = {normalise(known).tobytes(): (0.1, 0.85, 0.05), normalise(hidden).tobytes(): (0.05, 0.05, 0.9)}
    monkeypatch.setattr(eyes, "_asked", lambda patch: says[patch.tobytes()])
    seen = eyes.look(known, hidden)
    assert (seen.left is None, seen.right) == (False, None)
    assert [len(patches) for patches in seen.upright] == [1]
    assert np.array_equal(seen.upright[0][0], normalise(known))
    assert eyes.look(hidden, hidden).upright == ()


@pytest.mark.parametrize("opening", GOLDEN)
def test_golden_answers(net: LidNet, opening: float) -> None:
    """Runtimes and processors differ by up to 5 INT8 steps of 1/256 (docs/aarch64.md)."""
    (by_net,) = net._model.run_few(normalise(eye(opening)))
    assert by_net == pytest.approx(GOLDEN[opening] / 256, abs=5.5 / 256)


def test_a_card_without_the_weights_for_edges_is_refused() -> None:
    shipped = find_model("lids")
    weights = shipped.card["weights"]["lid_edges"]
    wrong: Any
    for wrong in (
        {},
        {"lid_edges": [float("nan"), *weights[1:]]},
        {"lid_edges": weights[1:]},
        {"lid_edges": [*weights[1:], "much"]},
        {"lid_edges": 1.0},
        None,
    ):
        with pytest.raises(UserError, match=r"no weights\.lid_edges: train the model again"):
            LidNet(ModelFile("lids", shipped.path, {**shipped.card, "weights": wrong}))


def test_a_model_of_another_shape_is_refused() -> None:
    eyes, lids = find_model("eyes"), find_model("lids")
    with pytest.raises(UserError, match="gives outputs of shapes"):
        LidNet(ModelFile("lids", eyes.path, lids.card))
