"""The eye and emotion recipes from the public layouts to a verified model, on made data; skipped without the extra."""

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

if any(importlib.util.find_spec(name) is None for name in ("torch", "keras", "tensorflow")):
    pytest.skip("needs the extra train", allow_module_level=True)
os.environ["KERAS_BACKEND"] = "torch"

import keras
import torch

from dms.datasets.expressions import ExpressionFaces, read_expressions
from dms.datasets.fer import read_fer2013
from dms.datasets.split import EYES, Part
from dms.errors import UserError
from dms.evaluate.emotion import face_picture
from dms.models import find_model
from dms.perception.emotion import lit
from dms.perception.eyes import normalise
from dms.training import augment, distill, fit, frown, wide_mouth
from dms.training.architectures import emotion as emotion_net
from dms.training.architectures import eyes as eye_net
from dms.training.architectures import landmarks as landmark_net
from dms.training.augment.reflections import reflected
from dms.training.band_heads import ANGER, FaceSources, classes
from dms.training.export import quantise
from dms.training.faces import read_pictures
from dms.training.fit import Options, predict
from dms.training.recipes import emotion, eyes, lids
from dms.training.samples.eyes import spoil
from dms.training.samples.lids import STATES, Lids
from dms.training.shipped import take_up
from dms.training.train import train

pytestmark = pytest.mark.train


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def faces_with_votes(tmp_path: Path, rng: np.random.Generator) -> list[Path]:
    """The two files of FER2013 and FER+, with 160 made pictures."""
    names = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    fer, plus = ["emotion,pixels,Usage"], [",".join(["Usage", "Image name", *names])]
    for number in range(160):
        fer.append(f"{number % 7},{' '.join(map(str, rng.integers(0, 256, 2304)))},Training")
        plus.append(",".join(["Training", "x.png", *map(str, np.eye(10, dtype=int)[number % 8] * 10)]))
    (tmp_path / "fer2013.csv").write_text("\n".join(fer))
    (tmp_path / "fer2013new.csv").write_text("\n".join(plus))
    for number in range(60):
        folder = tmp_path / "news" / ("anger", "disgust", "joy")[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"p{number}-1.png"), rng.integers(0, 256, (64, 64), np.uint8))
    cabin = drivers(tmp_path / "cabin", rng)
    return [tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv", cabin, tmp_path / "news"]


def drivers(folder: Path, rng: np.random.Generator) -> Path:
    """A folder of drivers, every other of whom yawns; their points make a face that can be cut."""
    folder.mkdir()
    points = rng.uniform(60, 140, (68, 2)) + np.array([0, 20])
    points[36:42], points[42:48], points[48:68] = (70, 90), (130, 90), (100, 150)
    columns = ["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")]
    table, labels = [",".join(columns)], ["file,yawn,scene_group,x,y,w,h"]
    for number in range(12):
        cv2.imwrite(str(folder / f"{number}.png"), rng.integers(0, 256, (240, 240), np.uint8))
        table.append(",".join([f"{number}.png", *(f"{value:.1f}" for value in points.ravel())]))
        labels.append(f"{number}.png,{number % 2},{number},60,60,80,100")
    (folder / "landmarks68_pseudo.csv").write_text("\n".join(table))
    (folder / "labels.csv").write_text("\n".join(labels))
    return folder


def test_emotion_from_csv_to_card(tmp_path: Path, faces_with_votes: list[Path]) -> None:
    (made,) = train("emotion", faces_with_votes, tmp_path / "out", epochs=1)
    find_model("emotion", made.parent).verify()
    card = json.loads(made.with_suffix(".json").read_text())
    assert [output["shape"] for output in card["outputs"]] == [[7], [8], [3], [2]]
    for number in range(1, len(emotion.ROUNDS) + 1):
        assert (tmp_path / "out" / f"round-{number}" / "best.weights.h5").is_file()


