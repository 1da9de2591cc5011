"""Limits by which the driver is judged."""

from dms.config.section import Section


class DriverSettings(Section):
    """The ``[driver]`` table."""
