"""Tables of keys for the help of commands, generated from the configuration groups and the parameters."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

from contactsim.config.hydra_adapter import ACTIONS, GROUPS, Composition
from contactsim.config.run_config import DEFINED, RunConfig, allowed_of, shown
from contactsim.parameters import Section


def text(composition: Composition) -> str:
    """Groups with their configurations, then every parameter with default, range, unit and meaning."""
    lines = ["Groups (group=name picks one; group.key=value changes a key in it):"]
    lines += [f"  {group:11} {', '.join(composition.options(group))}" for group in GROUPS]
    lines += textwrap.wrap(f"any number, as in {ACTIONS}=[a,b]: {', '.join(composition.options(ACTIONS))}", 98,
                           initial_indent=f"  {ACTIONS:11} ", subsequent_indent=" " * 14)
    lines += ["", "The run:", *keys(RunConfig, skip={*GROUPS, "actions"})]
    for group, section in DEFINED.items():
        lines += ["", f"{group}:", *keys(section, f"{group}.")]
    return "\n".join(lines)


def keys(section: type[Section], prefix: str = "", skip: Collection[str] = ()) -> list[str]:
    """Two lines for each key: default and allowed values, then its meaning."""
    lines = []
    for name, field in section.model_fields.items():
        if name not in skip:
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            role = f" [{extra['role']}]" if prefix and "role" in extra else ""
            default = field.get_default(call_default_factory=True)
            lines += [f"  {prefix + name}={shown(default)}   {allowed_of(field)}",
                      f"      {field.description}{role}"]
    return lines
