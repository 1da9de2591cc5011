"""The parts of ``beside_others.py``."""
