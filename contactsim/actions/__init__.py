"""Actions: interventions such as programmes, open venues, campaigns and policies.

An action changes who meets whom, under which conditions, what people learn from messages, or their circumstances
(status, language, work, housing). It never writes an attitude: attitudes change by the rules of the model alone.

What describes an action (``schema``, ``sections``) is imported at once; what simulates it needs the model's kernels and
is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactsim.actions.schema import ActionSection, Audience, Gathering
from contactsim.actions.sections import sections

if TYPE_CHECKING:
    from contactsim.actions.base import Action, costs, ledgers, listing, outcomes, remarks
    from contactsim.actions.recruitment import eligible
    from contactsim.actions.registry import MECHANISMS, build
    from contactsim.actions.sessions import Gatherer

__all__ = ["MECHANISMS", "Action", "ActionSection", "Audience", "Gatherer", "Gathering", "build", "costs", "eligible",
           "ledgers", "listing", "outcomes", "remarks", "sections"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from contactsim.actions.base import Action, costs, ledgers, listing, outcomes, remarks
    from contactsim.actions.recruitment import eligible
    from contactsim.actions.registry import MECHANISMS, build
    from contactsim.actions.sessions import Gatherer

    found = (MECHANISMS, Action, Gatherer, build, costs, eligible, ledgers, listing, outcomes, remarks)
    names = ("MECHANISMS", "Action", "Gatherer", "build", "costs", "eligible", "ledgers", "listing", "outcomes",
             "remarks")
    globals().update(zip(names, found, strict=True))
    return globals()[name]
