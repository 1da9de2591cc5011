"""``python -m dms`` is ``dms``."""

from dms.cli import main

main()
