"""Trains ``lids``: whether lids that are down are lowered to look down, or shut.

Data: a folder with ``closed/`` and ``down/`` (a file's name before the first ``-`` or ``_`` is its person), and the
INT8 file of an eye net, from whose weights the net starts: it has that net's layers and another answer. Beside it a
logistic regression on the edges of a patch is taught, whose weights go into the card: the daemon takes a mean of both.
Only lids that are down teach them, for they are asked of no others.
Few people look down in public pictures, so everybody is trained on and the last epoch is kept. For each of those whom
``--leave-out`` names one more net is made that never saw them, and what it says of them goes into the card.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F  # noqa: N812
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from dms.config.driver import ClosureSettings
from dms.datasets.sources import data_for
from dms.errors import UserError
from dms.perception.lid_edges import Descriptor, LidEdges
from dms.perception.lids import lowered_by
from dms.training import augment
from dms.training.architectures import eyes, lids
from dms.training.augment import Picture
from dms.training.card import Card, Table, set_table, write_card
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, fix_seed, predict
from dms.training.optim import Cosine
from dms.training.samples.eyes import prepare
from dms.training.samples.lids import STATES, Lids, who
from dms.training.shipped import take_up

EPOCHS = 24
OF_A_STATE = 2000
"""Augmented patches of each state in an epoch."""
OF_EDGES = 4000
"""The same for the regression on edges."""
BATCH = 64
SMOOTHING = 0.03
"""A label is right with one less this: nobody can tell for certain what lowered lids hide."""
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


States = Mapping[str, Lids]
"""Patches of each of ``STATES``."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What tells lowered lids from shut ones, in two ways whose weighted mean counts.

    Attributes:
        net: The Keras model, which gives a logit.
        edges: Weights of ``LidEdges``.
        seen: Typical patches of those who taught it, as the net takes them.
    """

    net: Any
    edges: tuple[float, ...]
    seen: Picture

    def lowered(self, images: Picture) -> npt.NDArray[np.float32]:
        """(N,) probabilities that (N, 32, 32) patches show lowered lids, float."""
        if not len(images):
            return np.empty(0, np.float32)
        upright, edges = prepare(images), LidEdges(self.edges)
        said = [lowered_by(net, edges.lowered(patch)) for net, patch in zip(self.by_net(upright), upright, strict=True)]
        return np.array(said, np.float32)

    def by_net(self, upright: Picture) -> npt.NDArray[np.float32]:
        """(N,) what the net says without the edges, of patches as it takes them."""
        return np.asarray(1 / (1 + np.exp(-predict(self.net, upright)[0][:, 0])), np.float32)

    def write(self, out: Path) -> Path:
        """Write ``out/lids.tflite`` and its card; what the net has seen gives the ranges inside."""
        file = quantise(with_probabilities(self.net), self.seen, out / "lids.tflite")
        write_card(card(self.edges), self.net, file)
        return file


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a net says of somebody whom it never saw.

    Attributes:
        person: Who.
        said: Of each of ``STATES`` that the lids of this person show, the probability that they are lowered, one of
            each patch.
    """

    person: str
    said: Mapping[str, npt.NDArray[np.float32]]


def train(data: Sequence[Path], out: Path, options: Options) -> Path:
    """Make ``out/lids.tflite`` and its card, and ``out/without/PERSON/lids.tflite`` for each who is left out.

    Args:
        data: A folder that holds ``closed/`` and ``down/``.
        out: Folder for everything that is made.
        options: Epochs, seed, resume, threads, the eye net to start from, and for whom to teach one more net without
            them.

    Raises:
        UserError: No eye net is given, or one of another shape, the data is not one such folder, or somebody is to be
            left out who is not there or who is alone.
    """
    if options.shipped is None:
        raise UserError("lids starts from a net that knows open from closed: give eyes.tflite with --from")
    (folder,) = data_for("lids", data)
    everybody = {state: Lids.read(folder / state) for state in STATES}
    # somebody who is alone is refused before anything is learned
    others = {
        person: {state: everybody[state].without(person) for state in STATES}
        for person in who(options.leave_out, everybody)
    }
    left_out = []
    for person, states in others.items():
        to = out / "without" / person
        taught = teach(states, options.shipped, to, options)
        taught.write(to)
        left_out.append(LeftOut(person, {state: taught.lowered(everybody[state].of(person)) for state in STATES}))
    file = teach(everybody, options.shipped, out, options).write(out)
    if left_out:
        set_table(file.with_suffix(".json"), table(left_out, folder, options))
    return file


