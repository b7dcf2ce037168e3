"""How dissimilar the small areas inside a larger one are: the default for units that are split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: (residents of a unit, median dissimilarity of White British against all others among the output areas
#: inside it), census 2011, Bradford, Birmingham, Thanet, Slough, Hackney and Cardiff together: 1,471 LSOAs;
#: 300 MSOAs; 151 pairs of MSOAs next to each other in code order, about as large as city wards; the six
#: districts. Middle halves: .10 to .20, .16 to .26, .20 to .38, .32 to .49.
MEASURED = ((1_670, 0.145), (8_200, 0.196), (16_300, 0.259), (409_000, 0.355))


def default_dissimilarity(residents: NDArray[np.number]) -> NDArray[np.float64]:
    """Dissimilarity inside units of this many residents: :data:`MEASURED`, linear in log residents.

    Below the smallest size and above the largest the nearest value holds. It is an assumption wherever the
    output areas of a unit are not known: the middle half of MSOAs spans .16 to .26.
    """
    sizes, values = zip(*MEASURED, strict=True)
    return np.interp(np.log(np.maximum(residents, 1)), np.log(sizes), values)
