"""Trains the second output of ``eyes``: whether lowered lids belong to an eye that looks down, or to one that is shut.

Data: a folder with ``open/``, ``closed/`` and ``down/`` (a file's name before the first ``-`` or ``_`` is its person),
and the INT8 file of an eye net, whose first output stays what it is: for the new one the later layers of the net stand
on an early feature map once more, taught anew from what they are. Beside it a logistic regression on the edges of a
patch is taught, whose weights go into the card: the daemon takes a mean of both. Only lids that are down teach them,
shut or lowered; open eyes only give the ranges inside the net, and its first output answers as before to the bit.
Few people look down in public pictures, so everybody is trained on and the last epoch is kept. For each of those whom
``--leave-out`` names one more net is made that never saw them, and what it says of them goes into the card.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import torch.nn.functional as F  # noqa: N812
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from dms.config.driver import ClosureSettings
from dms.errors import UserError
from dms.perception.eyes import lowered_by, normalise
from dms.perception.lid_edges import Descriptor, LidEdges
from dms.training import augment
from dms.training.architectures import eyes, lowered
from dms.training.augment import Picture
from dms.training.card import Table
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, fix_seed, predict
from dms.training.graft import graft
from dms.training.optim import Cosine
from dms.training.samples.lids import STATES, TAUGHT, Lids, who
from dms.training.shipped import take_up

EPOCHS = 24
OF_A_STATE = 2000
"""Augmented patches of each state in an epoch."""
OF_EDGES = 4000
"""The same for the regression on edges."""
BATCH = 64
SMOOTHING = 0.03
"""A label is right with one less this: nobody can tell for certain what lowered lids hide."""
MAP = (16, 16, 24)
"""Shape of the feature map that the head reads. A small head on the next one, of 8x8 cells, knows strangers' lids less
well (``studies/lids_apart.py``)."""

EDGES_INVERSE_PENALTY = 0.01
"""Of the regression on edges, scikit-learn's C."""

