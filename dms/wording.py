"""Words that several rooms say to people in the same way."""


def counted(number: int, thing: str) -> str:
    """Return how many there are of a thing: ``1 alert``, ``2 alerts``, ``1,204 drives``.

    Args:
        number: How many.
        thing: What one of them is called; its plural ends in s.
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
