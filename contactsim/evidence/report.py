"""The report of a replay: one self-contained HTML page with figures, which needs no network."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from pydantic import Field, TypeAdapter

from contactsim.evidence import baseline, calibration, figures, sensitivity, tables
from contactsim.evidence.design import DesignPart, Folder
from contactsim.evidence.loading import read_yaml
from contactsim.evidence.verdicts import (
    INCONCLUSIVE,
    NOT_EXPLAINED,
    NOT_REPRODUCED,
    REPRODUCED,
    FindingResult,
    Interval,
    OutcomeResult,
)

LIMITS = ("This replay shows what follows from the model's assumptions, and on which of them it depends. The model "
          "explains and explores; it does not predict a real town. That it reproduces a claim is no evidence of a "
          "cause in the world, least of all if the claim rests on a cross-section, on testimony or on argument.")
PROVISIONAL = ("The designs and acceptance intervals are those of the first registration, made for an earlier model; "
               "all findings await the second registration. The words below say where the present model's "
               "figures lie; they are no verdicts on it.")
CHECKS = "These are not findings of the essays. They test whether the synthetic worlds resemble surveyed ones."
ROLES = {
    "assumed": "Built into the model. The replay shows that it is there and how large it is; this is no test of it.",
    "calibrated": "A parameter was or may be fitted to it. This is no test of it either.",
    "implied": "Follows in one step from something that is built in. The test concerns its size.",
    "emergent": "No single parameter's sign implies it. The model claims to explain these outcomes, as far as they "
                "disappear with their knock-out."}
UNJUSTIFIED = "no outcome of this analysis"
#: By method: the column that is shown, and its meaning.
INDICES = {"morris": ("mu_star", "how far a parameter moves an outcome over its range, the others at random values "
                                 "(Morris's mu*)"),
           "sobol": ("ST", "the share of an outcome's variance in which a parameter is involved (Sobol's total index)")}
#: Difference between the shares inside an acceptance interval from which on a parameter decides the verdict.
DECIDES = 0.2


@dataclass(frozen=True)
class FolderTables:
    """Descriptives and sweeps of a folder that has a gradient or sweeps."""

    folder: Folder
    descriptives: pd.DataFrame
    """see :func:`contactsim.evidence.tables.gradient_table`; empty without a gradient"""
    swept: list[dict[str, Any]]
    """see :func:`contactsim.evidence.tables.sweep_table`; empty if nothing was swept"""


@dataclass(frozen=True)
class Chapter:
    """A part of the page with a heading."""

    id: str
    title: str
    text: Markup


# --- the page

def page(results: Sequence[FindingResult], sample: str, provenance: dict[str, Any],
         along: Sequence[FolderTables] = (), deviations: Sequence[str] = ()) -> str:
    """The report as HTML. ``along`` adds descriptives and sweeps; ``deviations`` are those from the baseline."""
    chapters = [one for one in _chapters(results, sample, provenance, along, deviations) if one.text.strip()]
    return render("report", limits=LIMITS, provisional=PROVISIONAL, chapters=chapters,
                  findings=[one for one in results if not one.check])


def _chapters(results: Sequence[FindingResult], sample: str, provenance: dict[str, Any],
              along: Sequence[FolderTables], deviations: Sequence[str]) -> Iterator[Chapter]:
    findings, checks = [one for one in results if not one.check], [one for one in results if one.check]
    changes = {result.folder: result.changes for result in results}
    yield Chapter("short", "Summary", render(
        "short", count=tables.count(results), sample=sample, deviations=deviations, groups=groups(findings),
        findings=findings))
    yield Chapter("assumed", "What is assumed, and what emerges", render("assumed", roles=roles(findings)))
    yield Chapter("read", "How to read this report", render("read"))
    yield Chapter("disputes", "Where sources disagree", render("disputes", disputes=disputed(results)))
    yield Chapter("findings", "Findings", _findings(findings))
    yield Chapter("checks", "Realism checks", _findings(checks, CHECKS) if checks else Markup(""))
    yield Chapter("along", "Along the gradient of diversity",
                  render("along", along=[_along(one) for one in along]))
    yield Chapter("moving", "Which parameters change which findings", render("moving", **sensitivities()))
    yield Chapter("fitted", "Calibration", render("fitted", fits=fits()))
    yield Chapter("changes", "Changes since registration", render(
        "changes", changes=[(folder, change) for folder, of in changes.items() for change in of]))
    yield Chapter("from", "Provenance", render("provenance", provenance=provenance))


def _findings(results: Sequence[FindingResult], introduction: str = "") -> Markup:
    return render("findings", results=results, introduction=introduction,
                  pictures={result.id: svg(figures.finding(result)) for result in results})


def _along(one: FolderTables) -> dict[str, Any]:
    """A folder's gradient and sweeps: sweeps of this replay, or those archived with the last full one."""
    lines, archived = one.swept, None
    if not lines and one.folder.sweeps is not None:
        archived = baseline.read_table(f"{one.folder.name}/swept")
        lines = [] if archived is None else [{str(key): value for key, value in line.items()}
                                             for line in archived.table.to_dict("records")]
    acceptance = {of.id: of.acceptance for finding in one.folder.findings for of in finding.outcomes}
    means = "" if one.descriptives.empty else Markup(
        tables.gradient_means(one.descriptives).round(3).to_html(index=False, border=0))
    shown = one.folder.gradient is not None and not one.descriptives.empty
    return {"picture": svg(figures.gradient(one.folder, one.descriptives)) if shown else "",
            "table": means, "sweep": svg(figures.sweeps(lines, acceptance)) if lines else "", "archived": archived,
            "sentences": tables.sweep_sentences(lines)}


