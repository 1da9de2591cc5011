"""Which release this is, as it was installed: looked up when somebody asks, since the look-up takes a while."""

from importlib.metadata import version

__version__ = version("dms")
