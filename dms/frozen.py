"""Frozen dataclasses that are quick to make: millions of them are made on the hot path.

A frozen dataclass with slots sets each of its fields through ``object.__setattr__``, which looks its slot up by name
every time; here the slots themselves are called. Everything else of it stays as ``dataclasses`` made it.
"""

from dataclasses import MISSING, fields
from typing import Any, TypeVar

_T = TypeVar("_T")


def quick_init(cls: type[_T]) -> type[_T]:
    """Give a frozen dataclass with slots a quicker ``__init__`` of the same signature; goes above ``@dataclass``.

    Raises:
        TypeError: It is no such dataclass, has a ``__post_init__``, or fields that are not plain parameters.
    """
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} has a __post_init__, which nobody would call")
    parameters, body = ["self"], []
    names: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]  # raises TypeError for others
        name = field.name
        if field.default_factory is not MISSING or field.kw_only or not field.init or not hasattr(cls, "__slots__"):
            raise TypeError(f"{cls.__name__}.{name} is no plain parameter with a slot")
        names[f"_set_{name}"] = getattr(cls, name).__set__
        names[f"_default_{name}"] = field.default
        parameters.append(name if field.default is MISSING else f"{name}=_default_{name}")
        body.append(f"    _set_{name}(self, {name})")
    made: dict[str, Any] = {}
    exec("\n".join([f"def __init__({', '.join(parameters)}):", *body]), names, made)
    init = made["__init__"]
    old: Any = cls.__init__
    init.__annotations__, init.__qualname__ = old.__annotations__, old.__qualname__
    cls.__init__ = init  # type: ignore[method-assign]
    return cls
