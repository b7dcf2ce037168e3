"""The report of a replay: one self-contained HTML page with figures, which needs no network."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from contactsim.evidence import baseline, disputes, figures, gradients, numbers, sensitivity, tables
from contactsim.evidence.across_sets import ALPHA
from contactsim.evidence.gradients import FolderTables
from contactsim.evidence.judging import ABSENT, CARRIES, DEPENDS, FAILS, FEW, MOST, FindingResult

LIMITS = ("This replay shows what follows from the model's assumptions, and on which of them it depends. The model "
          "explains and explores; it does not predict a real town. That a claim holds in plausible worlds is no "
          "evidence of a cause in the world, least of all if the claim rests on a cross-section, on testimony or on "
          "argument.")
CHECKS = "These are not findings of the essays. They test whether the simulated worlds resemble surveyed ones."
UNJUDGED = ("No source gives a number for these claims, so that nothing is judged. The figures show what the model "
            "makes of them.")
#: By section: title and introduction. Which roles stand in it follows.
SECTIONS = {
    "emergent": ("Emergent: what the model explains", "No single parameter's sign implies these findings. How far the "
                 "model explains them is shown by what is gone of the effect when a mechanism is switched off."),
    "implied": ("Implied: one step from an assumption", "These follow in one step from a coded term or a calibrated "
                "ratio. What is tested is their size."),
    "built_in": ("Built in: assumed or calibrated", "The model assumes these, or a parameter was fitted to them. The "
                 "replay shows that they are there and how large they are; this is no test.")}
ROLES_OF = {"emergent": ("emergent",), "implied": ("implied",), "built_in": ("assumed", "calibrated")}
#: How far a claim can be trusted, by what it rests on.
GRADES = {
    "experiment": "an experiment, so that the source itself shows a cause",
    "quasi-experiment": "a quasi-experiment: people were not assigned at random, and the source says how it compared "
                        "them",
    "cross-section": "a cross-section: the source shows who differs, not what caused it",
    "testimony": "testimony of people who took part",
    "argued": "argument without data of its own",
    "ours": "a question of ours, not a claim of the sources"}
UNJUSTIFIED = "no outcome of this analysis"
#: By method: the column that is shown, and its meaning.
INDICES = {"morris": ("mu_star", "how far a parameter moves an outcome over its range, the others at random values "
                                 "(Morris's mu*)"),
           "sobol": ("ST", "the share of an outcome's variance in which a parameter is involved (Sobol's total index)")}
#: Difference between the shares inside an acceptance interval from which on a parameter decides the verdict.
DECIDES = 0.2


@dataclass(frozen=True)
class Chapter:
    """A part of the page with a heading."""

    id: str
    title: str
    text: Markup


# --- the page

@dataclass(frozen=True)
class Worlds:
    """The parameter sets of a replay, in words."""

    title: str
    sets: int
    """simulated"""
    of: int
    """in the ensemble"""


def page(results: Sequence[FindingResult], worlds: Worlds, sample: str, provenance: dict[str, Any],
         along: Sequence[FolderTables] = ()) -> str:
    """The report as HTML. ``along`` adds descriptives and sweeps."""
    chapters = [one for one in _chapters(results, worlds, sample, provenance, along) if one.text.strip()]
    return render("report", limits=LIMITS, chapters=chapters)


def _chapters(results: Sequence[FindingResult], worlds: Worlds, sample: str, provenance: dict[str, Any],
              along: Sequence[FolderTables]) -> Iterator[Chapter]:
    findings = [one for one in results if not one.check]
    judged = [one for one in findings if one.judged]
    yield Chapter("short", "Summary", render(
        "short", count=tables.count(results), sample=sample, worlds=worlds, results=results,
        overview=svg(figures.overview(results)) if any(one.judged for one in results) else ""))
    yield Chapter("read", "How to read this report", render("read", alpha=ALPHA, most=MOST, few=FEW, carries=CARRIES))
    yield Chapter("lacking", "What does not come out, and why", render(
        "lacking", results=[one for one in results if one.verdict in (ABSENT, FAILS, DEPENDS)],
        faults=[sentence for one in results for sentence in one.faults]))
    for name, (title, text) in SECTIONS.items():
        yield Chapter(name, title, _findings([one for one in judged if one.role in ROLES_OF[name]], text))
    yield Chapter("checks", "Realism checks", _findings([one for one in results if one.check], CHECKS))
    yield Chapter("reported", "Reported only", _findings([one for one in findings if not one.judged], UNJUDGED))
    yield Chapter("disputes", "Where sources disagree", render("disputes", disputes=disputes.tested(results)))
    yield Chapter("along", "Along the gradient of diversity", render("along", along=[_along(one) for one in along]))
    yield Chapter("moving", "Which parameters change which findings", render("moving", **sensitivities()))
    yield Chapter("changes", "Registration", render("changes", folders={one.title: one for one in results}))
    yield Chapter("from", "Provenance", render("provenance", provenance=provenance))


def _findings(results: Sequence[FindingResult], introduction: str) -> Markup:
    return render("findings", results=results, introduction=introduction, grades=GRADES,
                  pictures={result.id: svg(figures.finding(result)) for result in results}) if results else Markup("")


def _along(one: FolderTables) -> dict[str, Any]:
    """A folder's gradient and sweeps: sweeps of this replay, or those archived with the last full one."""
    lines, archived = one.swept, None
    if not lines and one.folder.sweeps is not None:
        archived = baseline.read_table(f"{one.folder.name}/swept")
        lines = [] if archived is None else [{str(key): value for key, value in line.items()}
                                             for line in archived.table.to_dict("records")]
    acceptance = {of.id: of.acceptance for finding in one.folder.findings for of in finding.outcomes}
    means = "" if one.descriptives.empty else Markup(
        gradients.gradient_means(one.descriptives).round(3).to_html(index=False, border=0))
    shown = one.folder.gradient is not None and not one.descriptives.empty
    return {"picture": svg(figures.gradient(one.folder, one.descriptives)) if shown else "",
            "table": means, "sweep": svg(figures.sweeps(lines, acceptance)) if lines else "", "archived": archived,
            "sentences": gradients.sweep_sentences(lines)}


# --- sensitivity

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


# --- templates and figures

def render(template: str, **values: Any) -> Markup:
    """A template of ``contactsim/evidence/templates`` with these values (jinja2; everything is escaped)."""
    return Markup(_environment().get_template(f"{template}.html.j2").render(**values))


@cache
def _environment() -> Environment:
    found = Environment(loader=PackageLoader("contactsim.evidence"), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
    of = (numbers.with_range, numbers.acceptance, numbers.general, numbers.rounded, numbers.plus_minus, numbers.percent,
          numbers.percents, numbers.held, numbers.thousands, numbers.swept, numbers.words)
    found.filters |= {function.__name__: function for function in of}
    return found


def svg(figure: Figure) -> Markup:
    """A figure as SVG with selectable text; the result is deterministic."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "contactsim"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return Markup(drawn[drawn.index("<svg"):])
