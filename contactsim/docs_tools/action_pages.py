"""Generates the page of each action from its file: ``python -m contactsim.docs_tools.action_pages`` in a checkout."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contactsim.actions.schema import ActionSection, Audience, Cost, Gathering, Helpers, plain
from contactsim.actions.sections import BUILTIN, Phase, classes
from contactsim.config.action_catalogue import facts, load, names
from contactsim.parameters import Conditions, Rumour, Section

#: Fields that are in the text of a page, not in its table.
_WORDS = {"mechanism", "title", "about", "source", "evidence", "harm", "sourced", "also_in_control", "parts"}


def page(name: str, section: ActionSection) -> str:
    """The page of one action as Markdown."""
    others = ", ".join(f"`{other}`" for other in section.also_in_control)
    control = [f"In a comparison {others} should take place in both arms.", ""]
    lines = [f"# {section.title or name}", "", f"`action={name}`", "", section.about, "",
             f"- **Source**: {section.source}", f"- **Mechanism**: {' + '.join(section.kinds)}",
             f"- **Cost**: {section.price()}",
             f"- **Evidence**: {', '.join(section.evidence) or 'none found'}",
             f"- **Possible harm**: {section.harm or 'not stated'}", "",
             *(control if section.also_in_control else []), *_tables(section, "Parameters"),
             "A value without a source is assumed. Values at their default are assumed and not listed; see "
             "[all fields](index.md#fields)."]
    return "\n".join(lines) + "\n"


def _tables(section: ActionSection, title: str) -> Iterator[str]:
    rows = list(_rows(section))
    if rows:
        yield from (f"## {title}", "", "| key | value | source |", "| --- | --- | --- |")
        yield from (f"| `{key}` | {_shown(value)} | {source} |" for key, value, source in rows)
        yield ""
    for name, part in section.subsections().items():
        yield from _tables(part, f"Part `{name}`: {part.title or part.mechanism}")


def _rows(section: ActionSection) -> Iterator[tuple[str, Any, str]]:
    """(key, value, source) of all fields that have a source or differ from the defaults of the mechanism."""
    usual = plain(classes()[section.mechanism].model_construct())
    for key, value in _leaves({k: v for k, v in plain(section).items() if k not in _WORDS}):
        parts = key.split(".")
        keys = [".".join(parts[:k]) for k in range(len(parts), 0, -1)]
        source = next((section.sourced[at] for at in keys if at in section.sourced), "assumed")
        if key != "cost.source" and (_at(usual, key) != value or (source != "assumed" and parts[0] != "cost")):
            yield key, value, section.cost.source if parts[0] == "cost" else source


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _at(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _shown(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "<br>".join(", ".join(f"{k} {v}" for k, v in one.items() if v not in (None, "")) for one in value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {None: "none", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)


def listed() -> str:
    """All actions as a table with links."""
    lines = ["| action | what | mechanism | cost | evidence |", "| --- | --- | --- | --- | --- |"]
    for name in names():
        row = facts(name, load(name))
        lines.append(f"| [`{name}`]({name}.md) | {row['title']} | {row['mechanism']} | {row['price']} | "
                     f"{', '.join(row['evidence']) or 'none found'} |")
    return "\n".join(lines)


def fields() -> str:
    """Every field of every mechanism: default, range, unit and meaning."""
    done: dict[str, Any] = {}
    lines = []
    kinds: list[tuple[type[Section], str]] = [
        (ActionSection, "every action"), (Audience, "whom it is for"), (Cost, "`cost`"),
        (Gathering, "`convene` and `host`"), (Helpers, "`helpers`"), (Conditions, "`conditions`"),
        *((kind, f"`{name}`") for name, kind in BUILTIN.items()), (Phase, "`phases` of `convene`"),
        (Rumour, "`rumour` of `speak`")]
    for section, title in kinds:
        alone = section in (Cost, Helpers, Conditions, Phase, Rumour)
        lines += [f"### {title}", "", "| field | default | allowed | meaning |", "| --- | --- | --- | --- |"]
        for name, field in section.model_fields.items():
            default = field.get_default(call_default_factory=True)
            if alone or name not in done or done[name] != default:
                shown = "" if field.is_required() or isinstance(default, BaseModel) else _shown(default)
                lines.append(f"| `{name}` | {shown} | {_allowed(field)} | {field.description or 'see below'} |")
            if not alone:
                done[name] = default
        lines.append("")
    return "\n".join(lines).strip()


def _allowed(field: Any) -> str:
    found = {name: getattr(one, name) for one in field.metadata for name in ("ge", "le") if hasattr(one, name)}
    unit = (field.json_schema_extra or {}).get("unit", "")
    if "le" in found:
        return f"{found['ge']:g} to {found['le']:,g} ({unit})"
    kind = field.annotation
    choices = [choice for one in (kind, *typing.get_args(kind)) if typing.get_origin(one) is typing.Literal
               for choice in typing.get_args(one)]
    return ", ".join(choices) if choices else unit


def filled(text: str) -> str:
    """The index with its tables generated again."""
    for mark, made in (("actions", listed()), ("fields", fields())):
        text = re.sub(rf"(<!-- {mark} -->\n).*?(<!-- end -->)", lambda m, made=made: f"{m[1]}{made}\n{m[2]}",  # type: ignore[misc]
                      text, flags=re.DOTALL)
    return text


def write(folder: Path) -> list[Path]:
    """Write the pages of all shipped actions and the tables of the index; returns their files."""
    files = []
    for name in names():
        files.append(folder / f"{name}.md")
        files[-1].write_text(page(name, load(name)), encoding="utf-8")
    index = folder / "index.md"
    index.write_text(filled(index.read_text(encoding="utf-8")), encoding="utf-8")
    return [*files, index]


if __name__ == "__main__":
    write(Path("docs/actions"))
