"""Actions: interventions such as programmes, open venues, campaigns and policies.

An action changes who meets whom, under which conditions, what people learn from messages, or their circumstances
(status, language, work, housing). It never writes an attitude: attitudes change by the rules of the model alone.
"""

from typing import Any

from contactsim.actions.base import Action, costs, ledgers, listing, outcomes, remarks
from contactsim.actions.convene import Convene
from contactsim.actions.equip import Equip
from contactsim.actions.host import Host
from contactsim.actions.level import Level
from contactsim.actions.plan import Plan
from contactsim.actions.recruitment import eligible
from contactsim.actions.registry import build, register, sections
from contactsim.actions.schema import ActionSection, Audience, Gathering
from contactsim.actions.sessions import Gatherer
from contactsim.actions.speak import Speak

#: The mechanisms that come with contactsim.
BUILTIN: dict[str, type[Action[Any]]] = {
    "convene": Convene, "host": Host, "speak": Speak, "level": Level, "equip": Equip, "plan": Plan}

register(BUILTIN)

__all__ = ["BUILTIN", "Action", "ActionSection", "Audience", "Gatherer", "Gathering", "build", "costs", "eligible",
           "ledgers", "listing", "outcomes", "remarks", "sections"]
