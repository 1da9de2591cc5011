"""The papers' systems: their sizes, how they are trained, what is left of it; skipped without the extra ``train``."""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if any(importlib.util.find_spec(name) is None for name in ("torch", "keras", "tensorflow", "sklearn")):
    pytest.skip("needs the extra train", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

from dms.errors import UserError
from dms.training.architectures import count_macs
from dms.training.layers import MaxPooling2D
from dms.training.papers import nets
from dms.training.papers.published import PAPERS
from dms.training.papers.systems import SYSTEMS
from dms.training.papers.train import chosen, count_parameters
from dms.training.train import train

pytestmark = pytest.mark.train


@pytest.fixture
def fer2013(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Faces that a bright stripe tells apart."""
    rows = ["emotion,pixels,Usage"]
    for number in range(280):
        face = rng.integers(0, 80, (48, 48))
        face[number % 7 * 6 :][:6] += 150
        usage = "PublicTest" if number < 14 else "Training"
        rows.append(f"{number % 7},{' '.join(map(str, face.ravel()))},{usage}")
    (tmp_path / "fer2013.csv").write_text("\n".join(rows))
    return tmp_path / "fer2013.csv"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def evaluate(data: Path, model: Path) -> Any:
    """In a process of its own: tflite-runtime and PyTorch do not load together."""
    command = [sys.executable, "-m", "dms", "evaluate", "emotion", str(data), "--model", str(model), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "count"), [("cnn10", 1_203_783), ("cnn6", 6_903_879), ("thesis", 3_931_975), ("vgg16", 14_890_311)]
)
def test_nets_have_their_papers_parameters(name: str, count: int) -> None:
    assert count_parameters(SYSTEMS[name].build(None)) == count


def test_every_system_of_the_papers_can_be_trained() -> None:
    assert {*SYSTEMS, "svm"} == set(PAPERS)


@pytest.mark.parametrize("name", ["cnn4", "shinde", "cnn4_mobilenet", "shinde_resnet", "resnet50_34"])
def test_every_net_takes_a_grey_face_to_seven_logits(name: str) -> None:
    model = SYSTEMS[name].build(None)
    assert model.inputs[0].shape[1:] == (48, 48, 1)
    assert [output.shape[1:] for output in model.outputs] == [(7,)]
    assert count_macs(model) > 1e8, "layers of the nets inside count too"


# Keras 3.15 warns of the wrong file before it refuses it
@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_imagenet_weights_are_taken_and_what_the_paper_freezes_is_frozen(tmp_path: Path) -> None:
    weights = tmp_path / "vgg16.weights.h5"
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    base.save_weights(weights)
    model = nets.vgg16(weights)
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    assert np.array_equal(inner.get_weights()[0], base.get_weights()[0])
    assert [tuple(v.shape) for v in model.trainable_variables] == [(25088, 7), (7,)]
    assert len(nets.vgg16().trainable_variables) > 20, "nothing is frozen that was not learned"
    with pytest.raises(UserError, match="does not hold weights of MobileNet"):
        nets.cnn4_mobilenet(weights)
    with pytest.raises(UserError, match="no such file"):
        nets.vgg16(tmp_path / "none.h5")


def test_a_fresh_start_is_told_where_the_paper_has_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert chosen("vgg16", None, "rmsprop").method.name == "rmsprop"
    assert "starts fresh" in capsys.readouterr().err
    chosen("cnn10", None, None)
    assert capsys.readouterr().err == ""
    with pytest.raises(UserError, match="leave out --imagenet"):
        chosen("cnn10", tmp_path, None)


def test_fast_pooling_gives_what_keras_gives() -> None:
    x = torch.rand(2, 9, 9, 3)
    for size in (2, 3):
        assert torch.equal(MaxPooling2D(size, 2)(x), keras.layers.MaxPooling2D(size, 2)(x))
    same = MaxPooling2D(3, 2, padding="same")(x)
    assert torch.equal(same, keras.layers.MaxPooling2D(3, 2, padding="same")(x))


def test_a_net_goes_from_csv_to_files_that_can_be_measured(fer2013: Path, tmp_path: Path) -> None:
    (made,) = train("cnn10", [fer2013], tmp_path / "out", epochs=1)
    train("cnn10", [fer2013], tmp_path / "out", epochs=2)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (results["epochs"], results["epochs_paper"], results["parameters"]) == (2, 300, 1_203_783)
    with (tmp_path / "out" / "curves.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    with pytest.raises(UserError, match=r"begun with optimiser adam: .*--fresh"):
        train("cnn10", [fer2013], tmp_path / "out", epochs=3, optimiser="sgd")
    small, exact = evaluate(fer2013, made), evaluate(fer2013, made.with_suffix(".keras"))
    assert small["heads"]["fer2013"]["result"]["samples"] == 14
    gap = small["heads"]["fer2013"]["calibration_error"] - exact["heads"]["fer2013"]["calibration_error"]
    assert abs(gap) < 0.2


def test_the_machine_on_landmarks_goes_from_csv_to_a_file_that_can_be_measured(
    fer2013: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = train("svm", [fer2013], tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["chosen"]["kernel"] in {"linear", "poly", "rbf"}
    with (tmp_path / "out" / "curves.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 18
    told = evaluate(fer2013, made)
    assert list(told["heads"]) == ["fer2013"]
    monkeypatch.setattr("dms.training.papers.svm.features_apart", lambda faces: pytest.fail("the landmarks were kept"))
    train("svm", [fer2013], tmp_path / "out")


def test_a_keras_file_of_something_else_is_told(tmp_path: Path) -> None:
    from dms.training.trained import open_trained  # noqa: PLC0415

    inputs = keras.Input((8, 8, 1))
    other = keras.Model(inputs, keras.layers.Dense(7)(keras.layers.Flatten()(inputs)))
    other.save(tmp_path / "other.keras")
    with pytest.raises(UserError, match="does not take 48x48"):
        open_trained(tmp_path / "other.keras")
    nets.cnn4().save(tmp_path / "logits.keras")
    with pytest.raises(UserError, match="needs a softmax"):
        open_trained(tmp_path / "logits.keras")
    for name in ("broken.keras", "broken.joblib"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(UserError, match="is not a"):
            open_trained(tmp_path / name)
