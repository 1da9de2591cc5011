"""The training loop that every recipe shares.

Takes a Keras model on the PyTorch backend, batches of arrays and a loss; gives the weights that did best on the
held-out part, the last weights and the curves, in one folder. A ``Method`` moves the weights; bfloat16 where the
processor is fast at it. Resumes after a stop. Never sees a test set.
"""

import csv
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812

from dms.training.layers import device_of, lay_out_kernels, parameters_of
from dms.training.optim import Cosine, Method
from dms.training.progress import bars

Batch = tuple[npt.NDArray[Any], list[npt.NDArray[Any]]]
"""Pictures (N, height, width, channels), uint8 or float32 in 0..1, and the targets that the loss takes."""

Batches = Callable[[np.random.Generator], Iterable[Batch]]
"""Returns one epoch of batches; all randomness comes from the generator, so that a resumed run repeats itself."""

Loss = Callable[[list[torch.Tensor], list[torch.Tensor]], torch.Tensor]
"""Outputs of the model (float32) and targets to a scalar."""


USUAL = Cosine()
"""How the nets that ship are trained, unless their recipe says otherwise."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller of a recipe may choose.

    Attributes:
        epochs: Passes over the training part; None takes the recipe's own number.
        seed: Start of every random choice.
        resume: Go on from the checkpoint in the output folder, if there is one.
        threads: CPU threads for PyTorch.
        shipped: The INT8 file of an equal net that training goes on from; None starts from random weights.
        leave_out: People for each of whom one more net is made that never saw them.
    """

    epochs: int | None = None
    seed: int = 1
    resume: bool = True
    threads: int = 1
    shipped: Path | None = None
    leave_out: tuple[str, ...] = ()


def fix_seed(seed: int) -> None:
    """Make the first weights of the nets that are built next, and what they drop, repeatable."""
    keras.utils.set_random_seed(seed)


def fit(
    model: Any,
    batches: Batches,
    *,
    loss: Loss,
    epochs: int,
    steps_per_epoch: int,
    out: Path,
    validate: Callable[[Any], dict[str, float]],
    monitor: str,
    method: Method = USUAL,
    options: Options = Options(),
) -> dict[str, float]:
    """Train a model and leave it with its best weights.

    Args:
        model: Keras model; trained where its weights are (CPU or GPU).
        batches: One epoch of batches from a random generator.
        loss: What is minimised.
        epochs: Most epochs, used as given (``options.epochs`` is the recipe's matter).
        steps_per_epoch: Batches that ``batches`` gives; the schedule and the progress bar rest on it.
        out: Folder for ``curves.csv``, ``checkpoint.pt``, ``best.weights.h5`` and ``last.weights.h5``.
        validate: Measures on the held-out part, called after each epoch with the method's average of the weights.
        monitor: The measure that decides which weights are best; higher is better.
        method: Optimiser, learning rate over time, and when to stop before the last epoch.
        options: Seed, resume and threads.

    Returns:
        The best epoch's measures, with ``epoch``.
    """
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    out.mkdir(parents=True, exist_ok=True)
    lay_out_kernels(model)
    optimiser = method.optimiser(parameters_of(model))
    averages = _Average(model, method.average)
    checkpoint = out / "checkpoint.pt"
    curves: list[dict[str, float]] = []
    best = {"epoch": -1.0, monitor: -math.inf}
    if options.resume and checkpoint.is_file():
        # begun on a GPU, it may go on without one
        state = torch.load(checkpoint, map_location="cpu", weights_only=False)
        averages.live_from(state["live"])
        averages.load(state["average"], state["step"])
        optimiser.load_state_dict(state["optimiser"])
        curves, best = state["curves"], state["best"]
    device = device_of(model)
    with bars() as progress, _without_denormals():
        for epoch in range(len(curves), epochs):
            scores = [row[monitor] for row in curves]
            if method.stops(scores):
                break
            began = time.monotonic()
            made = batches(np.random.default_rng((options.seed, epoch)))
            task = progress.add_task(f"epoch {epoch + 1}/{epochs}", total=steps_per_epoch)
            losses = []
            for index, batch in enumerate(made if device.type == "cpu" else ahead(made)):
                rate = method.rate(epoch * steps_per_epoch + index, steps_per_epoch, epochs, scores)
                for group in optimiser.param_groups:
                    group["lr"] = rate
                losses.append(_step(model, batch, loss, optimiser, device))
                averages.update()
                progress.advance(task)
            with averages.in_place():
                measures = validate(model)
                # of two that do as well, the later: it has learned more, and where nothing is measured it is the last
                if measures[monitor] >= best[monitor]:
                    best = {"epoch": epoch + 1, **measures}
                    model.save_weights(out / "best.weights.h5")
                model.save_weights(out / "last.weights.h5")
            row = {"epoch": epoch + 1, "loss": float(torch.stack(losses).mean())}
            row |= {"seconds": time.monotonic() - began, **measures}
            curves.append(row)
            state = {
                "live": averages.live(),
                "average": averages.shadow,
                "step": averages.steps,
                "optimiser": optimiser.state_dict(),
                "curves": curves,
                "best": best,
            }
            # a power cut while writing must not cost the checkpoint before
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
            _write(out / "curves.csv", curves)
            progress.remove_task(task)
            progress.console.print("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
    model.load_weights(out / "best.weights.h5")
    return best


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Denormal numbers count as zero inside the block.

    Adam's means of kernels that nothing moves fade into them, and a CPU is ten times slower at them. Others in the
    process may need them.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _step(model: Any, batch: Batch, loss: Loss, optimiser: torch.optim.Optimizer, device: torch.device) -> torch.Tensor:
    """Learn from one batch; returns the loss as a scalar that stays on the device, where nobody waits for it."""
    pictures, targets = batch
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_pays(device)):
        outputs = model(as_input(pictures, device), training=True)
    value = loss([o.float() for o in as_list(outputs)], [torch.as_tensor(t).to(device) for t in targets])
    optimiser.zero_grad()
    value.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], 5.0)
    optimiser.step()
    return value.detach()


