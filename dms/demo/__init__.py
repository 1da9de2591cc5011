"""The demonstration: the sample drive walks the whole road, through a broker started for the occasion.

Takes nothing, prints what a subscriber hears. Uses the same daemon as ``dms run``.
"""