def test_photographs_teach_in_the_mirror_too_and_each_kind_counts_for_its_share(faces_with_votes: list[Path]) -> None:
    fer, plus, cabin, news = faces_with_votes
    photographs = read_expressions(news)
    many = ExpressionFaces(photographs.images * 3, np.tile(photographs.classes, 3), np.tile(photographs.groups, 3))
    votes, seen = read_fer2013(fer, "Training", plus), read_pictures([cabin])
    few, more = (wide_mouth.examples(FaceSources(votes, seen, given)) for given in (photographs, many))
    # 20 of joy are too few, 60 are not
    assert len(more.pictures) - len(few.pictures) == 2 * (2 * 20 * 2 + 60)
    assert more.weights.mean() == pytest.approx(1)
    share = more.weights[more.answers == wide_mouth.SHOUT].sum() / more.weights.sum()
    shares = wide_mouth.SHARES
    assert share == pytest.approx((shares["shout"] + shares["photographed shout"]) / sum(shares.values()))
    anger = photographs.where(photographs.classes == ANGER).images[0]
    mirrored = normalise(np.ascontiguousarray(face_picture(anger)[:, ::-1]))
    assert any(np.array_equal(mirrored, picture) for picture in more.pictures[more.answers == wide_mouth.SHOUT])


def test_frowns_are_learned_from_anger_in_the_light_in_which_the_net_is_asked(faces_with_votes: list[Path]) -> None:
    fer, plus, cabin, news = faces_with_votes
    photographs, votes = read_expressions(news), read_fer2013(fer, "Training", plus)
    taught = frown.examples(FaceSources(votes, read_pictures([cabin]), photographs))
    voted = classes(votes)
    angry = taught.answers == frown.FROWN
    pictures, weights, count = taught.pictures[angry], taught.weights[angry], int((voted == ANGER).sum())
    assert [lit(picture).tolist() for picture in votes.images[voted == ANGER]] == pictures[:count].tolist()
    assert len(pictures) == count + 2 * 20
    assert weights[count:].sum() == pytest.approx(frown.PHOTOGRAPHED * weights[:count].sum())
    assert taught.weights.mean() == pytest.approx(1)


def test_eyes_from_folders_to_card(tmp_path: Path, rng: np.random.Generator) -> None:
    for number in range(300):
        state = "closed" if number % 2 else "open"
        (tmp_path / "made" / state).mkdir(parents=True, exist_ok=True)
        picture = np.full((24, 24), 160, np.uint8)
        cv2.circle(picture, (12, 12), 5, (40,), -1) if state == "open" else cv2.line(picture, (4, 12), (20, 12), (40,))
        noisy = (picture + rng.integers(0, 40, picture.shape)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "made" / state / f"p{number // 2}-{number}.png"), noisy)
    names = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    rows = [",".join(["file", *names])]
    for number in range(20):
        cv2.imwrite(str(tmp_path / f"f{number}.png"), rng.integers(0, 256, (200, 200), np.uint8))
        points = rng.uniform(60, 140, (68, 2))
        points[36:48] = [
            (x, 80 + y)
            for x, y in zip(
                (60, 66, 74, 80, 74, 66, 120, 126, 134, 140, 134, 126), (0, -4, -4, 0, 4, 4) * 2, strict=True
            )
        ]
        rows.append(",".join([f"f{number}.png", *(f"{v:.1f}" for v in points.ravel())]))
    (tmp_path / "landmarks68_made.csv").write_text("\n".join(rows))
    (made,) = train("eyes", [tmp_path / "made", tmp_path / "landmarks68_made.csv"], tmp_path / "out", epochs=1)
    find_model("eyes", made.parent).verify()
    (alone,) = train("eyes", [tmp_path / "made"], tmp_path / "alone", epochs=1)
    find_model("eyes", alone.parent).verify()
    assert len(list((tmp_path / "out" / "test" / "made" / "closed").iterdir())) > 3


def test_eyes_of_too_few_people_are_told(tmp_path: Path) -> None:
    for state in ("closed", "open"):
        (tmp_path / "made" / state).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "made" / state / "one-1.png"), np.full((24, 24), 90, np.uint8))
    with pytest.raises(UserError, match="more people"):
        train("eyes", [tmp_path / "made"], tmp_path / "out", epochs=1)


