"""Whether lids that are down are lowered to look down, or shut.

Takes patches of eyes as ``eyes.EyeNet`` judged them, gives a probability. A net and the edges in the patch
(``lid_edges``) answer together; they know lids that are down, and are asked about no others.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np

from dms.config.constant import Constant
from dms.config.perception import Runtime
from dms.models import ModelFile
from dms.perception.engine import Model
from dms.perception.eyes import SIZE, BothEyes, Picture
from dms.perception.lid_edges import LENGTH, LidEdges

LIDS_DOWN: Annotated[float, Constant("probability", 0.1, 0.9, "own: what the net was trained on")] = 0.3
"""Closed probability of the more open eye from which the net is asked: it knows lids that are down."""

NET_SHARE: Annotated[float, Constant("share", 0.0, 1.0, "own: studies/lids_apart.py, docs/driver.md")] = 2 / 3
"""What the net counts for beside the edges: it knows strangers' lids better."""


class LidNet:
    """The INT8 net that tells lowered lids from shut ones, and the edges beside it.

    Args:
        file: The shipped model ``lids`` or one with the same shapes.
        threads: CPU threads.
        runtime: What runs it.

    Raises:
        UserError: The file cannot be run or has other shapes, or its card lacks the weights for edges.
    """

    def __init__(self, file: ModelFile, threads: int = 1, runtime: Runtime = "auto") -> None:
        self._model = Model(file.path, (SIZE, SIZE, 1), [(1,)], threads, runtime)
        self._edges = LidEdges(file.weights("lid_edges", LENGTH + 1))

    def warm_up(self) -> None:
        """Run once on an empty patch."""
        self.lowered([[np.zeros((SIZE, SIZE), np.uint8)]])

    def lowered(self, eyes: Iterable[Sequence[Picture]]) -> float:
        """Return the probability in 0..1 that lids which are down are lowered to look down, not shut.

        Args:
            eyes: The patches of one eye or two, as ``BothEyes.upright`` has them.
        """
        # a bright spot looks like the white of an eye: with it and without it, the lesser answers count
        said = [lowered_by(min(map(self._by_net, eye)), min(map(self._edges.lowered, eye))) for eye in eyes]
        return sum(said) / len(said)

    def _by_net(self, upright: Picture) -> float:
        (lowered,) = self._model.run_few(upright)
        return lowered


def lids_down(eyes: BothEyes) -> bool:
    """Return whether the lids are down, as far as is known: then the net has something to say."""
    known = [closed for closed in (eyes.left, eyes.right) if closed is not None]
    return bool(known) and min(known) >= LIDS_DOWN


def lowered_by(net: float, edges: float) -> float:
    """Return the probability that lids are lowered by what the net and their edges say; the net knows more lids."""
    return NET_SHARE * net + (1 - NET_SHARE) * edges
