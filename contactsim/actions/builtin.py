"""The mechanisms that come with contactsim."""

from __future__ import annotations

from typing import Any

from contactsim.actions.base import Action
from contactsim.actions.convene import Convene
from contactsim.actions.equip import Equip
from contactsim.actions.host import Host
from contactsim.actions.level import Level
from contactsim.actions.plan import Plan
from contactsim.actions.registry import register
from contactsim.actions.speak import Speak

BUILTIN: dict[str, type[Action[Any]]] = {
    "convene": Convene, "host": Host, "speak": Speak, "level": Level, "equip": Equip, "plan": Plan}

register(BUILTIN)
