"""How a net is taught: the optimiser, its learning rate over time, and when to stop.

``Cosine`` is what the shipped nets are trained with, ``Plateau`` what the papers of ``dms.training.papers`` name. Both
judge by the epochs' scores alone and keep nothing between calls, so that a resumed run goes on as if it never stopped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch

OptimiserName = Literal["adam", "sgd", "rmsprop"]


class Method(Protocol):
    """What ``fit`` asks of a way to train."""

    @property
    def average(self) -> float:
        """Decay per step of the average of the weights; 0 takes the weights as they are."""
        ...

    def optimiser(self, parameters: Sequence[Any]) -> torch.optim.Optimizer:
        """Return the optimiser of these tensors."""
        ...

    def rate(self, step: int, steps_per_epoch: int, epochs: int, scores: Sequence[float]) -> float:
        """The learning rate of a step, counted from the first epoch's first; ``scores`` are of the epochs before."""
        ...

    def stops(self, scores: Sequence[float]) -> bool:
        """Return whether to stop after epochs with these scores."""
        ...


@dataclass(frozen=True, slots=True)
class Cosine:
    """AdamW with warm-up and cosine decay (Loshchilov & Hutter 2019), with an average of the weights.

    Attributes:
        learning_rate: Peak of the schedule.
        weight_decay: Decoupled decay of kernels; biases and normalisation have none.
        average: Decay per step of the weight average.
        warm_up_epochs: Epochs of linear rise to the peak.
    """

    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    average: float = 0.999
    warm_up_epochs: float = 1.0

    def optimiser(self, parameters: Sequence[Any]) -> torch.optim.Optimizer:
        """AdamW in two groups, with and without decay."""
        return torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.weight_decay},
                {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=self.learning_rate,
            betas=(0.9, 0.99),
            fused=True,
        )

    def rate(self, step: int, steps_per_epoch: int, epochs: int, scores: Sequence[float]) -> float:
        """On the schedule, whatever the scores."""
        return self.learning_rate * schedule(step, epochs * steps_per_epoch, self.warm_up_epochs * steps_per_epoch)

    def stops(self, scores: Sequence[float]) -> bool:
        """Never: the schedule ends by itself."""
        return False


@dataclass(frozen=True, slots=True)
class Plateau:
    """A constant rate that is cut when the score stalls, and early stopping; the weights as they are.

    Attributes:
        name: Adam, SGD with Nesterov momentum of 0.9, or RMSprop.
        learning_rate: At the start.
        patience: Epochs without a better score until the rate is cut; None never cuts it.
        factor: What it is cut by.
        stop_after: Epochs without a better score until training stops; None never stops it.
    """

    name: OptimiserName = "adam"
    learning_rate: float = 1e-3
    patience: int | None = None
    factor: float = 0.1
    stop_after: int | None = None

    @property
    def average(self) -> float:
        """No average."""
        return 0.0

    def optimiser(self, parameters: Sequence[Any]) -> torch.optim.Optimizer:
        """Return the one that is named, otherwise as PyTorch has it."""
        match self.name:
            case "adam":
                return torch.optim.Adam(parameters, self.learning_rate, fused=True)
            case "sgd":
                return torch.optim.SGD(parameters, self.learning_rate, momentum=0.9, nesterov=True)
            case "rmsprop":
                return torch.optim.RMSprop(parameters, self.learning_rate)

    def rate(self, step: int, steps_per_epoch: int, epochs: int, scores: Sequence[float]) -> float:
        """Return the first rate, cut once for each stall of ``patience`` epochs."""
        stalls = 0 if self.patience is None else sum(n // self.patience for n in stalled(scores))
        return self.learning_rate * self.factor**stalls

    def stops(self, scores: Sequence[float]) -> bool:
        """After ``stop_after`` epochs that were no better than the best one before them."""
        return self.stop_after is not None and bool(scores) and stalled(scores)[-1] >= self.stop_after


def stalled(scores: Sequence[float]) -> list[int]:
    """Lengths of the stretches of epochs that each follow a best score without a better one."""
    best, lengths = -math.inf, [0]
    for score in scores:
        if score > best:
            best = score
            lengths.append(0)
        else:
            lengths[-1] += 1
    return lengths


def schedule(step: int, total: int, warm_up: float) -> float:
    """Return the share of the peak learning rate at a step: linear rise, then half a cosine down to 1 %."""
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(1.0, total - warm_up)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
