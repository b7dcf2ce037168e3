"""Generates the tables of docs/odd.md, docs/parameters.md and docs/instruments.md from the definitions in the code.

A table is placed between ``<!-- name -->`` or ``<!-- name: argument -->`` and ``<!-- end -->``. Running
``python -m contactsim.docs_tools.odd`` in a checkout writes all of them; ``--check`` only tests whether they are up to
date (exit code 1 if not).
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from contactsim import demography, parameters, paths, residents, world
from contactsim.encounters import arrays, ties
from contactsim.instruments import catalogue, contact
from contactsim.instruments.base import Instrument
from contactsim.instruments.questionnaire import Survey
from contactsim.observers import weekly
from contactsim.place import downscaling, nesting
from contactsim.settings import seating

DOCUMENTS = ("odd.md", "parameters.md", "instruments.md")

#: Sections of parameters by name of their table, with their key in a configuration.
SECTIONS: dict[str, tuple[type[parameters.Section], str]] = {
    "residents": (parameters.Residents, "residents"),
    "psychology": (parameters.Psychology, "psychology"),
    "settings": (parameters.Settings, "settings"),
    "mixing_groups": (parameters.MixingGroups, "settings.<setting>"),
    "contact_context": (parameters.ContactContext, "settings.contact_contexts.<name>"),
    "scenario": (parameters.Scenario, "scenario"),
    "shock": (parameters.Shock, "scenario.shocks.<name>"),
    "survey": (Survey, "survey"),
}

#: Constants that are not parameters: module, name, unit and meaning.
CONSTANTS: tuple[tuple[Any, str, str, str], ...] = (
    (residents, "HOUSEHOLD_SIZES", "shares of sizes 1-6", "household sizes (recalled from census 2011)"),
    (residents, "ADULT_BANDS", "years", "edges of the age bands of adults"),
    (residents, "ADULT_SHARES", "shares of the bands", "ages of adults (recalled from census 2011)"),
    (residents, "CHILD_SECOND", "chance", "the second member of a household is a child (assumed)"),
    (residents, "CHILD_FURTHER", "chance", "each further member is a child (assumed)"),
    (residents, "MEETING_AGE", "years", "youngest age that meets people outside the family (assumed)"),
    (residents, "SURVEY_AGE", "years", "youngest age that measures include (assumed; surveys of adults)"),
    (residents, "ADULT_AGE", "years", "age at which presence and belonging become those of adults (assumed)"),
    (residents, "TIE_PLACES", "places", "places for ties that each resident has (assumed)"),
    (residents, "ARRIVAL_LANGUAGE", "0-1", "confidence in the shared language on arrival (assumed)"),
    (residents, "CACHE_LINE", "bytes", "alignment of columns in memory"),
    (residents, "UNHEARD", "state", "has not heard the rumour, or there is none"),
    (residents, "BELIEVES", "state", "believes the rumour"),
    (residents, "KNOWS_BETTER", "state", "knows that the rumour is false"),
    (parameters, "MAX_SLOTS", "slots", "largest number of slots in a week, over all contact contexts"),
    (parameters, "MAX_SLOTS_OF_FRIENDS", "slots", "largest number of them in which friends meet"),
    (parameters, "MOST_MEETINGS", "meetings", "most meetings of a resident in a week, those of sessions included"),
    (residents, "WEEKS_A_YEAR", "weeks", "length of a year"),
    (residents, "WANDERING_WEEKS", "weeks", "from one change of the wandering part of resting points to the next"),
    (ties, "EVERY", "weeks", "from one fading of ties and one search for extended contact to the next"),
    (seating, "MOVES", "share a year", "residents with new neighbours, for how long people have had theirs (recalled)"),
    (seating, "SCHOOL_AGES", "years", "residents of this age or more, below the second, go to school"),
    (seating, "WORK_AGES", "years", "residents of this age or more, below the second, may have a workplace"),
    (demography, "ATTEMPTS", "attempts", "attempts to find an empty seat (assumed)"),
    (demography, "LOOKS", "looks", "dwellings or seats that a search examines (assumed; nearly always enough)"),
    (parameters, "LARGEST_EFFECT", "SD", "largest effect of a message on a state, however often it is repeated (A4)"),
    (world, "WINDOW", "weeks", "period over which a burn-in must be stationary (assumed)"),
    (world, "SETTLING", "times", "speed of belonging and engagement until a year before week 0 (assumed)"),
    (downscaling, "LOCAL_BLOCK", "log-odds SD", "spread between blocks of a district (fitted, A27)"),
    (downscaling, "LOCAL_OUTPUT_AREA", "log-odds SD", "spread between output areas of a block (fitted, A27)"),
    (downscaling, "COMMON", "share of variance", "spread that all groups but the first share (fitted, A27)"),
    (downscaling, "MEASURED", "residents, D", "dissimilarity inside units of these sizes (census 2011, A27)"),
    (nesting, "BLOCK", "residents", "size of a synthetic block"),
    (nesting, "DISTRICT", "residents", "size of a synthetic district"),
    (contact, "MONTH", "days", "length of the month in the item on the frequency of contact"),
    (weekly, "CHUNK", "rows", "rows of a chunk, within which residents are summed first"),
)

_BLOCK = re.compile(r"(<!-- (?P<name>[a-z_]+)(?:: (?P<argument>\w+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def renew(text: str) -> str:
    """The text with each table between markers generated again; an unknown marker raises KeyError."""
    def made(block: re.Match[str]) -> str:
        arguments = [block["argument"]] if block["argument"] else []
        return f"{block[1]}{TABLES[block['name']](*arguments)}\n{block[4]}"

    return _BLOCK.sub(made, text)


def parameter_table(name: str) -> str:
    """Parameters of a section with default, range, prior range, value that switches off, and where it comes from."""
    section, _ = SECTIONS[name]
    return _table(("parameter", "default", "range", "prior", "off", "unit", "role", "source", "meaning"),
                  (_row(key, field) for key, field in section.model_fields.items() if not _nested(field)))


def week_table() -> str:
    """The order of a week, from the docstring of World.step."""
    lines = textwrap.dedent(" " * 8 + (world.World.step.__doc__ or "")).splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("1."))
    return "\n".join(lines[first:]).strip()


def context_table() -> str:
    """The contact contexts of the default settings, with the mean of Allport's conditions."""
    contexts = parameters.Settings(**_default_settings()).contact_contexts
    names = list(parameters.ContactContext.model_fields)
    rows = [[f"`{name}`", *(_plain(getattr(context, key)) for key in names),
             _plain(round(arrays.allport(context), 4))] for name, context in contexts.items()]
    return _table(("contact context", *names, "mean condition"), rows)