# --- summaries

def groups(findings: Sequence[FindingResult]) -> list[tuple[str, list[FindingResult]]]:
    """Findings by the conclusion that they allow, the strongest first; empty groups are left out."""
    reproduced = [one for one in findings if one.verdict == REPRODUCED]
    emergent = [one for one in reproduced if one.role == "emergent"]
    found = [
        ("The model explains these: they emerge as the sources report, and disappear when the mechanism or the action "
         "is switched off", [one for one in emergent if one.mechanism_tested]),
        ("These emerge, but not all of their outcomes have a knock-out under which they must disappear, so that the "
         "mechanism is not shown", [one for one in emergent if not one.mechanism_tested]),
        ("These are built in, fitted, or follow in one step; that they are reproduced is no explanation",
         [one for one in reproduced if one.role != "emergent"]),
        ("These are reproduced, but remain when their mechanism is switched off: something else causes them",
         [one for one in findings if one.verdict == NOT_EXPLAINED]),
        ("These are not reproduced in at least one part; each has an explanation",
         [one for one in findings if one.verdict == NOT_REPRODUCED]),
        ("This sample does not decide these", [one for one in findings if one.verdict == INCONCLUSIVE])]
    return [(text, of) for text, of in found if of]


@dataclass(frozen=True)
class Role:
    """The judged outcomes of one role, by id."""

    name: str
    text: str
    outcomes: list[str]
    reproduced: list[str]
    mechanism_tested: list[str]
    """reproduced, and outside the acceptance interval with a knock-out that must exit"""
    untested: list[str]
    """reproduced, without such a knock-out"""


def roles(findings: Sequence[FindingResult]) -> list[Role]:
    """The judged outcomes by role: what the model assumes, and what it claims to explain."""
    found = []
    for name, text in ROLES.items():
        outcomes = [one for result in findings for one in result.outcomes if one.judged and one.role == name]
        good = [one for one in outcomes if one.verdict == REPRODUCED]
        found.append(Role(name, text, [one.id for one in outcomes], [one.id for one in good],
                          [one.id for one in good if one.mechanism_tested],
                          [one.id for one in good if not one.mechanism_tested]))
    return found


# --- disputes, sensitivity and calibration

class Position(DesignPart):
    """The position of some sources, and the outcome that tests it."""

    evidence: list[str]
    position: str
    outcome: str
    knock_out: str | None = None
    """the knock-out in which the outcome is computed; the base worlds if None"""


class Dispute(DesignPart):
    """A question on which sources disagree."""

    question: str
    note: str
    positions: list[Position] = Field(min_length=2)


def disputes() -> list[Dispute]:
    """The disputes of ``experiments/disputes.yaml``."""
    return TypeAdapter(list[Dispute]).validate_python(read_yaml("disputes.yaml"))


