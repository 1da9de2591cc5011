"""Learning rates and early stopping; skipped without the extra ``train``."""

import importlib.util
from typing import Literal

import pytest

if importlib.util.find_spec("torch") is None:
    pytest.skip("needs the extra train", allow_module_level=True)

import torch

from dms.training.optim import Cosine, Plateau, schedule, stalled

pytestmark = pytest.mark.train


def test_schedule_rises_to_its_peak_and_falls() -> None:
    rates = [schedule(step, 100, 10) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.02


def test_cosine_follows_the_schedule_whatever_the_scores() -> None:
    method = Cosine(learning_rate=0.1, warm_up_epochs=1)
    assert method.rate(9, 10, 10, []) == method.rate(9, 10, 10, [1.0, 0.0]) == pytest.approx(0.1)
    assert not method.stops([0.0] * 100)


def test_the_rate_is_cut_at_each_stall_and_stays_cut() -> None:
    method = Plateau(learning_rate=1.0, patience=2, factor=0.1)

    def rate(*scores: float) -> float:
        return method.rate(0, 1, 100, scores)

    assert rate() == rate(1) == rate(1, 0) == rate(1, 0, 2, 1) == 1
    assert rate(1, 0, 1) == pytest.approx(0.1), "as good is not better"
    assert rate(1, 0, 1, 2, 3) == pytest.approx(0.1)
    assert rate(1, 0, 1, 0, 1) == rate(1, 0, 1, 2, 1, 1) == pytest.approx(0.01)


def test_it_agrees_with_pytorchs_scheduler() -> None:
    scores = [0.1, 0.3, 0.2, 0.3, 0.1, 0.4, 0.4, 0.2, 0.1, 0.1, 0.5]
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    # PyTorch waits for one epoch more than Keras, whose patience the papers mean
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "max", patience=1, threshold=0)
    for number, score in enumerate(scores, start=1):
        theirs.step(score)
        ours = Plateau(learning_rate=1.0, patience=2).rate(0, 1, 100, scores[:number])
        assert ours == pytest.approx(optimiser.param_groups[0]["lr"])


def test_it_stops_after_so_many_epochs_without_a_better_score() -> None:
    method = Plateau(stop_after=3)
    assert not method.stops([])
    assert not method.stops([1, 0, 0, 2, 1, 1])
    assert method.stops([1, 0, 0, 2, 1, 1, 2])
    assert not Plateau().stops([1] + [0] * 100)


def test_stretches_without_a_better_score() -> None:
    assert stalled([]) == [0]
    assert stalled([1, 0, 0, 2, 3, 1]) == [0, 2, 0, 1]


@pytest.mark.parametrize("name", ["adam", "sgd", "rmsprop"])
def test_every_optimiser_goes_down(name: Literal["adam", "sgd", "rmsprop"]) -> None:
    weight = torch.ones(3, requires_grad=True)
    optimiser = Plateau(name, learning_rate=0.05).optimiser([weight])
    for _ in range(20):
        optimiser.zero_grad()
        (weight**2).sum().backward()
        optimiser.step()
    assert weight.abs().max() < 0.9
