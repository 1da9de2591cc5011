"""DMS: a driver-monitoring service that watches a driver's face and publishes fatigue and anger alerts.

The road, walked once by every frame: ``frames -> perception -> driver -> alerts``; see docs/architecture.md.
"""

from importlib.metadata import version

__version__ = version("dms")
