"""Tables of a replay and the format of their numbers: results of findings, descriptives along a gradient, sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from contactsim.evidence import baseline, runs
from contactsim.evidence.design import BASE, AcceptanceInterval, Finding, Folder, Gradient, Outcome, Sweeps
from contactsim.evidence.runs import WITHIN_UNITS, ParameterSet
from contactsim.evidence.tasks import Figures
from contactsim.evidence.verdicts import (
    INCONCLUSIVE,
    NOT_EXPLAINED,
    NOT_REPRODUCED,
    REPRODUCED,
    FindingResult,
    Interval,
    interval,
)
from contactsim.evidence.worlds import value_at
from contactsim.parameters import ModelParameters
from contactsim.runs.task import Task

#: Name of the dissimilarity inside units in tables.
NAMES = {WITHIN_UNITS: "dissimilarity within units"}
#: Verdicts in a narrow column.
SHORT = {NOT_EXPLAINED: "not explained"}
STYLES = {REPRODUCED: "green", NOT_REPRODUCED: "red", NOT_EXPLAINED: "yellow", INCONCLUSIVE: "dim"}


# --- numbers

def estimate(found: Interval) -> str:
    """``0.123 [0.100, 0.150]``"""
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def acceptance(limits: AcceptanceInterval) -> str:
    """``0.05 or more``, ``-0.05 or less``, ``0.03 to 0.25``"""
    low, high = limits
    if low is None:
        return "any" if high is None else f"{high:g} or less"
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def general(value: float) -> str:
    """``0.004``, ``12``: as many digits as necessary."""
    return f"{value:g}"


def rounded(value: float) -> str:
    """``0.327``: three significant digits."""
    return f"{value:.3g}"


def plus_minus(value: float, half: float) -> str:
    """``0.50 ± 0.12``"""
    return f"{value:.2f} ± {half:.2f}"


def percent(share: float) -> str:
    """``75%``"""
    return f"{share:.0%}"


def thousands(number: int) -> str:
    """``8,000``"""
    return f"{number:,}"


def swept(value: Any, missing: str = "known output areas") -> str:
    """A value of a sweep; ``missing`` for places as they are."""
    return missing if pd.isna(value) else general(value)


def words(name: str) -> str:
    """``no contact`` for ``no_contact``."""
    return name.replace("_", " ")


# --- results of findings

#: A line of the table in a terminal: style, indentation, outcome or knock-out, effect, accepted values, verdict.
Line = tuple[str, int, str, str, str, str]
HEADINGS = ("outcome", "effect and interval", "accepted", "verdict")
#: Space between columns, and least width of the first one.
GAP, NARROWEST = 2, 20


def results_table(results: Sequence[FindingResult], sample: str, width: int) -> Group:
    """Each finding with its verdict, and a line for each outcome and knock-out in columns that fit ``width``."""
    of_finding = [(result, _lines(result)) for result in results]
    cells = [HEADINGS[1:], *(line[3:] for _, lines in of_finding for line in lines)]
    others = [max(len(cell[k]) for cell in cells) for k in range(3)]
    longest = max((line[1] + len(line[2]) for _, lines in of_finding for line in lines), default=NARROWEST)
    widths = [max(NARROWEST, min(longest, width - sum(others) - 3 * GAP)), *others]
    title = f"Findings ({sample} sample) against the first registration; in brackets: not judged"
    blocks: list[Any] = [Text(title, style="bold"), Text("")]
    blocks.append(_aligned(widths, [("dim", 0, *HEADINGS)]))
    for result, lines in of_finding:
        small = f"; sample too small for {', '.join(result.too_small)}" if result.too_small else ""
        heading = Text.assemble((f"{result.id}, {result.role}: ", "bold"), (result.verdict, STYLES[result.verdict]),
                                f" ({result.counted} outcomes{small})")
        blocks += [Text(""), heading, _aligned(widths, lines)]
    return Group(*blocks)


def _lines(result: FindingResult) -> list[Line]:
    lines: list[Line] = []
    for one in result.outcomes:
        name = one.id if one.role == result.role else f"{one.id}, {one.role}"
        word = SHORT.get(one.verdict, one.verdict)
        word = word if one.judged else f"({word})"
        lines.append(("", 2, name, estimate(one.effect), acceptance(one.acceptance), word))
        lines += [("dim", 4, words(knock_out), estimate(found), "must exit" if rule == "must_exit" else "reported", "")
                  for knock_out, (rule, found) in one.knock_outs.items()]
    return lines


def _aligned(widths: Sequence[int], lines: Sequence[Line]) -> Table:
    table = Table.grid(padding=(0, GAP, 0, 0))
    for width in widths:
        table.add_column(width=width)
    for style, indent, name, *others in lines:
        table.add_row(Padding(Text(name), (0, 0, 0, indent)), *map(Text, others), style=style)
    return table


def count(results: Sequence[FindingResult]) -> str:
    """Number of findings by verdict, in a sentence."""
    findings = [result for result in results if not result.check]
    counts = [f"{sum(one.verdict == word for one in findings)} {word}"
              for word in (REPRODUCED, NOT_REPRODUCED, NOT_EXPLAINED, INCONCLUSIVE)]
    checks = [result for result in results if result.check]
    sentence = f"{len(findings)} findings: {', '.join(counts)}." if findings else ""
    passed = sum(one.verdict == REPRODUCED for one in checks)
    return sentence + (f" {passed} of {len(checks)} realism checks hold." if checks else "")


def csv(results: Sequence[FindingResult]) -> pd.DataFrame:
    """One line for each outcome and for its base worlds and each knock-out (column ``worlds``)."""
    lines = []
    for result in results:
        for one in result.outcomes:
            common = {"finding": result.id, "outcome": one.id, "claim": result.claim, "statement": one.statement,
                      "unit": one.unit, "grade": result.grade, "role": one.role, "acceptance_low": one.acceptance[0],
                      "acceptance_high": one.acceptance[1], "judged": one.judged}
            for worlds, found in {BASE: one.effect, **{name: of for name, (_, of) in one.knock_outs.items()}}.items():
                lines.append({**common, "worlds": worlds, "mean": found.mean, "low": found.low, "high": found.high,
                              "seeds": found.seeds, "verdict": one.verdict if worlds == BASE else ""})
    return pd.DataFrame(lines)


def plain(results: Sequence[FindingResult]) -> list[dict[str, Any]]:
    """Results as plain data, with the verdicts that follow from their outcomes."""
    return [{**asdict(result), "verdict": result.verdict, "reproduced": result.counted, "too_small": result.too_small}
            for result in results]


# --- the regression

def regression_frame(results: Sequence[FindingResult], sample: str) -> pd.DataFrame:
    """One line for each outcome: finding, outcome, statement, unit, mean, and the baseline's mean and tolerance."""
    lines = [{"finding": result.id, "outcome": one.id, "statement": one.statement, "unit": one.unit,
              "mean": one.effect.mean, "seeds": one.effect.seeds,
              **{f"baseline_{key}": baseline.read(result.folder, sample).get(one.id, {}).get(key)
                 for key in ("mean", "tolerance")}} for result in results for one in result.outcomes]
    return pd.DataFrame(lines)


