"""The way of a message from the daemon to the broker.

``policy`` decides what is sent and when; ``packer``, ``window``, ``suspects``, ``denials`` and ``queue`` help it, and
none of them knows a socket, a thread or a clock. ``outbox`` keeps alerts on disk: ``ledger`` what is beside them,
``disk`` their copy, in a file that ``store`` writes and ``reader`` proves. ``connection`` is one connection,
``courier`` what is done with it, ``thread`` makes the next one, and ``publisher`` is what the rest of the program sees.
"""