@dataclass(frozen=True)
class TestedPosition:
    """The position of some sources and the result that tests it."""

    evidence: list[str]
    position: str
    outcome: OutcomeResult
    knock_out: str | None
    found: Interval
    conclusion: str


@dataclass(frozen=True)
class TestedDispute:
    """A question on which sources disagree, with the tests of their positions."""

    question: str
    note: str
    positions: list[TestedPosition]


def disputed(results: Sequence[FindingResult]) -> list[TestedDispute]:
    """The disputes all of whose outcomes are among the results."""
    outcomes = {one.id: one for result in results for one in result.outcomes}
    return [TestedDispute(one.question, one.note, [_position(of, outcomes[of.outcome]) for of in one.positions])
            for one in disputes() if all(of.outcome in outcomes for of in one.positions)]


def _position(of: Position, outcome: OutcomeResult) -> TestedPosition:
    found = outcome.effect if of.knock_out is None else outcome.knock_outs[of.knock_out][1]
    conclusion = "agrees with this position" if found.inside(outcome.acceptance) else (
        "contradicts it" if found.outside(outcome.acceptance) else "not decided by this sample")
    if of.knock_out is not None:
        conclusion = "the result if this position is assumed"
    return TestedPosition(of.evidence, of.position, outcome, of.knock_out, found, conclusion)


def sensitivities() -> dict[str, Any]:
    """The archived tables of ``contactsim sensitivity``.

    ``each`` and ``along`` are None, and ``indices`` is empty, if there is no table.
    """
    each, along = baseline.read_table("sensitivity/each"), baseline.read_table("sensitivity/along")
    idle = sensitivity.design().retained_although_idle
    return {
        "standard_errors": sensitivity.STANDARD_ERRORS, "at_least": sensitivity.AT_LEAST,
        "each": None if each is None else {"archived": each, "parameters": [
            {"name": name, "outcomes": outcomes, "crossing": crossing, "idle": idle.get(name, UNJUSTIFIED)}
            for name, (outcomes, crossing) in sensitivity.changed_outcomes(each.table).items()]},
        "along": None if along is None else {"archived": along,
                                             "sentences": sensitivity.sentences(along.table, "along")},
        "indices": [_indices(method) for method in INDICES
                    if baseline.read_table(f"sensitivity/{method}") is not None]}


def _indices(method: str) -> dict[str, Any]:
    archived = baseline.read_table(f"sensitivity/{method}")
    assert archived is not None
    column, text = INDICES[method]
    parameters = list(dict.fromkeys(archived.table["parameter"]))
    lines = [(str(outcome), [_index(found.set_index("parameter").loc[name], column) for name in parameters])
             for outcome, found in archived.table.groupby("outcome", sort=False)]
    return {"archived": archived, "method": method, "text": text, "parameters": parameters, "lines": lines}


def _index(values: Any, column: str) -> dict[str, Any]:
    low, high = values["inside_low"], values["inside_high"]
    return {"value": values[column], "half": values[f"{column}_conf"], "low": low, "high": high,
            "decides": abs(high - low) >= DECIDES}


def fits() -> list[tuple[calibration.Calibration, Mapping[str, Any]]]:
    """The archived fits, each with its design."""
    found = [(design, calibration.archived(name)) for name, design in calibration.designs().items()]
    return [(design, fit) for design, fit in found if fit is not None]


# --- templates and figures

def render(template: str, **values: Any) -> Markup:
    """A template of ``contactsim/evidence/templates`` with these values (jinja2; everything is escaped)."""
    return Markup(_environment().get_template(f"{template}.html.j2").render(**values))


@cache
def _environment() -> Environment:
    found = Environment(loader=PackageLoader("contactsim.evidence"), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
    of = (tables.estimate, tables.acceptance, tables.general, tables.rounded, tables.plus_minus, tables.percent,
          tables.thousands, tables.swept, tables.words)
    found.filters |= {function.__name__: function for function in of}
    return found


def svg(figure: Figure) -> Markup:
    """A figure as SVG with selectable text; the result is deterministic."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "contactsim"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return Markup(drawn[drawn.index("<svg"):])
