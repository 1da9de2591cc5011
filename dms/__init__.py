"""DMS: a driver-monitoring service that watches a driver's face and publishes fatigue and anger alerts.

The road, walked once by every frame: ``frames -> perception -> driver -> alerts``; see docs/architecture.md.
"""

import os
from importlib.metadata import version

# read when OpenCV is loaded, and this runs before any module here can load it; what is wrong with a picture, a video or
# a camera is told by our own errors, in one line, without an address and its password
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

__version__ = version("dms")
