"""An exponential in plain arithmetic: the same bits on every platform, and compiled for several rows at once.

The libraries' exp is a call for each row, and its last bit differs between them. This one multiplies out a
polynomial after the usual reduction of the argument; its relative error is below 5e-16 (tested).
"""

from __future__ import annotations

import numpy as np

from contactsim.compiled import inlined

LOG2_E = 1.4426950408889634
#: ln 2 in two parts, the first short enough that its multiples are exact (as in fdlibm's e_exp.c).
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
#: Added to a number below 2**51 it rounds it to a whole number, and leaves that number in its last bits,
#: already with the offset that an exponent of a double has.
ROUND = 1.5 * 2.0**52 + 1023.0
#: Beyond these the result is that of the limit; nothing in the model comes near.
LIMIT = 700.0
C3, C4, C5, C6, C7 = 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040
C8, C9, C10, C11, C12 = 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800, 1 / 479001600


@inlined
def exp(x):  # type: ignore[no-untyped-def]
    """e to the power of x (float64)."""
    x = min(max(x, -LIMIT), LIMIT)
    shifted = np.float64(x * LOG2_E + ROUND)
    whole = shifted - ROUND
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    low = ((1.0 + r) + (0.5 + C3 * r) * r2) + ((C4 + C5 * r) + (C6 + C7 * r) * r2) * r4
    high = (C8 + C9 * r) + (C10 + C11 * r) * r2 + C12 * r4
    power = np.int64(shifted.view(np.int64) << np.int64(52)).view(np.float64)
    return (low + high * (r4 * r4)) * power
