"""The daemon's ear on its own machine: a socket over which the commands of a person ask the running daemon.

Takes questions (``status``, ``test_alert``, ``aim``), gives answers, a line of JSON each. Only the owner of the state
folder and its group may ask. Never holds up the loop that sees and judges, and never reaches beyond the machine.
"""
