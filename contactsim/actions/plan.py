"""Plan: several actions with one calendar and one budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializeAsAny, field_validator

from contactsim.actions import recruitment
from contactsim.actions.base import COUNTS, Action, Rows
from contactsim.actions.registry import make, sections
from contactsim.actions.schema import ActionSection, Audience, Cost
from contactsim.parameters import parameter
from contactsim.place import Place
from contactsim.state import State

#: Keys of a plan that define where its parts act, unless a part defines its own areas.
_WHERE = ("areas", "choose", "number", "scale")


class PlanConfig(Audience):
    """Parts with their own calendars, counted from the start of the plan.

    The plan defines the areas, each part its target group. The reach of the plan multiplies that of each part.
    """

    parts: dict[str, SerializeAsAny[ActionSection]] = Field(min_length=1, description="its actions, by name")
    message: Literal["on", "off"] = Field(
        default="on",
        description="whether its messages are sent; compare with off to see the effect of the meetings alone")
    budget: float | None = parameter(
        None, 0, 1e9, "pounds", "assumed", "limit at which it stops; null for none")

    @field_validator("parts", mode="before")
    @classmethod
    def _parts(cls, values: Any) -> Any:
        return sections(values, "parts")

    @field_validator("message", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        """Accept booleans, since YAML reads a bare off as false."""
        return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kind for part in self.parts.values() for kind in part.kinds))

    @property
    def gathers(self) -> bool:
        return any(part.gathers for part in self.parts.values())

    @property
    def speaks(self) -> bool:
        return self.message == "on" and any(part.speaks for part in self.parts.values())

    @property
    def only_speaks(self) -> bool:
        return all(part.only_speaks for part in self.parts.values())

    def ends(self) -> int | None:
        """First week after it, or after the last of its parts; None if it has no end."""
        parts = [part.ends() for part in self.parts.values()]
        last = max((week for week in parts if week is not None), default=0)
        known = [super().ends(), None if None in parts else self.start + last]
        return min((week for week in known if week is not None), default=None)

    def without_message(self) -> Self | None:
        """The same plan without its messages; None if nothing else is left, or it has none."""
        return self.model_copy(update={"message": "off"}) if self.speaks and not self.only_speaks else None

    def subsections(self) -> Mapping[str, ActionSection]:
        return self.parts

    def costs(self) -> list[Cost]:
        return [self.cost, *(cost for part in self.parts.values() for cost in part.costs())]

    def price(self) -> str:
        prices = [str(self.cost)] if self.cost != type(self.cost)() else []
        prices += [f"{name}: {part.price()}" for name, part in self.parts.items()]
        limit = [f"at most £{self.budget:,.0f} in all"] if self.budget is not None else []
        return "; ".join(prices + limit)


class Plan(Action[PlanConfig]):
    """Runs its parts in their order until the budget or the time is over."""

    Config = PlanConfig

    def __init__(self, name: str, config: PlanConfig) -> None:
        super().__init__(name, config)
        self.parts = [make(f"{name}.{part}", self._placed(section)) for part, section in config.parts.items()
                      if config.message == "on" or not section.only_speaks]

    def _placed(self, section: ActionSection) -> ActionSection:
        """A part on the calendar of the plan, and in its areas unless the part has its own."""
        config = self.config
        new: dict[str, Any] = {}
        if config.message == "off":
            section = section.without_message() or section
        if isinstance(section, Audience):
            new["reach"] = config.reach * section.reach
            if section.areas is None and section.choose is None:
                new |= {key: getattr(config, key) for key in _WHERE}
        return section.moved(config.start).model_copy(update=new)

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
