"""The documents say what the code does: tables, the week, decisions, names; their links and commands work."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from collections import Counter
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest

import contactsim
from contactsim.docs_tools import odd
from contactsim.draws import Decision
from contactsim.evidence.listing import listed
from contactsim.evidence.verdicts import INCONCLUSIVE, NOT_EXPLAINED, NOT_REPRODUCED, REPRODUCED
from contactsim.parameters import Section
from contactsim.world import World

ROOT = Path(__file__).parents[2]
ODD = (ROOT / "docs" / "odd.md").read_text()
PROSE = re.sub(r"(?s)<!-- [a-z_]+(: \w+)? -->\n.*?<!-- end -->", "", ODD)
EQUATIONS = "\n".join(re.findall(r"(?s)```text\n(.*?)```", PROSE))
COLUMNS = {"group", "age", "baseline_attitude", "sociability", "negative_exposure", "status", "language", "attitude",
           "positive", "negative", "recent_positive", "recent_negative", "anxiety", "threat", "belonging",
           "engagement", "stigma"}
FUNCTIONS = {"exp", "log", "abs", "sqrt", "min", "max", "sum", "clip", "round", "for", "in"}
#: Further names in equations that are not defined there: the text around says what they are.
DEFINED_IN_TEXT = {
    "i", "j", "g", "h", "f", "s", "z", "other", "target", "adults", "output_area_people", "norm", "share", "past",
    "shared_activity", "share_there", "share_here", "D_pos", "D_neg", "S_pos", "S_neg", "S_met", "meetings_pos",
    "meetings_neg", "community", "bonding", "believes", "rest_of_groups", "has_friend_with_friend", "psychology",
    "contact_context"}


def sections() -> dict[str, type[Section]]:
    return {name: section for name, (section, _) in odd.SECTIONS.items()}


def parameter_names() -> set[str]:
    return {key for section in sections().values() for key in section.model_fields}


@pytest.mark.parametrize("name", odd.DOCUMENTS)
def test_tables_are_those_of_the_code(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    assert odd.update(text) == text, "run python -m contactsim.docs_tools.odd"


def test_a_changed_table_is_noticed() -> None:
    assert odd.update(ODD.replace("| `appraisal` | 2 |", "| `appraisal` | 3 |")) == ODD
    assert ODD.count("| `appraisal` | 2 |") == 1


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
    named = set(re.findall(r"\w+", EQUATIONS)) | set(re.findall(r"`([a-z_]+)`", PROSE))
    holders = {"school", "work", "association", "contact_contexts", "shocks"}
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
        assert sorted(numbers - listed) == [], home.__name__


def test_version_is_the_same_everywhere() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cited = re.search(r"(?m)^version: (.+)$", (ROOT / "CITATION.cff").read_text())
    assert cited is not None and cited[1] == project["version"] == contactsim.__version__
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def files() -> list[Path]:
    """The project's files: those that git has or would add; in a copy without git, all that are no output."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        found = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        ours = ("contactsim", "configs", "experiments", "tests", "docs", "benchmarks", ".ci")
        found = [path for folder in ours for path in (ROOT / folder).rglob("*")]
        found += [path for path in ROOT.iterdir() if path.suffix in (".md", ".toml", ".txt", ".cff", ".yaml")]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian.org")
    paths = ("/" + "work/", "/" + "farm/", "/" + "root/", "/" + "tmp/", "/" + "home/")
    found = files()
    assert len(found) > 30
    for path in found:
        if path.suffix not in (".png", ".parquet", ".npz", ".gz"):
            text = path.read_text(encoding="utf-8")
            assert [word for word in (*hosts, *paths) if word in text] == [], path


def test_constraints_are_names_and_versions_only() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.+]*", line)] == []


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", sorted(p for p in files() if p.suffix == ".md"), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"(?s)```.*?```", "", path.read_text())
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?://", link):
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text()), link


@pytest.mark.parametrize("name", ["tutorial.md", "how-to.md", "sweeps.md"])
def test_commands_of_the_documents_work(name: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / name).read_text()
    blocks = re.findall(r"(?s)<!-- tested -->\n```(bash|python)\n(.*?)```", text)
    assert len(blocks) >= 3
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for language, code in blocks:
        command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"{code}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def test_the_front_page_counts_the_verdicts_that_are_kept() -> None:
    kept = Counter(line["kept"]["full"] for line in listed([]) if line["id"].startswith("F"))
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    page = " ".join((ROOT / "README.md").read_text(encoding="utf-8").lower().split())
    for verdict, told in ((REPRODUCED, "are reproduced"), (NOT_REPRODUCED, "are not"), (NOT_EXPLAINED, "stay when"),
                          (INCONCLUSIVE, "cannot be told")):
        number = kept.pop(verdict)
        assert f"{words[number] if number < len(words) else number} {told}" in page
    assert not kept, "every finding has a verdict"
