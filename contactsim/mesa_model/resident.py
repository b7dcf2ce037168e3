"""A resident as a Mesa agent."""

from __future__ import annotations

from typing import Any

import numpy as np
from mesa.agent import Agent

from contactsim.mesa_model.columns import (
    LIVING,
    WEEK,
    ColumnError,
    Columns,
    ResidentLeftError,
    lookup,
    refused,
    write,
)


class Resident(Agent):
    """One resident as a Mesa agent: a view of a row, created on demand.

    Attributes are the columns, read and written in place: ``r.age`` is a number, ``r.attitude`` the (G - 1,) part of
    the array, one value for each other group (read-only if the column cannot be set). ``unique_id`` is the resident's
    number when the view was created; once the resident has left the place, reading or writing raises
    ResidentLeftError. Two views of the same resident of the same model are equal. A name that is not a column raises
    ColumnError, which is an AttributeError.
    """

    def __init__(self, model: Any, row: int) -> None:
        """``model.residents`` are the columns; ``row`` must have a resident."""
        # Not Agent.__init__: it counts ids in a dictionary of the class, so the model would never be freed.
        self.__dict__.update(model=model, unique_id=int(model.residents.uid[row]), _row=int(row))

    @property
    def _columns(self) -> Columns:
        return self.model.residents  # type: ignore[attr-defined,no-any-return]

    def is_here(self) -> bool:
        """Whether the resident still lives here."""
        return bool(self._columns.active[self._row] and self._columns.uid[self._row] == self.unique_id)

    def row(self) -> int:
        """The row of the columns; raises ResidentLeftError if the resident has left."""
        if not self.is_here():
            raise ResidentLeftError(f"resident {self.unique_id} has left; model.agents holds the present residents.")
        return int(self._row)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        values = lookup(self._columns, name)[self.row()]
        if values.ndim == 0:
            return values.item()
        values.flags.writeable = name in self._columns.writable
        return values

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("model", "random", "rng"):
            raise ColumnError(f"{name} of a resident cannot be set.")
        write(self._columns, name, np.array([self.row()]), value)

    def __delattr__(self, name: str) -> None:
        raise ColumnError(f"{name} of a resident cannot be deleted.")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Resident):
            return NotImplemented
        return self.model is other.model and self.unique_id == other.unique_id

    def __hash__(self) -> int:
        return hash((id(self.model), self.unique_id))

    def __repr__(self) -> str:
        return f"<Resident {self.unique_id}{'' if self.is_here() else ', who has left'}>"

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._columns.column_names]

    step = refused("step", WEEK)
    advance = refused("advance", WEEK)
    remove = refused("remove", LIVING)
    create_agents = refused("create_agents", LIVING)
