"""The documents say what the code does: tables, the week, decisions, names; their links lead somewhere."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shlex
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest

import contactsim
from contactsim.cli import COMMANDS
from contactsim.config.run_config import compose
from contactsim.docs_tools import odd
from contactsim.draws import Decision
from contactsim.evidence.listing import listed
from contactsim.parameters import Section
from contactsim.world import World

ROOT = Path(__file__).parents[2]
ODD = (ROOT / "docs" / "odd.md").read_text()
PROSE = re.sub(r"(?s)<!-- [a-z_]+(: \w+)? -->\n.*?<!-- end -->", "", ODD)
EQUATIONS = "\n".join(re.findall(r"(?s)```text\n(.*?)```", PROSE))
COLUMNS = {
    "group", "age", "baseline_attitude", "wandering", "sociability", "negative_exposure", "anxiety_trait",
    "threat_trait", "status", "language", "attitude", "feeling", "positive", "negative", "recent_positive",
    "recent_negative", "public_contact", "public_balance", "anxiety", "threat", "belonging", "engagement", "stigma",
    "civic", "friends"
}
FUNCTIONS = {"exp", "log", "abs", "sqrt", "min", "max", "sum", "clip", "round", "for", "in", "if", "else"}
#: Further names in equations that are not defined there: the text around says what they are.
DEFINED_IN_TEXT = {
    "i", "j", "g", "h", "f", "s", "z", "u", "c", "other", "others", "target", "adults", "output_area_people", "norm",
    "share", "past", "shared_activity", "share_there", "share_here", "D_pos", "D_neg", "S_pos", "S_neg",
    "contact_hours", "meetings_pos", "meetings_neg", "public_met", "public_pos", "public_neg", "community", "bonding",
    "believes", "rest_of_groups", "has_friend_with_friend", "has_friend_there", "psychology", "contact_context",
    "district_share", "members", "all_members", "leaving", "contexts_of_small_groups", "contexts_of_mixing_groups",
    "others_in_small_group", "others_in_mixing_group", "weeks_together", "in_whole_mixing_group", "hours_left",
    "hours_of_slot"}

#: Constants that decide how fast something is computed and never what.
TECHNICAL = {"PARALLEL_FROM"}


def sections() -> dict[str, type[Section]]:
    return {name: section for name, (section, _) in odd.SECTIONS.items()}


def parameter_names() -> set[str]:
    return {key for section in sections().values() for key in section.model_fields}


@pytest.mark.parametrize("name", odd.DOCUMENTS)
def test_tables_are_those_of_the_code(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    assert odd.renew(text) == text, "run python -m contactsim.docs_tools.odd"


def test_a_changed_table_is_noticed() -> None:
    assert odd.renew(ODD.replace("| `appraisal` | 0.5 |", "| `appraisal` | 3 |")) == ODD
    assert ODD.count("| `appraisal` | 0.5 |") == 1


def test_every_section_has_its_table() -> None:
    shown = set(re.findall(r"<!-- parameters: (\w+) -->", ODD))
    assert shown == set(odd.SECTIONS)


def test_the_week_is_that_of_the_step() -> None:
    found = re.findall(r"(?ms)^\s*\d\. (.*?)(?=^\s*\d\. |\Z)", World.step.__doc__ or "")
    steps = [re.sub(r"\s+", " ", step) for step in found]
    block = re.search(r"(?s)<!-- week -->\n(.*?)<!-- end -->", ODD)
    assert block is not None and len(steps) == 8
    flat = re.sub(r"\s+", " ", block[1])
    for number, step in enumerate(steps, start=1):
        assert f"{number}. {step.strip()}" in flat


def test_decisions_have_the_numbers_of_the_code() -> None:
    rows = re.findall(r"(?m)^\| (\d+) \| ([A-Z_]+) \|", ODD)
    assert {(name, int(number)) for number, name in rows} == {(d.name, d.value) for d in Decision}


def test_decisions_that_are_drawn_are_described_and_others_are_reserved() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "contactsim").rglob("*.py"))
    for decision in Decision:
        free = re.search(rf"(?m)^\| {decision.value} \| {decision.name} \|.*reserved", ODD) is not None
        assert free == (f"Decision.{decision.name}" not in sources), decision.name


def test_every_parameter_is_used_in_the_text() -> None:
    named = set(re.findall(r"\w+", EQUATIONS)) | set(re.findall(r"`([a-z_]+)(?:: \w+)?`", PROSE))
    holders = {"public", "school", "work", "association", "contact_contexts", "shocks"}
    assert sorted(parameter_names() - named - holders) == []


def test_equations_name_nothing_that_does_not_exist() -> None:
    code = re.sub(r"(?<![A-Za-z_])\d[\d.]*", " ", EQUATIONS)
    used = set(re.findall(r"[A-Za-z_]\w*", code))
    defined = set(re.findall(r"(?m)^ *(\w+)(?:\[[^]]*\])? *=", EQUATIONS))
    assert sorted(used - defined - COLUMNS - parameter_names() - FUNCTIONS - DEFINED_IN_TEXT) == []
    prose = set(re.findall(r"`(?:psychology|residents|scenario|survey)\.([a-z_]+)`", PROSE))
    assert sorted(prose - parameter_names()) == []


def test_every_constant_of_the_model_is_listed() -> None:
    listed = {name for _, name, _, _ in odd.CONSTANTS}
    for home in {home for home, *_ in odd.CONSTANTS}:
        assigned = {node.id for line in ast.parse(inspect.getsource(home)).body for node in ast.walk(line)
                    if isinstance(line, ast.Assign | ast.AnnAssign) and isinstance(node, ast.Name)}
        numbers = {name for name, value in vars(home).items() if name in assigned and re.fullmatch("[A-Z][A-Z_]+", name)
                   and not isinstance(value, IntEnum) and np.asarray(value).dtype.kind in "if"}
        assert sorted(numbers - listed - TECHNICAL) == [], home.__name__


def test_version_is_the_same_everywhere() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cited = re.search(r"(?m)^version: (.+)$", (ROOT / "CITATION.cff").read_text())
    assert cited is not None and cited[1] == project["version"] == contactsim.__version__
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def documents() -> list[Path]:
    """All documents in Markdown."""
    return sorted([*ROOT.glob("*.md"), *(path for folder in ("docs", "experiments", "benchmarks")
                                         for path in (ROOT / folder).rglob("*.md"))])


def test_constraints_are_names_and_versions_only() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.+]*", line)] == []


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"(?s)```.*?```", "", path.read_text())
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?://", link):
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


def commands() -> list[str]:
    """All command lines in the code of documents, each once and on one line."""
    blocks = re.compile(r"(?sm)^ *```[a-z]*\n(.*?)```|^((?: {4}[^\n]*\n)+)")
    code = "\n".join(part for path in documents() if path.name != "CHANGELOG.md"
                     for block in blocks.findall(path.read_text(encoding="utf-8")) for part in block)
    lines = re.findall(r"(?m)(?:^|&& |bin/) *contactsim ([a-z]+.*)$", code.replace("\\\n", " "))
    return sorted({shlex.join(shlex.split(line.partition(" && ")[0], comments=True)) for line in lines
                   if "..." not in line})


def test_the_documents_have_commands() -> None:
    assert len(commands()) > 50 and {line.split()[0] for line in commands()} == set(COMMANDS)


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_documents_have_the_options_and_keys_of_the_code(line: str) -> None:
    """Also those that take too long to be run in tests."""
    name, *words = shlex.split(line)
    command = getattr(importlib.import_module(COMMANDS[name][0]), name)
    given = command.make_context(name, words).params
    own_files = re.search(r"\bmy_|\bmine\b|town|--config-dir", line)
    if name in ("run", "compare") and not own_files:
        keys = [key for key in given["overrides"] if not re.match(r"seeds=|follow", key)]
        compose([re.sub(r"=(?:range\()?([\w.]+),.*", r"=\1", key) for key in keys])  # of a grid the first value


def test_the_front_page_counts_the_findings() -> None:
    page = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"contains {sum(1 for line in listed([]) if line['id'].startswith('F'))} findings" in page


def test_the_front_page_counts_the_actions() -> None:
    number = len(list((ROOT / "configs" / "action").glob("*.yaml")))
    assert f"# {number} projects with" in (ROOT / "README.md").read_text(encoding="utf-8")