def regression_table(frame: pd.DataFrame) -> Table:
    """Each outcome with its mean and the baseline's mean and tolerance."""
    table = Table(pad_edge=False, box=SIMPLE_HEAD, title="Regression: means, not judged", title_justify="left")
    for column in ("outcome", "statement", "mean", "baseline"):
        table.add_column(column, no_wrap=column != "statement")
    for line in frame.to_dict("records"):
        before = "-" if pd.isna(line["baseline_mean"]) else (
            f"{line['baseline_mean']:.3f} ± {swept(line['baseline_tolerance'], '-')}")
        table.add_row(str(line["outcome"]), str(line["statement"]), f"{line['mean']:.3f}", before)
    return table


# --- descriptives along a gradient

def gradient_finding(folder: Folder, gradient: Gradient) -> Finding:
    """The descriptives as outcomes of a finding without a claim, so that they are computed like all others.

    Each world is described as it is and under the knock-outs of the outcomes that use it, with each alternative.
    """
    outcomes = [_descriptive(folder, gradient, world, name, alternative)
                for alternative in (None, *folder.alternatives)
                for world in gradient.worlds for name in gradient.descriptives]
    knock_outs = {name: one for other in folder.findings for name, one in other.knock_outs.items()}
    knock_outs = {name: one.model_copy(update={"except_in": [], "subgroup_from_base": False})
                  for name, one in knock_outs.items()}
    return Finding(id=folder.name, claim="", source="", grade="ours", role="emergent", measurement="",
                   worlds={world: folder.worlds[world] for world in gradient.worlds}, knock_outs=knock_outs,
                   alternatives=folder.alternatives, outcomes=outcomes)


def _descriptive(folder: Folder, gradient: Gradient, world: str, name: str, alternative: str | None) -> Outcome:
    of = gradient.descriptives[name]
    return Outcome(id=_id(world, name, alternative), statement=name, estimand=of.estimand,
                   arguments={**of.arguments, "world": world}, unit="", acceptance=(None, None), acceptance_source="",
                   judged=False, alternative=alternative, knock_outs=_knock_outs_of(folder, world))


def _id(world: str, name: str, alternative: str | None) -> str:
    return f"{world}:{name}" if alternative is None else f"{world}:{name}@{alternative}"


def _knock_outs_of(folder: Folder, world: str) -> list[str]:
    return list(dict.fromkeys(name for finding in folder.findings for outcome in finding.outcomes if outcome.uses(world)
                              for name in finding.knock_outs_of(outcome)))


