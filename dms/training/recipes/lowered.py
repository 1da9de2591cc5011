"""Trains the second output of ``eyes``: whether lowered lids belong to an eye that looks down, or to one that is shut.

Data: a folder with ``open/``, ``closed/`` and ``down/`` (a file's name before the first ``-`` or ``_`` is its person),
and the INT8 file of an eye net, whose first output stays what it is: the new one is a small head on a feature map of
the frozen net. Beside it a logistic regression on the edges of a patch is taught, whose weights go into the card: the
daemon takes the mean of both. Only lids that are down teach them, shut or lowered; open eyes only give the ranges
inside the net, and its first output answers as before to the bit.
Few people look down in public pictures, so everybody is trained on and the last epoch is kept. For each of those whom
``--leave-out`` names one more net is made that never saw them, and what it says of them goes into the card.
"""

import re
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
from dms.datasets.pictures import find_pictures, person_of, read_grey
from dms.errors import UserError
from dms.evaluate.eyes import resize
from dms.perception.eyes import normalise
from dms.perception.lid_edges import Descriptor, LidEdges
from dms.training import augment
from dms.training.architectures import eyes, lowered
from dms.training.augment import Picture
from dms.training.card import Table
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, fix_seed, predict
from dms.training.graft import graft
from dms.training.optim import Cosine
from dms.training.shipped import take_up

EPOCHS = 8
OF_A_STATE = 4000
"""Augmented patches of each state, the same in every epoch."""
BATCH = 128
MOST_OF_ONE = 2.5
"""A person counts by the square root of their patches, and no more than this."""
SMOOTHING = 0.03
"""A label is right with one less this: nobody can tell for certain what lowered lids hide."""
MAP = (8, 8, 40)
"""Shape of the feature map that the head reads."""

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


TAUGHT = ("closed", "down")
"""What the lids that teach do; a patch of the second is lowered."""
STATES = ("open", *TAUGHT)


class Lids:
    """Patches of one state of the lids, drawn by person.

    Args:
        images: (N, 32, 32) grey patches.
        people: (N,) whose they are.

    Raises:
        UserError: There are none.
    """

    def __init__(self, images: Picture, people: npt.NDArray[np.str_]) -> None:
        if not len(images):
            raise UserError("lids of one person alone teach nothing: nobody is left")
        self.images, self.people = images, people
        _, which, counts = np.unique(people, return_inverse=True, return_counts=True)
        weights = (np.minimum(np.sqrt(counts), MOST_OF_ONE) / counts)[which]
        self._weights = weights / weights.sum()

    @classmethod
    def read(cls, folder: Path) -> "Lids":
        """Read the pictures of one state.

        Raises:
            UserError: The folder has none.
        """
        files = find_pictures(folder)
        if not files:
            raise UserError(f"{folder} holds no picture")
        people = np.array([person_of(file) for file in files])
        return cls(np.stack([resize(read_grey(file)) for file in files]), people)

    def without(self, person: str) -> "Lids":
        """Everybody else's."""
        others = self.people != person
        return Lids(self.images[others], self.people[others])

    def of(self, person: str) -> Picture:
        """One person's patches, none if there are none."""
        return np.asarray(self.images[self.people == person])

    def draw(self, count: int, rng: np.random.Generator) -> Picture:
        """Draw patches, people alike."""
        return np.asarray(self.images[rng.choice(len(self.images), count, p=self._weights)])


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
    seen = prepare(calibration(np.concatenate([lids[state].images for state in STATES])))
    model = eyes()
    take_up(model, options.shipped, seen)
    net = Grafted(model, options.shipped, seen)
    left_out = []
    for person, taught in others.items():
        to = out / "without" / person
        fix_seed(options.seed)
        head = teach(net.trunk, taught["closed"], taught["down"], to, options)
        _, file = net.write(head, to)
        said = {state: net.lowered(head, lids[state].of(person)) for state in TAUGHT}
        left_out.append(LeftOut(person, file, head.edges, said))
    fix_seed(options.seed)
    head = teach(net.trunk, lids["closed"], lids["down"], out, options)
    both, file = net.write(head, out)
    return Taught(both, file, head.edges, left_out)


def who(names: Sequence[str], lids: dict[str, Lids]) -> list[str]:
    """The people that are named: by their clip too, whatever stands between its words and if more of them follow.

    Raises:
        UserError: Nobody has that name.
    """
    people = sorted({str(person) for one in lids.values() for person in one.people})
    named = []
    for name in names:
        clip = re.sub(r"[-_]", ".", name)
        found = [person for person in people if f"{clip}.".startswith(f"{person}.")]
        if not found:
            raise UserError(f"--leave-out {name}: nobody has that name: {', '.join(people)}")
        named.append(max(found, key=len))
    return list(dict.fromkeys(named))


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
        self.trunk = keras.Model(model.inputs, [self._maps])

    def write(self, head: Head, out: Path) -> tuple[Any, Path]:
        """Write ``out/eyes.tflite`` with a head, return the Keras model and the file."""
        both = keras.Model(self._model.inputs, [self._model.outputs[0], head.net(self._maps)], name=self._model.name)
        made = quantise(with_probabilities(both), self._seen, out / "head.tflite")
        return both, graft(self._shipped, made, out / "eyes.tflite")

    def lowered(self, head: Head, images: Picture) -> npt.NDArray[np.float32]:
        """(N,) probabilities that patches show lowered lids, float."""
        if not len(images):
            return np.empty(0, np.float32)
        upright = prepare(images)
        logits = predict(head.net, predict(self.trunk, upright)[0])[0][:, 0]
        edges = LidEdges(head.edges)
        return np.asarray((1 / (1 + np.exp(-logits)) + [edges.lowered(patch) for patch in upright]) / 2, np.float32)


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


def teach(trunk: Any, closed: Lids, down: Lids, out: Path, options: Options) -> Head:
    """Return what tells closed from lowered lids by the feature map that ``trunk`` gives, and by edges."""
    rng = np.random.default_rng(options.seed)
    drawn = np.concatenate([closed.draw(OF_A_STATE, rng), down.draw(OF_A_STATE, rng)])
    # the net is frozen, so that its maps of the augmented patches are made once
    upright = prepare(augment.augment_all(drawn, AUGMENTATION, rng))
    maps = predict(trunk, upright)[0]
    targets = np.repeat(np.array([SMOOTHING, 1 - SMOOTHING], np.float32), OF_A_STATE)[:, None]
    steps = len(drawn) // BATCH

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        for chosen in np.array_split(rng.permutation(len(drawn)), steps):
            yield maps[chosen], [targets[chosen]]

    net = lowered()
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
    return Head(net, teach_edges(upright, targets[:, 0] > 0.5))


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
