"""Architectures, the training loop, quantisation and cards, on toy data; skipped without the extra ``train``."""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

if any(importlib.util.find_spec(name) is None for name in ("torch", "keras", "tensorflow")):
    pytest.skip("needs the extra train", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch
import torch.nn.functional as F  # noqa: N812

from dms.training import architectures
from dms.training.card import Card, Figures, Table, add_figures, set_table, write_card
from dms.training.export import quantise, with_probabilities
from dms.training.fit import Options, ahead, as_input, as_list, fit, predict
from dms.training.layers import BatchNormalization, Colour, Conv2D, Dropout, lay_out_kernels, parameters_of, relu
from dms.training.optim import Cosine, Plateau

pytestmark = pytest.mark.train


def toy() -> Any:
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(BatchNormalization()(Conv2D(4, 3)(inputs))))
    return keras.Model(inputs, [keras.layers.Dense(2, name="answer")(x)], name="toy")


def toy_batches(rng: np.random.Generator) -> Any:
    """Bright against dark pictures."""
    for _ in range(8):
        bright = rng.integers(0, 2, 16)
        noise = rng.integers(0, 80, (16, 8, 8))
        yield (noise + 150 * bright[:, None, None]).astype(np.uint8), [bright]


def right(model: Any) -> Any:
    pictures, (truth,) = next(iter(toy_batches(np.random.default_rng(99))))
    return {"accuracy": float((predict(model, pictures)[0].argmax(1) == truth).mean())}


def fit_toy(model: Any, out: Path, epochs: int, batches: Any = toy_batches, **options: Any) -> Any:
    return fit(
        model,
        batches,
        loss=lambda outputs, targets: F.cross_entropy(outputs[0], targets[0]),
        epochs=epochs,
        steps_per_epoch=8,
        out=out,
        validate=right,
        monitor="accuracy",
        method=Cosine(learning_rate=0.03, average=0.9),
        options=Options(**options),
    )


@pytest.mark.parametrize(("name", "mmac"), [("eyes", 10), ("lids", 10), ("emotion", 60)])
def test_shipped_nets_stay_small_and_tell_their_outputs_apart_by_shape(name: str, mmac: float) -> None:
    model = getattr(architectures, name)()
    shapes = [tuple(output.shape[1:]) for output in model.outputs]
    assert len(set(shapes)) == len(shapes)
    assert architectures.count_macs(model) < mmac * 1e6


@pytest.mark.parametrize(("size", "kernel", "stride"), [(8, 3, 1), (8, 3, 2), (9, 3, 2), (8, 1, 2), (8, 5, 2)])
def test_fast_layers_give_what_keras_gives(size: int, kernel: int, stride: int) -> None:
    x = torch.rand(2, size, size, 3)
    fast, slow = (cls(5, kernel, stride, "same", use_bias=False) for cls in (Conv2D, keras.layers.Conv2D))
    y = fast(x)
    slow.build(x.shape)
    slow.set_weights(fast.get_weights())
    assert torch.allclose(y, slow(x), atol=1e-5)
    fast_norm, slow_norm = BatchNormalization(), keras.layers.BatchNormalization(momentum=0.9)
    for training in (True, False):
        assert torch.allclose(fast_norm(y, training=training), slow_norm(y, training=training), atol=1e-2)


def test_dropout_takes_its_share_of_any_map_keeps_the_mean_and_rests_outside_training() -> None:
    x = torch.ones(7, 30, 31, 9, requires_grad=True)
    for rate in (0.25, 0.4, 0.5):
        y = Dropout(rate)(x, training=True)
        assert float((y == 0).float().mean()) == pytest.approx(rate, abs=0.01)
        assert torch.allclose(y[y != 0], torch.tensor(1 / (1 - rate)), atol=1e-4)
        (gradient,) = torch.autograd.grad(y.sum(), x)
        assert torch.equal(gradient, y.detach())
    torch.manual_seed(3)
    first, second = (Dropout(0.5)(x, training=True) for _ in range(2))
    torch.manual_seed(3)
    assert torch.equal(first, Dropout(0.5)(x, training=True))
    assert not torch.equal(first, second)
    assert torch.equal(Dropout(0.5)(x, training=False), x)