def gradient_table(folder: Folder, gradient: Gradient, seeds: Sequence[int],
                   figures: Sequence[Figures]) -> pd.DataFrame:
    """One line for each alternative, knock-out (or base), world along the gradient and seed.

    Columns: folder, alternative, knock_out, share (of the minority, 0 to 1), seed, and one for each descriptive.
    """
    lines: list[dict[str, Any]] = []
    for alternative in (None, *folder.alternatives):
        for knock_out in (BASE, *dict.fromkeys(name for world in gradient.worlds
                                               for name in _knock_outs_of(folder, world))):
            lines += [{"folder": folder.name, "alternative": alternative or BASE, "knock_out": knock_out,
                       "share": share, "seed": seed,
                       **{name: found[_id(world, name, alternative)][knock_out] for name in gradient.descriptives}}
                      for seed, found in zip(seeds, figures, strict=True) for world, share in gradient.worlds.items()
                      if knock_out == BASE or knock_out in _knock_outs_of(folder, world)]
    return pd.DataFrame(lines)


def gradient_means(descriptives: pd.DataFrame) -> pd.DataFrame:
    """Means of the base worlds over seeds, by alternative and share."""
    frame = descriptives[descriptives["knock_out"] == BASE].drop(columns=["folder", "knock_out", "seed"])
    return frame.groupby(["alternative", "share"], sort=False).mean().reset_index()


# --- sweeps

def sweep_sets(sweeps: Sweeps, base: ModelParameters) -> list[ParameterSet]:
    """One parameter set for each value of each parameter, in the order of the values; None is the model's own."""
    found: list[ParameterSet] = [
        {path: value} for path, values in sweeps.parameters.items()
        for value in sorted(float(value_at(base, path)) if one is None else one for one in values)]
    return found + [{WITHIN_UNITS: value} for value in sweeps.dissimilarity_within_units]


def sweep_tasks(folder: Folder, sweeps: Sweeps, base: ModelParameters) -> list[list[Task]]:
    """The tasks of a folder's sweeps, by parameter set."""
    size = sweeps.sample
    seeds = [folder.first_seed + k for k in range(size.seeds)]
    return runs.tasks_of_sets(sweep_sets(sweeps, base), _swept_findings(folder, sweeps), base, seeds, size.residents)


def sweep_table(folder: Folder, sweeps: Sweeps, base: ModelParameters, of_sets: Sequence[Sequence[Task]],
                computed: Mapping[str, Figures]) -> list[dict[str, Any]]:
    """One line for each value and outcome of a folder's sweeps.

    Keys: parameter, value, is_base (the model's own value), outcome, mean, low, high (95 % interval, not simultaneous),
    inside and outside (whether the interval lies inside or outside the acceptance interval).
    """
    acceptance = {one.id: one.acceptance for finding in folder.findings for one in finding.outcomes}
    lines = []
    for values, of_set in zip(sweep_sets(sweeps, base), of_sets, strict=True):
        (path, value), = values.items()
        figures = runs.base_figures(of_set, computed)
        for outcome in sweeps.outcomes:
            of = interval(figures[outcome], 1)
            lines.append({"parameter": NAMES.get(path, path), "value": value, "is_base": is_base(base, path, value),
                          "outcome": outcome, "mean": of.mean, "low": of.low, "high": of.high,
                          "inside": of.inside(acceptance[outcome]), "outside": of.outside(acceptance[outcome])})
    return lines


def _swept_findings(folder: Folder, sweeps: Sweeps) -> list[Finding]:
    findings = [runs.base_only(finding, sweeps.outcomes) for finding in folder.findings]
    return [finding.model_copy(update={"outcomes": [
        one.model_copy(update={"arguments": {**one.arguments, **sweeps.arguments.get(one.id, {})}})
        for one in finding.outcomes]}) for finding in findings if finding.outcomes]


def is_base(base: ModelParameters, path: str, value: float | None) -> bool:
    """Whether a value is the model's own."""
    if path == WITHIN_UNITS:
        return value is None
    return bool(value_at(base, path) == value)


def sweep_sentences(lines: Sequence[dict[str, Any]]) -> list[str]:
    """Where outcomes leave their acceptance intervals along each parameter, one sentence each."""
    sentences: list[str] = []
    if not lines:
        return sentences
    for (parameter, outcome), found in pd.DataFrame(lines).groupby(["parameter", "outcome"], sort=False):
        out = [swept(value) for value in found.loc[found["outside"], "value"]]
        unclear = [swept(value) for value in found.loc[~found["outside"] & ~found["inside"], "value"]]
        if out or unclear:
            parts = [f"outside its acceptance interval at {', '.join(out)}"] if out else []
            parts += [f"not decided at {', '.join(unclear)}"] if unclear else []
            sentences.append(f"{outcome} along {parameter}: {'; '.join(parts)}.")
    return sentences