AUGMENTATION = augment.chain(
    augment.mirror(),
    augment.affine(degrees=12, scale=0.18, shift=0.07, aspect=0.12),
    augment.light(gamma=0.5, contrast=0.15, brightness=0.05),
    augment.sometimes(0.15, augment.shadow(0.8)),
    augment.sometimes(
        0.4,
        augment.one_of(augment.gaussian_blur(1.5), augment.motion_blur(5), augment.downscale(0.35), augment.jpeg(25)),
    ),
    augment.sometimes(0.15, augment.low_light(0.3)),
    augment.sometimes(0.25, augment.noise(6)),
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a net says of somebody whom it never saw.

    Attributes:
        person: Who.
        file: The INT8 file of the net.
        edges: What goes into its card beside it, as ``Head.edges``.
        said: Of each state that the lids of this person show, ``closed`` or ``down``, the probability that they are
            lowered, one of each patch.
    """

    person: str
    file: Path
    edges: tuple[float, ...]
    said: dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Taught:
    """A net with both outputs.

    Attributes:
        model: The Keras model.
        file: The INT8 file.
        edges: What goes into the card beside it, as ``Head.edges``.
        left_out: What nets that never saw them say of those who were to be left out.
    """

    model: Any
    file: Path
    edges: tuple[float, ...]
    left_out: Sequence[LeftOut] = ()


def train(folder: Path, out: Path, options: Options) -> Taught:
    """Make ``out/eyes.tflite`` with both outputs, and ``out/without/PERSON/eyes.tflite`` for each who is left out.

    Args:
        folder: Holds ``open/``, ``closed/`` and ``down/``.
        out: Folder for everything that is made.
        options: Epochs, seed, resume, threads, the net that gets the head, and for whom to teach one more head without
            them.

    Raises:
        UserError: No net is given, one of another shape, a folder is empty, or somebody is to be left out who is not
            there or who is alone.
    """
    if options.shipped is None:
        raise UserError("down/ teaches a net that knows open from closed: give it with --from")
    lids = {state: Lids.read(folder / state) for state in STATES}
    # somebody who is alone is refused before anything is learned
    others = {
        person: {state: lids[state].without(person) for state in TAUGHT} for person in who(options.leave_out, lids)
    }
    net = Grafted.of(lids, options.shipped)
    left_out = []
    for person, taught in others.items():
        to = out / "without" / person
        fix_seed(options.seed)
        head = net.teach(taught["closed"], taught["down"], to, options)
        _, file = net.write(head, to)
        said = {state: net.lowered(head, lids[state].of(person)) for state in TAUGHT}
        left_out.append(LeftOut(person, file, head.edges, said))
    fix_seed(options.seed)
    head = net.teach(lids["closed"], lids["down"], out, options)
    both, file = net.write(head, out)
    return Taught(both, file, head.edges, left_out)


@dataclass(frozen=True, slots=True)
class Head:
    """What tells lowered lids from shut ones, in two ways whose mean counts.

    Attributes:
        net: Takes the frozen net's feature map, gives a logit.
        edges: Weights of ``LidEdges``.
    """

    net: Any
    edges: tuple[float, ...]


class Grafted:
    """A frozen net that gets heads.

    Args:
        model: The net with its weights.
        shipped: Its INT8 file.
        seen: Patches that give the ranges inside.
    """

    def __init__(self, model: Any, shipped: Path, seen: Picture) -> None:
        self._model, self._shipped, self._seen = model, shipped, seen
        self._maps = feature_map(model)
        self._trunk = keras.Model(model.inputs, [self._maps])

    @classmethod
    def of(cls, lids: dict[str, Lids], shipped: Path) -> "Grafted":
        """Take up a net where its INT8 file leaves it; the patches of all states give the ranges inside."""
        seen, model = prepare(calibration(np.concatenate([lids[state].images for state in STATES]))), eyes()
        take_up(model, shipped, seen)
        return cls(model, shipped, seen)

    def teach(self, closed: Lids, down: Lids, out: Path, options: Options) -> Head:
        """Return what tells closed from lowered lids: by the frozen net's feature map, and by edges."""
        targets = _answers(OF_A_STATE)
        steps = len(targets) // BATCH

        def batches(rng: np.random.Generator) -> Iterator[Batch]:
            maps = self._maps_of(_drawn(closed, down, OF_A_STATE, rng))
            for chosen in np.array_split(rng.permutation(len(maps)), steps):
                yield maps[chosen], [targets[chosen]]

        net = lowered()
        begin_as(net, self._model)
        fit(
            net,
            batches,
            loss=lambda outputs, wanted: F.binary_cross_entropy_with_logits(outputs[0], wanted[0]),
            epochs=options.epochs or EPOCHS,
            steps_per_epoch=steps,
            out=out,
            # nobody is held out to choose an epoch by: with every score alike, the last one is kept
            validate=lambda _: {"score": 0.0},
            monitor="score",
            method=Cosine(average=0.99),
            options=options,
        )
        upright = _drawn(closed, down, OF_EDGES, np.random.default_rng(options.seed))
        return Head(net, teach_edges(upright, _answers(OF_EDGES)[:, 0] > 0.5))

    def write(self, head: Head, out: Path) -> tuple[Any, Path]:
        """Write ``out/eyes.tflite`` with a head, return the Keras model and the file."""
        both = keras.Model(self._model.inputs, [self._model.outputs[0], head.net(self._maps)], name=self._model.name)
        made = quantise(with_probabilities(both), self._seen, out / "head.tflite")
        return both, graft(self._shipped, made, out / "eyes.tflite")

    def lowered(self, head: Head, images: Picture) -> npt.NDArray[np.float32]:
        """(N,) probabilities that patches show lowered lids, float."""
        if not len(images):
            return np.empty(0, np.float32)
        upright, edges = prepare(images), LidEdges(head.edges)
        by_net = self.by_net(head, upright)
        said = [lowered_by(net, edges.lowered(patch)) for net, patch in zip(by_net, upright, strict=True)]
        return np.array(said, np.float32)

    def by_net(self, head: Head, upright: Picture) -> npt.NDArray[np.float32]:
        """(N,) what a head says by the net's map alone, of patches as the net takes them."""
        return np.asarray(1 / (1 + np.exp(-predict(head.net, self._maps_of(upright))[0][:, 0])), np.float32)

    def _maps_of(self, upright: Picture) -> npt.NDArray[np.float32]:
        return predict(self._trunk, upright)[0]


def begin_as(head: Any, model: Any) -> None:
    """Give the head's layers the weights of the last ones of the net, which are alike but for the answer."""
    ours, theirs = ([layer for layer in net.layers[:-1] if layer.weights] for net in (head, model))
    for layer, other in zip(ours, theirs[-len(ours) :], strict=True):
        layer.set_weights(other.get_weights())


def _drawn(closed: Lids, down: Lids, count: int, rng: np.random.Generator) -> Picture:
    """Draw so many augmented patches of each state, closed first, as the net takes them."""
    drawn = np.concatenate([closed.draw(count, rng), down.draw(count, rng)])
    return prepare(augment.augment_all(drawn, AUGMENTATION, rng))


def _answers(count: int) -> npt.NDArray[np.float32]:
    """(2 * count, 1) probabilities of lowered lids, of so many closed ones and then so many lowered ones."""
    return np.repeat(np.array([SMOOTHING, 1 - SMOOTHING], np.float32), count)[:, None]


def table(left_out: Sequence[LeftOut], folder: Path, options: Options) -> Table:
    """What the nets say of those whom they never saw, a row for each person and state."""
    limit = ClosureSettings().lowered_limit
    rows = [
        [one.person, state, str(len(said)), f"{said.mean():.2f}", f"{(said >= limit).mean():.0%}"]
        for state in TAUGHT
        for one in left_out
        if len(said := one.said[state])
    ]
    command = ["dms", "train", "eyes", str(folder), "--from", str(options.shipped)]
    for one in left_out:
        command += ["--leave-out", one.person]
    return Table(
        "Left out",
        "For each of these a net of its own, taught without them; float, before INT8. Patches are single eyes under "
        "lids that are down, as they teach: right ones mirrored. "
        f"Likely is an answer of {limit:g} and more; the daemon takes the mean of both eyes over time, and no alert "
        "rests on it alone (docs/driver.md).",
        shlex.join(command),
        ["who", "lids", "patches", "mean answer", "likely"],
        rows,
    )


def teach_edges(upright: Picture, down: npt.NDArray[np.bool_]) -> tuple[float, ...]:
    """Return the weights of ``LidEdges`` by (N, 32, 32) patches as the net takes them, lowered lids where ``down``."""
    describe = Descriptor()
    numbers = np.stack([describe(patch) for patch in upright])
    scale = StandardScaler().fit(numbers)
    found = LogisticRegression(C=EDGES_INVERSE_PENALTY, max_iter=300).fit(scale.transform(numbers), down)
    weights = found.coef_[0] / scale.scale_
    bias = found.intercept_[0] - weights @ scale.mean_
    return tuple(round(float(weight), 4) for weight in (*weights, bias))


def feature_map(model: Any) -> Any:
    """Return the tensor of an eye net that the head reads."""
    return next(layer.output for layer in reversed(model.layers) if layer.output.shape[1:] == MAP)


def prepare(images: Picture) -> npt.NDArray[np.uint8]:
    """Return patches as the net takes them."""
    return np.stack([normalise(image) for image in images])
