"""Actions: what is done about a place.

They change who meets whom, under which conditions, what people hear, or where they stand; never an attitude.
"""

from contactsim.actions.base import Action
from contactsim.actions.builtin import BUILTIN
from contactsim.actions.recruitment import eligible
from contactsim.actions.registry import build, sections
from contactsim.actions.schema import ActionSection, Audience, Gathering
from contactsim.actions.sessions import Gatherer
from contactsim.actions.tables import costs, ledgers, listing, outcomes, remarks

__all__ = ["BUILTIN", "Action", "ActionSection", "Audience", "Gatherer", "Gathering", "build", "costs", "eligible",
           "ledgers", "listing", "outcomes", "remarks", "sections"]
