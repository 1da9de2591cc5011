"""Where alerts go."""

from dms.config.section import Section


class AlertsSettings(Section):
    """The ``[mqtt]`` table."""
