"""Colours that people with a colour-vision deficiency can tell apart: Okabe and Ito's for groups, and scales whose
lightness carries the order."""

from __future__ import annotations

from typing import Any

from contactsim.demo.pictures import DIFFERENCES, SCALES

#: Of the groups in order; further groups repeat them darker.
GROUPS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8c5a2b", "#f0e442", "#5c5c5c")
#: Of the two worlds in charts; the right one is also dashed.
WORLDS = ("#17456b", "#b3470f")
#: Of lines for meetings; bad ones are also dashed and crossed.
MEETINGS = ("#0b6e4f", "#8b0a3d")
_COOL_WARM = ("#4b2e83", "#a99bc9", "#ecebe6", "#f0a561", "#b35806")
STOPS = {
    "attitude": _COOL_WARM,
    "positive": ("#f1f1ea", "#7fcdbb", "#1d91c0", "#0c2c84"),
    "negative": ("#f1f1ea", "#f4a582", "#ca4a68", "#5e0b4b"),
    "belonging": ("#fff7c7", "#6fb58a", "#21708d", "#232f63"),
    "difference": ("#4b2e83", "#a99bc9", "#ecebe6", "#f0a561", "#b35806"),
}
#: What the ends of a colouring mean.
ENDS = {
    "attitude": ("cold", "warm"), "positive": ("none", "4 or more a week"), "negative": ("none", "2 or more a week"),
    "belonging": ("not at all", "fully"),
}
NAMES = {"group": "group", "attitude": "attitude to other groups", "positive": "good contact of late",
         "negative": "bad contact of late", "belonging": "belonging"}


def palette(groups: int) -> dict[str, Any]:
    """What the page needs to colour maps and charts."""
    return {
        "groups": [GROUPS[g % len(GROUPS)] for g in range(groups)], "worlds": WORLDS, "meetings": MEETINGS,
        "stops": STOPS, "scales": SCALES, "differences": DIFFERENCES, "ends": ENDS, "names": NAMES,
    }
