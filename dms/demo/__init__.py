"""The demonstration: the sample drive walks the whole road, through a broker started for the occasion.

Takes nothing, prints what a subscriber hears. Uses the same daemon as ``dms run``.
"""

from pathlib import Path

SAMPLE_DRIVE = Path(__file__).with_name("sample_drive.mp4")
"""A drive of 40 s made from a public-domain portrait by ``scripts/make_sample_drive.py``; labels stand beside it."""