def test_people_keep_to_one_part_and_the_parts_have_their_shares() -> None:
    parts = [EYES.part_of(f"person{i}") for i in range(2000)]
    assert parts == [EYES.part_of(f"person{i}") for i in range(2000)]
    shares = [parts.count(part) / 2000 for part in Part]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)


def test_both_states_are_drawn_alike_and_no_person_dominates() -> None:
    states = np.array([0] * 1000 + [1] * 10)
    groups = np.array(["one"] * 900 + [f"p{i}" for i in range(110)])
    weights = eyes.sampling_weights(states, groups)
    assert weights.sum() == pytest.approx(1)
    assert weights[states == 0].sum() == pytest.approx(0.5)
    assert weights[:900].sum() == pytest.approx(weights[900:1000].sum())


@pytest.mark.parametrize("seed", range(8))
def test_a_spoilt_eye_keeps_its_size_and_hardly_resembles_the_eye(seed: int, rng: np.random.Generator) -> None:
    y, x = np.mgrid[:32, :32] - 15.5
    patch = np.where(x**2 + y**2 < 36, 30, 180).astype(np.uint8)
    beside = rng.integers(100, 160, (4, 32, 32)).astype(np.uint8)
    spoilt = spoil(patch, beside, np.random.default_rng(seed))
    assert spoilt.shape == (32, 32)
    assert spoilt.dtype == np.uint8
    assert np.abs(spoilt.astype(float) - patch).mean() > 10


@pytest.mark.parametrize("seed", range(20))
def test_a_reflection_that_hides_the_eye_changes_most_of_it(seed: int) -> None:
    patch = np.full((32, 32), 90, np.uint8)
    drawn, hidden = reflected(patch, np.random.default_rng(seed))
    middle = np.abs(drawn[12:20, 6:26].astype(float) - 90) > 50
    assert drawn.shape == patch.shape
    assert 0 <= hidden <= 1
    assert hidden < 0.6 or middle.mean() > 0.4


@pytest.mark.parametrize(("build", "side"), [(eye_net, 32), (landmark_net, 96)])
def test_a_net_goes_on_from_what_its_file_answers(
    tmp_path: Path, rng: np.random.Generator, build: Callable[[], Any], side: int
) -> None:
    """The weights come back out of the file, and the normalisations with them."""
    keras.utils.set_random_seed(0)
    pictures = rng.integers(0, 256, (64, side, side), np.uint8)
    net = build()
    for layer in net.layers:
        if layer.name.startswith("batch"):
            gamma, beta, mean, variance = (rng.uniform(0.5, 2, layer.gamma.shape) for _ in range(4))
            layer.set_weights([gamma, beta - 1, mean - 1, variance])
    for name in net.output_names:
        # the converter leaves out a bias of zeros, which no trained net has
        kernel, bias = net.get_layer(name).get_weights()
        net.get_layer(name).set_weights([kernel, rng.normal(0, 1, bias.shape)])
    file = quantise(net, pictures, tmp_path / "net.tflite")
    again = build()
    take_up(again, file, pictures)
    for before, after in zip(predict(net, pictures), predict(again, pictures), strict=True):
        assert np.abs(before - after).max() < 0.05 * np.abs(before).max()
    normalised = [layer for layer in again.layers if layer.name.startswith("batch")]
    assert all(np.abs(layer.get_weights()[2]).max() > 0 for layer in normalised), "learning would go on from nothing"
    with pytest.raises(UserError, match="other layers"):
        take_up(emotion_net(), file, pictures)


def test_how_precisely_to_work_may_be_asked_before_anything_is_learned() -> None:
    fit._convolves_sooner_in_bfloat16.cache_clear()
    with torch.no_grad():
        assert fit._convolves_sooner_in_bfloat16() in (True, False)


def test_the_net_for_lids_starts_from_an_eye_net(rng: np.random.Generator) -> None:
    patches = np.stack([normalise(each) for each in rng.integers(0, 256, (64, 32, 32), np.uint8)])
    net, eye = lids.started_from(find_model("eyes").path, patches), eye_net()
    take_up(eye, find_model("eyes").path, patches)
    of_net, of_eye = (predict(keras.Model(each.inputs, each.layers[-2].output), patches)[0] for each in (net, eye))
    assert of_net == pytest.approx(of_eye, abs=1e-2)
    assert of_eye.std() > 0.1
    assert [tuple(output.shape[1:]) for output in net.outputs] == [(1,)]


