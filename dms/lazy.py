"""Names that a package offers and imports only when they are used: ``import dms`` stays quick."""

import importlib
from collections.abc import Callable, Mapping


def lazy(package: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """Make the ``__getattr__`` of a package.

    Type checkers do not see it: the package imports the same names under ``if TYPE_CHECKING``, so that a misspelt
    import is found.

    Args:
        package: Its name.
        modules: The module of each public name.
    """

    def find(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(modules[name]), name)

    return find
