"""The help of ``contactsim run``, made from the groups on disk and the parameters' definitions."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from contactsim.config import DEFINED, RunConfig, allowed_of, shown
from contactsim.parameters import Section

if TYPE_CHECKING:
    from contactsim.composition import Composition

_HEAD = """contactsim run: simulate a place week by week and keep the results in a folder.

  contactsim run place=bradford weeks=104 seed=7
  contactsim run place=census place.file=my_table.csv psychology=equal_weight psychology.drift=0.02
  contactsim run --multirun place=bradford,slough seed='range(0,3)'

Groups (group=name picks one; group.key=value changes a key in it):
"""
_TAIL = """
Options: --multirun (-m) every combination of values given as a,b or range(0,3)   --quiet (-q)
  --cfg job show the configuration and stop   --info   --package KEY   --resolve   --shell-completion
  --config-dir DIR (-cd) a folder with groups of your own   --debug show the traceback of a fault
Hydra's launchers work where they are installed: hydra/launcher=joblib with --multirun."""


def text(composition: Composition) -> str:
    """Groups with their names, then every parameter with its default, range, unit and meaning."""
    from contactsim.composition import ACTIONS, GROUPS

    lines = [_HEAD]
    lines += [f"  {group:11} {', '.join(composition.options(group))}" for group in GROUPS]
    lines.append(f"  {ACTIONS:11} any number, as in {ACTIONS}=[a,b]: {', '.join(composition.options(ACTIONS))}")
    lines += ["", "The run:", *_keys(RunConfig, "", skip={*GROUPS, "actions"})]
    for group, section in DEFINED.items():
        lines += ["", f"{group}:", *_keys(section, f"{group}.")]
    return "\n".join([*lines, _TAIL])


def _keys(section: type[Section], prefix: str, skip: Collection[str] = ()) -> list[str]:
    lines = []
    for name, field in section.model_fields.items():
        if name not in skip:
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            role = f" [{extra['role']}]" if prefix and "role" in extra else ""
            lines += [f"  {prefix + name}={shown(field.default)}   {allowed_of(field)}",
                      f"      {field.description}{role}"]
    return lines