@pytest.mark.slow
def test_each_who_is_left_out_is_judged_by_a_net_that_never_saw_them(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a line low in the patch is a shut lid, a high one a lowered lid; one clip has it the other way round
    line = {"closed": 23, "down": 7}
    for state in STATES:
        (tmp_path / "lids" / state).mkdir(parents=True)
        for number in range(24):
            person = ("ann", "bob", "my.clip", "eve")[number // 6]
            noise, row = rng.integers(120, 200, (32, 32), np.uint8), line[state]
            noise[30 - row if person == "my.clip" else row] = 10
            cv2.imwrite(str(tmp_path / "lids" / state / f"{person}-{number}.png"), noise)
    monkeypatch.setattr(lids, "OF_A_STATE", 640)
    monkeypatch.setattr(lids, "OF_EDGES", 640)
    shipped, out = find_model("eyes").path, tmp_path / "out"
    train("lids", [tmp_path / "lids"], out, epochs=6, shipped=shipped, leave_out=["ann", "my_clip_2"])
    (table,) = json.loads((out / "lids.json").read_text())["tables"]
    rows = {(who, state): (int(patches), float(mean)) for who, state, patches, mean, _ in table["rows"]}
    assert set(rows) == {(who, state) for who in ("ann", "my.clip") for state in STATES}
    assert {patches for patches, _ in rows.values()} == {6}
    assert rows["ann", "closed"][1] < rows["ann", "down"][1]
    assert rows["my.clip", "down"][1] < rows["my.clip", "closed"][1], "what it never saw it cannot know"
    assert "--leave-out ann --leave-out my.clip" in table["command"]
    for person in ("ann", "my.clip"):
        find_model("lids", out / "without" / person).verify()
    (alone,) = train("lids", [tmp_path / "lids"], tmp_path / "alone", epochs=1, shipped=shipped)
    assert "tables" not in json.loads(alone.with_suffix(".json").read_text())


def test_who_is_left_out_must_be_there_and_leave_somebody(tmp_path: Path) -> None:
    for state, person in (("closed", "p2"), ("down", "p1")):
        (tmp_path / state).mkdir()
        cv2.imwrite(str(tmp_path / state / f"{person}-1.png"), np.full((32, 32), 90, np.uint8))
    down = Lids.read(tmp_path / "down")
    assert len(down.of("p1")) == 1
    assert len(down.of("p2")) == 0
    with pytest.raises(UserError, match="nobody is left"):
        down.without("p1")
    shipped = find_model("eyes").path
    with pytest.raises(UserError, match=r"eyes\.tflite with --from"):
        train("lids", [tmp_path], tmp_path / "out")
    with pytest.raises(UserError, match="--leave-out p_3: nobody has that name: p1, p2"):
        train("lids", [tmp_path], tmp_path / "out", shipped=shipped, leave_out=["p_3"])
    with pytest.raises(UserError, match="has down/: such a folder is for lids"):
        train("eyes", [tmp_path], tmp_path / "out")
    with pytest.raises(UserError, match="--leave-out is for lids"):
        train("mouth", [], tmp_path, leave_out=["p1"])


def test_going_on_needs_a_recipe_that_can(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--from is for landmarks, eyes, lids and emotion, not for mouth"):
        train("mouth", [], tmp_path, shipped=tmp_path / "mouth.tflite")


def test_votes_become_shares_and_doubtful_faces_weigh_nothing() -> None:
    votes = np.array([[8, 0, 0, 0, 0, 0, 0, 0, 2, 0], [3, 0, 0, 0, 0, 0, 0, 0, 0, 7], [5, 5, 0, 0, 0, 0, 0, 0, 0, 0]])
    shares, weights = emotion.soft_votes(votes)
    assert weights == pytest.approx([0.8, 0.0, 1.0])
    assert shares[2, :2] == pytest.approx([0.5, 0.5])


def lesson(rng: np.random.Generator, weights: list[float]) -> emotion.Lesson:
    shares = rng.dirichlet(np.ones(8), len(weights)).astype(np.float32)
    labels = rng.dirichlet(np.ones(7), len(weights)).astype(np.float32)
    faces = rng.integers(0, 256, (len(weights), 48, 48), np.uint8)
    return emotion.Lesson(faces, labels, shares, np.array(weights, np.float32))


def test_the_nets_answers_count_most_and_alone_where_no_rater_knew(rng: np.random.Generator) -> None:
    given = lesson(rng, [1.0, 0.0])
    blended = emotion.with_answers(given, [np.full((2, 7), 1 / 7, np.float32), np.full((2, 8), 1 / 8, np.float32)])
    assert blended.labels[0] == pytest.approx(emotion.TRUST / 7 + (1 - emotion.TRUST) * given.labels[0])
    assert blended.votes[1] == pytest.approx([1 / 8] * 8)
    assert blended.weights == pytest.approx([1.0, emotion.TRUST])


def test_what_two_nets_answer_together_is_their_mean_for_each_label_set() -> None:
    first, second = [np.array([[1.0, 0.0]]), np.array([[0.2, 0.8]])], [np.array([[0.0, 1.0]]), np.array([[0.4, 0.6]])]
    labels, votes = emotion.together([first, second])
    assert labels == pytest.approx(np.array([[0.5, 0.5]]))
    assert votes == pytest.approx(np.array([[0.3, 0.7]]))


def test_the_last_lesson_holds_the_answers_of_both_nets_at_their_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces_with_votes: list[Path]
) -> None:
    """Not those of the rounds between: each net counts once, with what it knew last."""
    (tmp_path / "out").mkdir()
    lessons = []
    monkeypatch.setattr(emotion, "train_on", lambda _model, lesson, *_: lessons.append(lesson))
    monkeypatch.setattr(emotion, "kept_answers", lambda _model, images, folder, _options: answered(images, folder))
    train("emotion", faces_with_votes, tmp_path / "out", epochs=1)
    shares = [lesson.labels[0] - (1 - emotion.TRUST) * lessons[0].labels[0] for lesson in lessons[1:]]
    assert [share[1] / emotion.TRUST for share in shares] == pytest.approx([1, 2, 3, (3 + 4) / 2])


def answered(images: npt.NDArray[Any], folder: Path) -> list[npt.NDArray[np.float32]]:
    """As if a net gave its round's number."""
    number = float(folder.name.removeprefix("round-"))
    return [np.full((len(images), 7), number, np.float32), np.full((len(images), 8), number, np.float32)]


def test_a_resumed_run_takes_the_answers_that_it_kept(
    rng: np.random.Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = rng.integers(0, 256, (2, 48, 48), np.uint8)
    monkeypatch.setattr(emotion, "mean_answers", lambda *_: [np.ones((2, 7)), np.ones((2, 8))])
    first = emotion.kept_answers(None, faces, tmp_path, Options())
    monkeypatch.setattr(emotion, "mean_answers", lambda *_: pytest.fail("the answers were kept"))
    again = emotion.kept_answers(None, faces, tmp_path, Options())
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_mean_answers_do_not_tell_a_face_from_its_mirror_image_apart(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distill, "VIEW", augment.chain())
    monkeypatch.setattr(distill, "predict", lambda model, x: [x[:, 0, :7].astype(np.float32)])
    faces = rng.integers(0, 256, (3, 48, 48), np.uint8)
    (given,) = distill.mean_answers(None, faces, rng)
    (mirrored,) = distill.mean_answers(None, faces[:, :, ::-1], rng)
    assert given == pytest.approx(mirrored)
    assert given.sum(1) == pytest.approx(1)


def test_temperature_is_found_again(rng: np.random.Generator) -> None:
    logits = rng.normal(0, 2, (4000, 5)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (shares.cumsum(1) > rng.random((4000, 1))).argmax(1)
    assert emotion.temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.1)
