"""Residents as Mesa agents: lazy views onto the rows of columns, and sets of them worked on column by column.

The core keeps residents as arrays with a row each. A Mesa user finds agents all the same:
``model.agents.select("age < 18").agg("anxiety", np.mean)`` gives what Mesa's own ``AgentSet`` gives, without
making an object for each resident. Column names are attribute names; a column with several values for each
resident is an (n, G) array, and ``"attitude[1]"`` names its part for target group 1.
"""

from contactsim.mesa_model.column_model import ColumnModel
from contactsim.mesa_model.columns import ColumnError, Columns, NotOnColumnsError, ResidentLeftError
from contactsim.mesa_model.grouping import ResidentGroups
from contactsim.mesa_model.resident import Resident
from contactsim.mesa_model.resident_set import ResidentSet

__all__ = [
    "ColumnError",
    "ColumnModel",
    "Columns",
    "NotOnColumnsError",
    "Resident",
    "ResidentGroups",
    "ResidentLeftError",
    "ResidentSet",
]
