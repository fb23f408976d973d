"""How many labels to audit for a claim that is wanted. Sizes only; nothing is drawn here."""

from tawsim.core.errors import BadInput
from tawsim.truth.certificates.certify import EXCLUDED, Method
from tawsim.truth.certificates.hypergeometric import cdf

# With this probability the audit bears out the claim, if the labels are as good as assumed.
POWER = 0.8


def audit_size(
    population: int,
    error: float,
    delta: float = 0.05,
    *,
    assumed: float = 0.0,
    method: Method = "exact",
    power: float = POWER,
) -> int:
    """The smallest sample that certifies “at most `error` of `population` labels are wrong” with probability `power`,
    if in truth the share `assumed` is wrong.

    >>> audit_size(100_000, 0.01), audit_size(100_000, 0.01, assumed=0.005), audit_size(100_000, 0.01, method="anytime")
    (298, 1809, 448)

    For each number of wrong labels c that one is ready to see there is a smallest sample that still excludes more than
    error · N; the smallest c for which c or fewer are seen with probability `power` is found by bisection. The whole
    population, where nothing less will do. Raises `BadInput` for shares outside 0 … 1 and an assumed error that is not
    below the claim.
    """
    if population < 1 or not 0 <= assumed < error < 1 or not 0 < delta < 0.5 or not 0 < power < 1:
        raise BadInput(
            f"No audit shows at most {error} wrong of {population} with delta {delta}, if {assumed} are.",
            "error must be above what is assumed, and delta below 0.5.",
        )
    least = int(error * population + 1e-9) + 1  # the smallest number of wrong labels that breaks the claim
    truth = round(assumed * population)

    def sample_for(seen: int) -> int:
        return _smallest(population, least, seen, delta, method)

    def enough(seen: int) -> bool:
        size = sample_for(seen)
        return size >= population or cdf(population, truth, size, seen) >= power

    high = 1
    while not enough(high - 1):
        high *= 2
    low = high // 2
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle - 1) else (middle, high)
    return sample_for(high - 1)


def _smallest(population: int, least: int, seen: int, delta: float, method: Method) -> int:
    """The smallest sample in which `seen` wrong ones exclude `least` wrong labels in all."""
    excluded = EXCLUDED[method]
    low, high = min(seen, population), population
    while low < high:
        middle = (low + high) // 2
        # A sample that leaves fewer labels unseen than would have to be wrong excludes it outright.
        if middle - seen > population - least or excluded(population, middle, seen, least, delta):
            high = middle
        else:
            low = middle + 1
    return low
