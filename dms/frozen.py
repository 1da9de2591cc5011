"""Frozen dataclasses with slots that are quick to define and quick to make.

Every start of the daemon defines some sixty of them, and every moment of a drive makes some. ``dataclasses`` writes six
functions for each class as text and compiles them whenever the program starts; all of them but ``__init__`` say the
same for every class, and are shared here. Its ``__init__`` sets each field through ``object.__setattr__``, which looks
the slot up by name every time; here the slots themselves are called. Type checkers read the decorator as the one of
``dataclasses``, and everything else of a class is as that makes it.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, eq: bool = True) -> Callable[[type], type]:
        """Make a class a dataclass, as ``dataclasses.dataclass`` with the same arguments does.

        Raises:
            TypeError: It is none that is frozen and has slots, has a ``__post_init__``, a dataclass to inherit from, or
                fields that are not plain parameters.
        """
        if not (frozen and slots):
            raise TypeError("only for frozen dataclasses with slots")
        return lambda cls: _made(cls, eq)


__all__ = ["dataclass"]

_T = TypeVar("_T")


def _made(cls: type[_T], eq: bool) -> type[_T]:
    own = set(vars(cls))
    if hasattr(cls, "__post_init__") or any(dataclasses.is_dataclass(base) for base in cls.__bases__):
        raise TypeError(f"{cls.__name__} has a __post_init__, which nobody would call, or inherits fields")
    # without one it would get its signature as text, which takes longer than all the rest
    cls.__doc__ = cls.__doc__ or cls.__name__
    kind: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    params = kind.__dataclass_params__
    params.frozen, params.init, params.repr, params.eq = True, True, True, eq
    names = tuple(field.name for field in dataclasses.fields(kind))
    methods = {"__init__": _init(kind), "__repr__": _repr(names), **_FROZEN}
    if eq:
        methods |= _compared(names)
    for name, method in methods.items():
        if name not in own:
            setattr(kind, name, method)
    made: type[_T] = kind
    return made


def _init(kind: Any) -> Any:
    parameters, body = ["self"], []
    names: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        name = field.name
        is_plain = field.init and field.repr and field.compare and field.hash is None and not field.kw_only
        if field.default_factory is not dataclasses.MISSING or not is_plain:
            raise TypeError(f"{kind.__name__}.{name} is no plain parameter")
        names[f"_set_{name}"] = getattr(kind, name).__set__
        names[f"_default_{name}"] = field.default
        parameters.append(name if field.default is dataclasses.MISSING else f"{name}=_default_{name}")
        body.append(f"    _set_{name}(self, {name})")
    made: dict[str, Any] = {}
    exec("\n".join([f"def __init__({', '.join(parameters)}):", *(body or ["    pass"])]), names, made)
    init = made["__init__"]
    init.__annotations__ = {field.name: field.type for field in dataclasses.fields(kind)} | {"return": None}
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    return init


def _repr(names: tuple[str, ...]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _compared(names: tuple[str, ...]) -> dict[str, Any]:
    """Equal when the fields are; the hash is theirs."""
    values: Callable[[Any], tuple[Any, ...]]
    # of one name it gives the bare value
    values = attrgetter(*names) if len(names) > 1 else lambda one: tuple(getattr(one, name) for name in names)

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__}


def _refuse_set(_self: Any, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_FROZEN: dict[str, Any] = {
    "__setattr__": _refuse_set,
    "__delattr__": _refuse_delete,
    # copies and pickles would set the fields one by one
    "__getstate__": _state,
    "__setstate__": _restore,
}