def test_kernels_laid_out_for_pytorch_give_and_learn_the_same() -> None:
    plain, laid = toy(), toy()
    laid.set_weights(plain.get_weights())
    lay_out_kernels(laid)
    pictures, (truth,) = next(iter(toy_batches(np.random.default_rng(5))))
    for model in (plain, laid):
        optimiser = Plateau(learning_rate=0.01).optimiser(parameters_of(model))
        for _ in range(3):
            optimiser.zero_grad()
            F.cross_entropy(
                as_list(model(as_input(pictures, torch.device("cpu")), training=True))[0], torch.as_tensor(truth)
            ).backward()
            optimiser.step()
    for of_plain, of_laid in zip(plain.get_weights(), laid.get_weights(), strict=True):
        assert np.allclose(of_plain, of_laid, atol=1e-5)


def test_fit_learns_and_leaves_curves_and_weights(tmp_path: Path) -> None:
    model = toy()
    best = fit_toy(model, tmp_path, 4)
    assert best["accuracy"] == 1.0
    assert right(model)["accuracy"] == 1.0
    with (tmp_path / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert (tmp_path / "last.weights.h5").is_file()


def test_fit_leaves_denormal_numbers_to_others(tmp_path: Path) -> None:
    inside = []

    def batches(rng: np.random.Generator) -> Any:
        inside.append(float(torch.tensor(1e-40) / 2))
        yield from toy_batches(rng)

    fit_toy(toy(), tmp_path, 1, batches)
    assert inside == [0.0]
    assert float(torch.tensor(1e-40) / 2) > 0.0


def test_fit_goes_on_where_it_stopped_and_ends_where_one_in_one_go_does(tmp_path: Path) -> None:
    epochs = 0

    def stopping(rng: np.random.Generator) -> Any:
        """Breaks off in the third epoch, as a power cut would."""
        nonlocal epochs
        epochs += 1
        if epochs == 3:
            raise KeyboardInterrupt
        yield from toy_batches(rng)

    whole, parted, resumed = toy(), toy(), toy()
    parted.set_weights(whole.get_weights())
    with pytest.raises(KeyboardInterrupt):
        fit_toy(parted, tmp_path / "parted", 4, stopping)
    fit_toy(resumed, tmp_path / "parted", 4)
    fit_toy(whole, tmp_path / "whole", 4)
    with (tmp_path / "parted" / "curves.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]
    for of_whole, of_resumed in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(of_whole, of_resumed, atol=1e-5)


def test_batches_made_ahead_are_the_same_in_the_same_order() -> None:
    made = list(toy_batches(np.random.default_rng(2)))
    again = list(ahead(toy_batches(np.random.default_rng(2))))
    assert len(made) == len(again) > 4
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(made, again, strict=True))


def test_a_fault_in_making_batches_is_not_lost_in_a_thread() -> None:
    def broken() -> Any:
        yield from list(toy_batches(np.random.default_rng(2)))[:3]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(ahead(broken()))


def test_fit_stops_early_and_stays_stopped(tmp_path: Path) -> None:
    method = Plateau(learning_rate=0.0, stop_after=2)
    for _ in range(2):
        fit(
            toy(),
            toy_batches,
            loss=lambda o, t: F.cross_entropy(o[0], t[0]),
            epochs=9,
            steps_per_epoch=8,
            out=tmp_path,
            validate=lambda model: {"accuracy": 0.5},
            monitor="accuracy",
            method=method,
        )
        with (tmp_path / "curves.csv").open() as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]


def test_temperature_scales_the_logits() -> None:
    model = toy()
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8), dtype=np.uint8)
    (logits,) = predict(model, pictures)
    (probabilities,) = predict(with_probabilities(model, [2.0]), pictures)
    wanted = np.exp(logits / 2) / np.exp(logits / 2).sum(1, keepdims=True)
    assert np.allclose(probabilities, wanted, atol=0.01)


def test_quantised_model_answers_like_the_float_one(tmp_path: Path) -> None:
    model = toy()
    fit_toy(model, tmp_path, 3)
    shipped = with_probabilities(model)
    pictures = np.concatenate([p for p, _ in toy_batches(np.random.default_rng(5))])
    assert np.abs(quantised_answers(shipped, pictures, tmp_path) - predict(shipped, pictures)[0]).max() < 0.05


