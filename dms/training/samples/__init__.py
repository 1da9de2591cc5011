"""Random training samples with their labels, made from faces with landmarks: one module per model.

``landmarks`` makes crops of one face, ``face`` makes whole scenes, ``mouth`` makes mouth patches.
"""
