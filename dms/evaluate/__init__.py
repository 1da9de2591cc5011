"""Measures a model on a labelled set: what ``dms evaluate`` prints.

Takes data in the public layouts and a model file, gives a report with every metric as text and JSON. Runs with the base
install, through the same code that the daemon runs. Never trains, never changes a model.
"""
