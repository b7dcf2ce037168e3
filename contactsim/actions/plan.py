"""Plan: several actions with one calendar and one budget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactsim.actions import recruitment
from contactsim.actions.base import COUNTS, Action, Rows
from contactsim.actions.sections import PlanConfig
from contactsim.place import Place
from contactsim.state import State


class Plan(Action[PlanConfig]):
    """Runs its parts in their order until the budget or the time is over."""

    Config = PlanConfig

    def check(self, place: Place) -> None:
        recruitment.check(self.name, self.config, place)
        for part in self.parts:
            part.check(place)

    @property
    def ledger(self) -> list[dict[str, int]]:
        return _sum_of_ledgers(part.ledger for part in self.parts)

    @property
    def notes(self) -> list[str]:
        return [f"{part.name}: {text}" for part in self.parts for text in part.notes] + self._notes

    def members(self) -> list[Action[Any]]:
        return [self, *(one for part in self.parts for one in part.members())]

    def fade(self, world: State) -> None:
        for part in self.parts:
            part.fade(world)

    def act(self, world: State) -> None:
        config = self.config
        if config.budget is not None and self.costs()["total"] >= config.budget:
            self.remark(world.clock, f"the budget of £{config.budget:,.0f} is spent")
            return
        for part in self.parts:
            part.work(world)

    def head_count(self) -> int:
        return self.participants.size if self.config.cost.participant else 0

    def costs(self) -> dict[str, Any]:
        """Costs of the plan itself and of its parts, added up."""
        costs = [super().costs(), *(part.costs() for part in self.parts)]
        sums = {name: sum(one[name] for one in costs) for name in ("fixed", "sessions", "participants", "total")}
        return {**sums, "source": "; ".join(dict.fromkeys(one["source"] for one in costs if one["total"]))}

    @property
    def attended(self) -> NDArray[np.int32]:
        """(N,) sessions of all parts that each row attended."""
        begun = [part.attended for part in self.parts if part._attended is not None]
        return np.sum([super().attended, *begun], axis=0, dtype=np.int32)

    @property
    def participants(self) -> Rows:
        return self._union("participants")

    def _marked(self, kind: str) -> Rows:
        return self._union(kind)

    def _union(self, kind: str) -> Rows:
        rows = [getattr(part, kind) for part in self.parts]
        return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.intp)


def _sum_of_ledgers(ledgers: Any) -> list[dict[str, int]]:
    """The ledgers of several actions, added up by week."""
    weeks: dict[int, dict[str, int]] = {}
    for ledger in ledgers:
        for line in ledger:
            total = weeks.setdefault(line["week"], {"week": line["week"], **dict.fromkeys(COUNTS, 0)})
            for name in COUNTS:
                total[name] += line[name]
    return [weeks[week] for week in sorted(weeks)]
