"""The output of a task before it is stored. Without Arrow, so that the identity of results does not depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: Measure of the rows in which the ledger of findings stores its figures (:mod:`contactsim.evidence.runs`).
LEDGER = "ledger"


@dataclass
class TaskOutput:
    """Results of a run or of another task."""

    weekly: pd.DataFrame | None = None
    """week, measure, group, target, value; None where nothing was recorded weekly"""
    numbers: Mapping[str, float] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """one-dimensional"""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """files by name, stored on request"""
