"""Residents as Mesa agents: views of rows of columns, and sets of residents that are processed column by column.

The model stores residents in arrays with one row each. Mesa users work with them as with agents:
``model.agents.select("age < 18").agg("anxiety", np.mean)`` gives the same as Mesa's ``AgentSet``, without creating an
object for each resident. Attribute names are column names. A column with several values for each resident is an (n, G)
array, and ``"attitude[1]"`` names its part for target group 1.
"""

from contactsim.mesa_model.columns import ColumnError, Columns, NotOnColumnsError, ResidentLeftError
from contactsim.mesa_model.resident import Resident
from contactsim.mesa_model.resident_set import ColumnModel, ResidentGroups, ResidentSet

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
