"""Judges the driver: observations in, states and alerts out.

Takes ``Observation`` values and a few vehicle inputs in order of time, gives a ``Judgement`` for each. Pure: no
clock, no I/O, no pixels, no TFLite; the same observations always give the same judgements.
"""