def mixing_group_table() -> str:
    """Mixing groups and small groups of the default settings."""
    settings = parameters.Settings(**_default_settings())
    names = list(parameters.MixingGroups.model_fields)
    rows = [[f"`{kind}`", *(_plain(getattr(getattr(settings, kind), key)) for key in names)]
            for kind in ("public", "school", "work", "association")]
    return f"`neighbours`: {settings.neighbours} seats.\n\n" + _table(("setting", *names), rows)


def constant_table() -> str:
    """Constants of the code that are not parameters."""
    rows = [[f"`{name}`", _plain(getattr(home, name)), unit, text] for home, name, unit, text in CONSTANTS]
    return _table(("constant", "value", "unit", "meaning"), rows)


def measure_table() -> str:
    """Measures of the weekly table with their units."""
    return _table(("measure", "unit"), ([f"`{name}`", unit] for name, unit in weekly.UNITS.items()))


def role_list(role: str) -> str:
    """The full keys of all parameters of one role."""
    rows = [[f"`{prefix}.{key}`", _plain(field.default), _range(field), field.description or ""]
            for section, prefix in SECTIONS.values() for key, field in section.model_fields.items()
            if _extra(field).get("role") == role]
    return _table(("key", "default", "range", "meaning"), rows)


def instrument_table() -> str:
    """The items of a survey: wording, who is asked, answers, noise and its lasting part."""
    rows = [[f"`{name}`", one.wording, f"`{one.measures}`", _asked(one), one.scale, one.reporting,
             _plain(one.stable) if one.stable else "-"] for name, one in catalogue.shipped().items()]
    return _table(("item", "question", "measures", "asked of", "answers", "reporting", "lasting share of noise"), rows)


def instrument_sources() -> str:
    """The source of each item."""
    return "\n".join(f"- `{name}`: {one.source}." for name, one in catalogue.shipped().items())


def _asked(one: Instrument) -> str:
    return f"{one.put_to}; those above 0 in `{one.after}`" if one.after else one.put_to


TABLES: dict[str, Callable[..., str]] = {
    "parameters": parameter_table, "week": week_table, "contact_contexts": context_table,
    "mixing_groups": mixing_group_table, "constants": constant_table, "measures": measure_table, "role": role_list,
    "instruments": instrument_table, "instrument_sources": instrument_sources,
}


def _default_settings() -> dict[str, Any]:
    file = paths.configs_folder() / "settings" / "default.yaml"
    loaded: dict[str, Any] = yaml.safe_load(file.read_text())
    return loaded


def _nested(field: FieldInfo) -> bool:
    return isinstance(field.default, parameters.Section)


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _row(key: str, field: FieldInfo) -> list[str]:
    extra = _extra(field)
    source = "" if extra.get("source") == "none" else extra.get("source", "")
    default = "required" if field.is_required() else "all" if field.default_factory else _plain(field.default)
    prior = " to ".join(map(_plain, extra.get("prior", ())))
    off = _plain(extra["off"]) if "off" in extra else ""
    return [f"`{key}`", default, _range(field), prior, off, extra.get("unit", ""), extra.get("role", ""), source,
            field.description or ""]


def _range(field: FieldInfo) -> str:
    low = next((m.ge for m in field.metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in field.metadata if hasattr(m, "le")), None)
    if low is None and high is None:
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        return " / ".join(map(str, choices))
    return f"{_plain(low)} to {_plain(high)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str | int):
        return str(value)
    if value is None or len(value) == 0:
        return "none"
    return ", ".join(_plain(item) for item in list(value))


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


def main(arguments: list[str]) -> int:
    """Update the tables, or with ``--check`` report which documents are out of date."""
    folder, check = Path(__file__).parents[2] / "docs", "--check" in arguments
    texts = {folder / name: (folder / name).read_text() for name in DOCUMENTS}
    stale = {file: new for file, old in texts.items() if (new := renew(old)) != old}
    for file, new in stale.items():
        if not check:
            file.write_text(new)
        print(f"docs/{file.name}: {'out of date; run python -m contactsim.docs_tools.odd' if check else 'updated'}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
