"""A Mesa model whose agents are columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mesa
from mesa.agent import Agent

from contactsim.mesa_model.columns import LIVING, Columns, refused
from contactsim.mesa_model.resident import Resident
from contactsim.mesa_model.resident_set import ResidentSet


class ColumnModel(mesa.Model):
    """A Mesa model whose agents are the rows of ``residents``, which the subclass sets."""

    residents: Columns
    """the columns; set by the subclass"""

    @property
    def labels(self) -> Mapping[str, Sequence[str]]:
        """Names of the values 0, 1, ... of a column, for columns whose numbers stand for names."""
        return {}

    @property
    def agents(self) -> ResidentSet:
        """Everybody who lives here whenever the set is asked."""
        return ResidentSet(self)

    @property
    def agent_types(self) -> list[type[Agent]]:
        """Resident, the one kind there is."""
        return [Resident]

    @property
    def agents_by_type(self) -> dict[type[Agent], ResidentSet]:
        """All residents under the one kind there is."""
        return {Resident: self.agents}

    register_agent = refused("register_agent", LIVING)
    deregister_agent = refused("deregister_agent", LIVING)
    remove_all_agents = refused("remove_all_agents", LIVING)