def test_a_channel_that_died_before_its_normalisation_does_not_drown_the_others(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    x = relu(Conv2D(4, 3, padding="same", name="before")(inputs))
    x = keras.layers.GlobalAveragePooling2D()(BatchNormalization(name="normalisation")(x))
    model = keras.Model(inputs, keras.layers.Dense(2, name="answer")(x))
    kernel, bias = model.get_layer("before").get_weights()
    # what training leaves of such a channel: no answer, and a variance of 0
    kernel[..., 0], bias[0] = 0, -1
    model.get_layer("before").set_weights([100 * kernel, bias])
    variance = np.array([0, 300, 300, 300], np.float32)
    model.get_layer("normalisation").set_weights([np.ones(4), np.zeros(4), np.zeros(4), variance])
    shipped = with_probabilities(model)
    rng = np.random.default_rng(5)
    pictures = (rng.integers(0, 256, (40, 8, 8)) * rng.random((40, 1, 1))).astype(np.uint8)
    wanted = predict(shipped, pictures)[0]
    assert np.ptp(wanted[:, 0]) > 0.2, "the net must tell the pictures apart for this to be a test"
    assert np.abs(quantised_answers(shipped, pictures, tmp_path) - wanted).max() < 0.05


@pytest.mark.parametrize(("scale", "offset"), [(2.0, (-1.0, -1.0, -1.0)), (255.0, (-103.9, -116.8, -123.7))])
def test_an_enlarged_and_coloured_picture_goes_in_as_pixels(
    scale: float, offset: tuple[float, float, float], tmp_path: Path
) -> None:
    """As the nets for ImageNet want it; the engine refuses a file whose INT8 input is not ``pixel - 128``."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    x = Colour(scale, offset)(keras.layers.Resizing(16, 16)(inputs))
    x = keras.layers.GlobalAveragePooling2D()(relu(Conv2D(4, 3, strides=2, padding="same")(x)))
    shipped = with_probabilities(keras.Model(inputs, keras.layers.Dense(2, name="answer")(x)), [scale / 4])
    rng = np.random.default_rng(5)
    pictures = (rng.integers(0, 256, (40, 8, 8)) * rng.random((40, 1, 1))).astype(np.uint8)
    wanted = predict(shipped, pictures)[0]
    assert np.ptp(wanted[:, 0]) > 0.1, "the net must tell the pictures apart for this to be a test"
    assert np.abs(quantised_answers(shipped, pictures, tmp_path) - wanted).max() < 0.05


def quantised_answers(model: Any, pictures: npt.NDArray[Any], folder: Path) -> Any:
    """What the INT8 file answers, from a process of its own: tflite-runtime and PyTorch do not load together."""
    file = quantise(model, pictures, folder / "toy.tflite")
    script = (
        "import sys, numpy as np; from pathlib import Path; from dms.perception.engine import Model\n"
        "model = Model(Path(sys.argv[1]), (8, 8, 1), [(2,)])\n"
        "np.save(sys.argv[3], [model.run(p)[0] for p in np.load(sys.argv[2])])"
    )
    np.save(folder / "in.npy", pictures)
    subprocess.run([sys.executable, "-c", script, file, folder / "in.npy", folder / "out.npy"], check=True)
    return np.load(folder / "out.npy")


def test_card_says_what_the_file_is(tmp_path: Path) -> None:
    model = toy()
    file = tmp_path / "toy.tflite"
    file.write_bytes(b"weights")
    card = Card(
        name="toy",
        purpose="None.",
        outputs=[{"shape": [2], "labels": ["dark", "bright"]}],
        trained_on=["noise"],
        split="none",
        terms="none",
        recipe="dms train toy",
    )
    path = write_card(card, model, file)
    assert "## Figures" not in path.with_suffix(".md").read_text(), "nothing was measured yet"
    add_figures(path, [Figures("made", "dms evaluate toy", {"accuracy": 0.5})])
    set_table(path, Table("Beside others", "Old.", "compare toy", ["who"], [["nobody"]]))
    set_table(path, Table("Beside others", "Each once.", "compare toy", ["who", "how well"], [["other", "50 %"]]))
    add_figures(path, [Figures("made", "dms evaluate toy", {"accuracy": 0.75})])
    content = json.loads(path.read_text())
    assert content["input"]["shape"] == [8, 8, 1]
    assert content["bytes"] == 7
    assert content["parameters"] == 3 * 3 * 4 + 4 + 2 * 4 + 4 * 2 + 2
    assert [f["values"] for f in content["figures"]] == [{"accuracy": 0.75}]
    text = path.with_suffix(".md").read_text()
    assert content["sha256"] in text
    assert "\n\n## Figures\n\nmade\n\n`dms evaluate toy`\n" in text
    assert "\n\n\n" not in text
    assert (
        "## Beside others\n\nEach once.\n\n`compare toy`\n\n| who | how well |\n| --- | --- |\n| other | 50 % |" in text
    )
    assert "nobody" not in text
