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
    """Return the mean at which a Poisson count is at most ``events`` with this probability, by bisection."""
    low, high = 0.0, events + 10 * math.sqrt(events + 1) + 10
    for _ in range(100):
        middle = (low + high) / 2
        if _at_most(events, middle) > share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(events: int, mean: float) -> float:
    """Return the probability that a Poisson count of this mean is at most ``events``."""
    if mean <= 0:
        return 1.0
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(events + 1))


def share(hits: int, tries: int) -> tuple[float, float, float]:
    """Return a share of tries, with the exact interval of a binomial count (Clopper and Pearson 1934).

    Args:
        hits: How many tries succeeded, 0 to ``tries``.
        tries: 1 or more.

    Returns:
        The share 0..1, the lower and the upper end of its 95 % interval.

    Raises:
        ValueError: There are no tries, or not as many hits.
    """
    if not 0 <= hits <= tries or tries == 0:
        raise ValueError("a share needs one try or more, and from 0 to all of them as hits")
    tail = (1 - SURE) / 2
    low = _share_at(hits - 1, tries, 1 - tail) if hits else 0.0
    high = _share_at(hits, tries, tail) if hits < tries else 1.0
    return hits / tries, low, high


def chance(better: int, worse: int) -> float:
    """Return how often chance alone does as much, where better and worse are as likely (two-sided sign test).

    Args:
        better: How many events came out better, 0 or more.
        worse: How many came out worse.

    Returns:
        A probability 0..1: near 1 the difference says nothing.
    """
    changed = better + worse
    return min(1.0, 2 * _at_most_of(min(better, worse), changed, 0.5)) if changed else 1.0


def _share_at(hits: int, tries: int, at_most: float) -> float:
    """Return the chance of a hit at which there are at most ``hits`` with this probability, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most_of(hits, tries, middle) > at_most:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most_of(hits: int, tries: int, each: float) -> float:
    """Probability that at most ``hits`` of ``tries`` succeed, each with the chance ``each`` between 0 and 1."""
    return math.fsum(
        math.exp(
            math.lgamma(tries + 1)
            - math.lgamma(k + 1)
            - math.lgamma(tries - k + 1)
            + k * math.log(each)
            + (tries - k) * math.log1p(-each)
        )
        for k in range(hits + 1)
    )
