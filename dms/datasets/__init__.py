"""Labelled data as users have it, for measuring and for training.

``layouts`` reads the public layouts, ``sources`` finds out which layout a path is in, ``reading`` passes over what
cannot be read and counts it, ``split`` divides what is trained on from what is measured on. Takes paths, returns
arrays. Needs numpy and OpenCV only. Never writes and never downloads.
"""
