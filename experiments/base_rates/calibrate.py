"""Fit psychology.negative_base to the ratio of positive to negative contact (A10: about three to one).

The only number of the model that is fitted, and the only evidence that it is fitted to (finding F7). The place
is mixed and hardly segregated, with a lived history; the reading is meetings a week of the majority's adults in
the second year. Run with:  python experiments/base_rates/calibrate.py
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from scipy.optimize import brentq

from contactsim.config import compose
from contactsim.evidence.observe import observe
from contactsim.evidence.variants import changed
from contactsim.place import synthetic_place

TARGET = 3.0
SHARE, DISSIMILARITY, RESIDENTS = 0.25, 0.1, 3000
SEEDS = range(2000, 2004)
WEEKS = 104
BRACKET, TOLERANCE = (-2.4, -1.2), 0.02


def ratio(negative_base: float) -> float:
    """Positive over negative meetings, both summed over seeds."""
    parameters = changed(compose(["place=synthetic"]).parameters, {"psychology.negative_base": negative_base})

    def one(seed: int) -> dict[str, float]:
        place = synthetic_place("mixed", RESIDENTS, {"majority": 1 - SHARE, "minority": SHARE}, DISSIMILARITY, seed)
        return observe(place, parameters, seed, WEEKS).summary

    with ThreadPoolExecutor() as pool:
        seen = list(pool.map(one, SEEDS))
    found = sum(s["positive"] for s in seen) / sum(s["negative"] for s in seen)
    print(f"negative_base {negative_base:.3f}: {found:.2f} positive for each negative meeting", flush=True)
    return found


if __name__ == "__main__":
    low, high = BRACKET
    fitted = brentq(lambda x: ratio(x) - TARGET, low, high, xtol=TOLERANCE)
    print(f"psychology.negative_base = {fitted:.2f}")
