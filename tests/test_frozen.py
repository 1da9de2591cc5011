"""Frozen dataclasses that are quick to define and to make are the same dataclasses."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from dms.driver.state import DriverState, Judgement
from dms.frozen import dataclass
from dms.observation import Box, Emotions, HeadPose, Observation, WideMouth
from dms.sink import Step


@dataclasses.dataclass(frozen=True, slots=True)
class Plain:
    """Three."""

    a: int
    b: str = "b"
    c: float | None = None


@dataclass(frozen=True, slots=True)
class Quick:
    """Three."""

    a: int
    b: str = "b"
    c: float | None = None


@dataclass(frozen=True, slots=True)
class One:
    a: int


@dataclass(frozen=True, slots=True, eq=False)
class Itself:
    a: int


@dataclass(frozen=True, slots=True)
class Said:
    a: int

    def __repr__(self) -> str:
        return "mine"


def test_made_and_read_like_any_other() -> None:
    assert inspect.signature(Quick) == inspect.signature(Plain)
    assert [(one.name, one.type, one.default) for one in fields(Quick)] == [
        (one.name, one.type, one.default) for one in fields(Plain)
    ]
    assert Quick.__match_args__ == Plain.__match_args__
    assert (Quick.__doc__, Quick.__slots__) == (Plain.__doc__, Plain.__slots__)
    assert str(Quick.__dataclass_params__) == str(Plain.__dataclass_params__)  # type: ignore[attr-defined]
    for one in (Quick(1), Quick(1, "x", 2.0), Quick(c=3.0, a=1)):
        assert asdict(one) == asdict(Plain(one.a, one.b, one.c))
        assert repr(one) == repr(Plain(one.a, one.b, one.c)).replace("Plain", "Quick")
        assert hash(one) == hash(Plain(one.a, one.b, one.c))
        assert one == replace(one) == copy.copy(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))


def test_equal_when_the_fields_are_and_the_kind_is() -> None:
    assert Quick(1) == Quick(1) != Quick(2)
    assert One(1) == One(1) != One(2)
    assert {One(1), One(1), One(2)} == {One(1), One(2)}
    plain: Any = Plain(1)
    assert Quick(1) != plain
    assert Itself(1) != Itself(1)
    assert len({Itself(1), Itself(1)}) == 2


def test_what_a_class_says_itself_stays() -> None:
    assert repr(Said(1)) == "mine"


def test_nothing_can_be_set_or_deleted() -> None:
    one: Any = Quick(1)
    for name in ("a", "d"):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(one, name, 2)
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'a'"):
        del one.a
    assert one == Quick(1)


@pytest.mark.parametrize("arguments", [{}, {"a": 1, "d": 2}])
def test_wrong_arguments_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Quick(**arguments)  # type: ignore[arg-type]


def test_refuses_what_it_cannot_make() -> None:
    class WithFactory:
        a: list[int] = field(default_factory=list)

    class WithHidden:
        a: int = field(repr=False)

    class WithCheck:
        a: int

        def __post_init__(self) -> None: ...

    class Inherits(Quick):
        d: int = 0

    for other in (WithFactory, WithHidden, WithCheck, Inherits):
        with pytest.raises(TypeError):
            dataclass(frozen=True, slots=True)(other)
    for options in ({"frozen": True, "slots": False}, {"frozen": False, "slots": True}):
        with pytest.raises(TypeError):
            dataclass(**options)


@pytest.mark.parametrize("made", [Box, HeadPose, Emotions, WideMouth, Observation, DriverState, Judgement, Step])
def test_what_every_moment_makes_is_quick_to_make(made: type) -> None:
    assert "__setattr__" in Plain.__init__.__code__.co_names
    assert "__setattr__" not in made.__init__.__code__.co_names  # type: ignore[misc]
