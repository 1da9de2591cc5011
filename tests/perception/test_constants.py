"""Every number of perception has a unit, bounds and a source, or stands in the card of its weights."""

import ast
import dataclasses
import importlib
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import dms.perception
from dms.config.constant import Constant
from dms.errors import UserError
from dms.models import ModelFile, find_model
from dms.perception.eyes import EyeNet
from dms.perception.landmarks import LandmarkNet
from dms.perception.mouth import MouthNet

MODULES = sorted(path for path in Path(dms.perception.__file__).parent.glob("*.py") if path.stem != "__init__")
SHAPES = {"SIZE", "POINTS", "CELLS", "STRIDE", "_DECIMALS"}
"""What a net takes and gives, which the file itself proves when it is loaded; and how numbers are written."""


def _is_number(node: ast.expr | None) -> bool:
    try:
        return node is not None and type(ast.literal_eval(node)) in {int, float}
    except ValueError:
        return False


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_number_has_a_unit_bounds_and_a_source(path: Path) -> None:
    module = importlib.import_module(f"dms.perception.{path.stem}")
    hints = get_type_hints(module, include_extras=True)
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            # a pair of numbers is no constant of its own: the net's shape, or one each
            names = {name.id for name in node.targets if isinstance(name, ast.Name)}
            assert not _is_number(node.value) or names <= SHAPES, names
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            about = getattr(hints[node.target.id], "__metadata__", ())
            assert about or not _is_number(node.value), node.target.id
            for known in about:
                assert isinstance(known, Constant)
                assert known.least <= getattr(module, node.target.id) <= known.most, node.target.id
                assert known.unit
                assert known.source


def card_with(model: ModelFile, **limits: object) -> ModelFile:
    return dataclasses.replace(model, card={**model.card, "limits": limits})


@pytest.mark.parametrize(
    ("net", "name", "limit"),
    [(EyeNet, "eyes", "max_unusable"), (MouthNet, "mouth", "max_unusable"), (LandmarkNet, "landmarks", "sure_again")],
)
def test_a_card_without_its_limits_is_refused_by_name(net: type, name: str, limit: str) -> None:
    with pytest.raises(UserError, match=rf"has no limits\.{limit}: train"):
        net(card_with(find_model(name)))
    beyond = {"value": 1.5, "least": 0.0, "most": 1.0}
    with pytest.raises(UserError, match=rf"limits\.{limit} in the card of .* is 1\.5, not 0 to 1"):
        net(card_with(find_model(name), **{limit: beyond}))


def test_the_card_decides_which_eyes_are_judged() -> None:
    eyes = find_model("eyes")
    limits = {name: dict(limit) for name, limit in eyes.card["limits"].items()}
    limits["max_unusable"]["value"] = 0.0
    patch = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    assert EyeNet(card_with(eyes, **limits)).closed(patch) is None
    limits["max_unusable"]["value"] = 1.0
    assert EyeNet(card_with(eyes, **limits)).closed(patch) is not None