def teach(states: States, eye_net: Path, out: Path, options: Options) -> Taught:
    """Teach net and edges what tells closed from lowered lids.

    Args:
        states: What they learn from.
        eye_net: The INT8 file that the net starts from.
        out: Folder for curves and checkpoint.
        options: Epochs, seed, resume and threads.
    """
    fix_seed(options.seed)
    seen = prepare(calibration(np.concatenate([states[state].images for state in STATES])))
    net, targets = started_from(eye_net, seen), _answers(OF_A_STATE)
    steps = len(targets) // BATCH

    def batches(rng: np.random.Generator) -> Iterator[Batch]:
        patches = _drawn(states, OF_A_STATE, rng)
        for chosen in np.array_split(rng.permutation(len(patches)), steps):
            yield patches[chosen], [targets[chosen]]

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
    upright = _drawn(states, OF_EDGES, np.random.default_rng(options.seed))
    return Taught(net, teach_edges(upright, _answers(OF_EDGES)[:, 0] > 0.5), seen)


def started_from(eye_net: Path, seen: Picture) -> Any:
    """Return a net with the weights of an eye net's file, but for its answer, which is untrained.

    Args:
        eye_net: The INT8 file.
        seen: Typical patches as the net takes them, by which the normalisations are brought back.
    """
    net, known = lids(), eyes()
    take_up(known, eye_net, seen)
    ours, theirs = ([layer for layer in each.layers[:-1] if layer.weights] for each in (net, known))
    for layer, other in zip(ours, theirs, strict=True):
        layer.set_weights(other.get_weights())
    return net


def _drawn(states: States, count: int, rng: np.random.Generator) -> Picture:
    """Draw so many augmented patches of each of ``STATES``, as the net takes them."""
    drawn = np.concatenate([states[state].draw(count, rng) for state in STATES])
    return prepare(augment.augment_all(drawn, AUGMENTATION, rng))


def _answers(count: int) -> npt.NDArray[np.float32]:
    """(2 * count, 1) probabilities of lowered lids, of so many closed ones and then so many lowered ones."""
    return np.repeat(np.array([SMOOTHING, 1 - SMOOTHING], np.float32), count)[:, None]


def table(left_out: Sequence[LeftOut], folder: Path, options: Options) -> Table:
    """What the nets say of those whom they never saw, a row for each person and state."""
    limit = ClosureSettings().lowered_limit
    rows = [
        [one.person, state, str(len(said)), f"{said.mean():.2f}", f"{(said >= limit).mean():.0%}"]
        for state in STATES
        for one in left_out
        if len(said := one.said[state])
    ]
    command = ["dms", "train", "lids", str(folder), "--from", str(options.shipped)]
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


def card(edges: Sequence[float]) -> Card:
    """Return what the card says apart from figures, with the weights for ``LidEdges``."""
    return Card(
        name="lids",
        purpose="Tells whether lids that are down are lowered to look down, or shut, on an upright 32x32 patch of one "
        "eye; it knows no others. No measure of identity or of where open eyes look.",
        outputs=[{"name": "lowered", "shape": [1], "meaning": "lowered to look down, not shut"}],
        trained_on=[
            "Lowered and shut lids of HELEN (Le et al. 2012), AFW (Zhu & Ramanan 2012), YouTube Faces (Wolf et al. "
            "2011), CEW (Song et al. 2014), MRL Eye (Fusek 2018; shut ones in near-infrared), in-car frames of YawDD "
            "(Abtahi et al. 2014), news photographs (muxspace's facial_expressions), FER2013 (Goodfellow et al. 2013) "
            "and recorded drives, judged by eye (studies/lowered_lids.csv)",
            "What taught eyes, from whose weights it starts (see its card)",
        ],
        split="No split: few people look down in public pictures, so everybody is learned from and the last epoch is "
        "kept. What it says of people left out stands in the tables.",
        terms="All sources are for research use; the weights carry no picture.",
        recipe="python studies/lowered_lids.py ../shared/data runs/lids, then dms train lids runs/lids "
        "--from models/eyes.tflite --out runs/lids_net",
        weights={"lid_edges": edges},
    )
