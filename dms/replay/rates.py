"""How sure a rate of rare events is.

Takes a count and the time it was counted in, gives an interval. Few false alarms in little time prove little: no
rate is shown without its interval.
"""

import math

SURE = 0.95
"""Share of the intervals that hold the true rate."""


def per_hour(events: int, duration_s: float) -> tuple[float, float, float]:
    """Events an hour, with the exact interval of a Poisson count (Garwood 1936).

    Args:
        events: How many there were, 0 or more.
        duration_s: Seconds in which they were counted, above 0.

    Returns:
        The rate, the lower and the upper end of its 95 % interval.

    Raises:
        ValueError: There is no time, or the count is negative.
    """
    if duration_s <= 0 or events < 0:
        raise ValueError("a rate needs a count of 0 or more and a time above 0")
    hours = duration_s / 3600
    tail = (1 - SURE) / 2
    low = _mean_at(events - 1, 1 - tail) if events else 0.0
    return events / hours, low / hours, _mean_at(events, tail) / hours


def _mean_at(events: int, share: float) -> float:
    """The mean at which a Poisson count is at most ``events`` with this probability, by bisection."""
    low, high = 0.0, events + 10 * math.sqrt(events + 1) + 10
    for _ in range(100):
        middle = (low + high) / 2
        if _at_most(events, middle) > share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(events: int, mean: float) -> float:
    """Probability that a Poisson count of this mean is at most ``events``."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(events + 1))