def ahead(batches: Iterable[Batch], count: int = 4) -> Iterator[Batch]:
    """Yield the same batches in the same order, made in a thread while a GPU works on those before."""
    source = iter(batches)
    with ThreadPoolExecutor(1) as maker:
        waiting = deque(maker.submit(next, source, None) for _ in range(count))
        while (batch := waiting.popleft().result()) is not None:
            waiting.append(maker.submit(next, source, None))
            yield batch


def predict(model: Any, pictures: npt.NDArray[Any], batch: int = 256) -> list[npt.NDArray[np.float32]]:
    """Return the model's outputs for many pictures, in evaluation mode.

    Args:
        model: Keras model on the PyTorch backend.
        pictures: (N, height, width) or (N, height, width, channels), uint8, or float32 as the model takes them.
        batch: Pictures at a time.

    Returns:
        One (N, ...) array per output.
    """
    device, parts = device_of(model), []
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_pays(device)):
        for i in range(0, len(pictures), batch):
            outputs = as_list(model(as_input(pictures[i : i + batch], device), training=False))
            parts.append([o.float().cpu().numpy() for o in outputs])
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def as_input(pictures: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """Pictures as the nets take them: (N, height, width, channels), float32 in 0..1."""
    x = torch.as_tensor(pictures if pictures.ndim == 4 else pictures[..., None]).to(device)
    return x.float() / 255 if x.dtype == torch.uint8 else x


def as_list(outputs: Any) -> list[torch.Tensor]:
    """Outputs of a model with one or several heads as a list."""
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def bfloat16_pays(device: torch.device) -> bool:
    """Return whether learning is quicker here in bfloat16 than in float32 (AMX, CUDA that has it, some AVX-512)."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if torch.cpu._is_amx_tile_supported():
        return True
    # without AMX a step takes 0.6 to 0.8 of its processor time in float32 on an AMD EPYC, 1.1 to 1.5 on an Intel Xeon
    return bool(torch.cpu._is_avx512_bf16_supported()) and _convolves_sooner_in_bfloat16()


@cache
def _convolves_sooner_in_bfloat16() -> bool:
    """Learn one convolution in both, and compare the least processor times of four steps."""
    pictures, kernels = torch.rand(32, 64, 24, 24), torch.rand(64, 64, 3, 3, requires_grad=True)

    def step_s(enabled: bool) -> float:
        began = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            maps = F.conv2d(pictures, kernels, padding=1)
        maps.float().sum().backward()
        return time.process_time() - began

    # asked before an answer too, where nothing is learned
    with torch.enable_grad():
        return min(step_s(True) for _ in range(4)) < min(step_s(False) for _ in range(4))


class _Average:
    """Exponential moving average of all weights and moving statistics (Polyak & Juditsky 1992)."""

    def __init__(self, model: Any, decay: float) -> None:
        self._tensors = [v.value for v in model.variables if v.value.is_floating_point()]
        self._decay = decay
        self.steps = 0
        self.shadow = [t.detach().clone() for t in self._tensors]

    def update(self) -> None:
        self.steps += 1
        # the average must not drag the random start along
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.shadow, [t.detach() for t in self._tensors], 1 - decay)

    def live(self) -> list[torch.Tensor]:
        return [t.detach().clone() for t in self._tensors]

    def live_from(self, values: list[torch.Tensor]) -> None:
        for tensor, value in zip(self._tensors, values, strict=True):
            tensor.detach().copy_(value)

    def load(self, shadow: list[torch.Tensor], steps: int) -> None:
        self.shadow, self.steps = [s.to(t.device) for s, t in zip(shadow, self._tensors, strict=True)], steps

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The averaged weights are the model's own inside the block."""
        live = self.live()
        self.live_from(self.shadow)
        try:
            yield
        finally:
            self.live_from(live)


def _write(path: Path, rows: list[dict[str, float]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
