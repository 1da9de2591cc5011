"""Frozen dataclasses that are quick to make are the same dataclasses."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace

import pytest

from dms.driver.state import DriverState, Judgement
from dms.frozen import quick_init
from dms.observation import Box, Emotions, HeadPose, Observation, WideMouth
from dms.sink import Step


@dataclass(frozen=True, slots=True)
class Plain:
    a: int
    b: str = "b"
    c: float | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class Quick:
    a: int
    b: str = "b"
    c: float | None = None


def test_made_and_read_like_any_other() -> None:
    assert inspect.signature(Quick) == inspect.signature(Plain)
    for one in (Quick(1), Quick(1, "x", 2.0), Quick(c=3.0, a=1)):
        assert asdict(one) == asdict(Plain(one.a, one.b, one.c))
        assert repr(one) == repr(Plain(one.a, one.b, one.c)).replace("Plain", "Quick")
        assert one == replace(one) == copy.deepcopy(one) == pickle.loads(pickle.dumps(one))
        assert hash(one) == hash(replace(one))
        with pytest.raises(FrozenInstanceError):
            one.a = 2  # type: ignore[misc]


@pytest.mark.parametrize("arguments", [{}, {"a": 1, "d": 2}])
def test_wrong_arguments_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Quick(**arguments)  # type: ignore[arg-type]


def test_refuses_what_it_cannot_make() -> None:
    @dataclass(frozen=True)
    class WithoutSlots:
        a: int

    @dataclass(frozen=True, slots=True)
    class WithFactory:
        a: list[int] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class WithCheck:
        a: int

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("negative")

    for other in (WithoutSlots, WithFactory, WithCheck, int):
        with pytest.raises(TypeError):
            quick_init(other)


@pytest.mark.parametrize("made", [Box, HeadPose, Emotions, WideMouth, Observation, DriverState, Judgement, Step])
def test_what_every_moment_makes_is_quick_to_make(made: type) -> None:
    assert "__setattr__" in Plain.__init__.__code__.co_names
    assert "__setattr__" not in made.__init__.__code__.co_names  # type: ignore[misc]
