"""Results of chosen runs as Python objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.errors import UserError
from contactsim.storage.schema import OK, weekly_frame
from contactsim.storage.store import Store


@dataclass(frozen=True)
class Result:
    """The stored result of one run."""

    id: str
    status: str
    """ok, failed, timeout, or missing"""
    message: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    weekly: pd.DataFrame | None = None
    seconds: float = 0.0


class Results(Sequence[Result]):
    """Results of chosen runs, in their order, read from the store on first use."""

    def __init__(self, store: Store, ids: Sequence[str]) -> None:
        self.store, self.ids = store, list(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, k: Any) -> Any:
        return [self._found[name] for name in self.ids[k]] if isinstance(k, slice) else self._found[self.ids[k]]

    def __iter__(self) -> Iterator[Result]:
        return iter([self._found[name] for name in self.ids])

    def failed(self) -> list[Result]:
        """The results that are not a success."""
        return [result for result in self if result.status != OK]

    def need(self) -> Results:
        """These results, if all succeeded. Raises UserError with the first failure otherwise."""
        failed = self.failed()
        if failed:
            raise UserError(f"{len(failed)} of {len(self)} runs failed; the first, {failed[0].id}: "
                            f"{failed[0].message or failed[0].status}.")
        return self

    @cached_property
    def _found(self) -> dict[str, Result]:
        table = self.store.read(["id", "status", "message", "provenance", "numbers", "arrays", "weekly"], set(self.ids))
        weekly = dict(iter(weekly_frame(table["weekly"]).groupby("row")))
        found = {name: Result(name, "missing") for name in self.ids}
        plain = table.select(["id", "status", "message", "provenance", "numbers"]).to_pylist()
        for k, row in enumerate(plain):
            arrays = {name.as_py(): values.values.to_numpy() for name, values in _items(table["arrays"][k])}
            seconds = json.loads(row["provenance"] or "{}").get("seconds", 0.0)
            weeks = weekly[k].drop(columns="row").reset_index(drop=True) if k in weekly else None
            found[row["id"]] = Result(row["id"], row["status"], row["message"], dict(row["numbers"] or []), arrays,
                                      weeks, seconds)
        return found


def _items(scalar: Any) -> list[tuple[Any, Any]]:
    """Pairs of a map, as Arrow's own scalars."""
    return [] if scalar.values is None else [(pair["key"], pair["value"]) for pair in scalar.values]
