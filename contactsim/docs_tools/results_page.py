"""Writes docs/results.md and docs/pictures/findings.png from the kept results of the last full replay.

``python -m contactsim.docs_tools.results_page`` in a checkout writes both; ``--check`` only tests whether the page is
up to date (exit code 1 if not).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from contactsim.evidence.figures import GREY, VERDICTS
from contactsim.evidence.judging import ABSENT, DEPENDS, FEW, MOST, REPORTED, ROBUST
from contactsim.evidence.kept import Kept, kept
from contactsim.evidence.numbers import acceptance, with_range, words

PICTURE = "pictures/findings.png"
WORDS = {ROBUST: f"in at least {MOST:.0%} of the plausible worlds",
         DEPENDS: f"in {FEW:.0%} to {MOST:.0%} of them: it hangs on numbers that no target pins down",
         ABSENT: f"in {FEW:.0%} or fewer", REPORTED: "no source gives a size to judge by"}
ROLES = (
    ("emergent", "What emerges", "No single parameter's sign states these. They are what the model has to say."),
    ("implied", "What follows in one step", "These follow from a coded term; what is tested is their size."),
    ("assumed", "What is built in", "The model assumes these or was fitted to them: they are shown, not explained."))
#: The role under which another one is shown.
SAME_ROLE = {"calibrated": "assumed"}


def page(results: Sequence[Kept]) -> str:
    """The page as Markdown."""
    findings, checks = ([one for one in results if one.folder.checks is check] for check in (False, True))
    record = results[0].record
    counts = ", ".join(f"{sum(one.verdict == word for one in findings)} {word}" for word in WORDS)
    worlds = f"{record['parameter_sets']} parameter sets ({record['worlds']}), {record['seeds']} " + (
        "seeds each" if record["seeds"] > 1 else "seed each")
    lines = [
        "# What comes out", "",
        f"Each of the {len(findings)} findings of the literature was simulated in {worlds}. All of these sets agree "
        "with the surveys, diaries and trials of the [calibration](calibration.md); none of the findings that are "
        "judged as emergent was among its targets, and all were [registered](second-registration.md) before: "
        f"{counts}.", "",
        *(f"- **{word}**: it holds {text}." if word != REPORTED else f"- **{word}**: {text}." for word, text in
          WORDS.items()), "",
        f"![The share of plausible worlds in which each finding holds]({PICTURE})", "",
        "A finding counts as its weakest outcome; grey ticks are its other outcomes. Where the model shows a finding, "
        "this says what follows from its rules in all these worlds. It is no evidence of a cause in the world, and no "
        "prediction for a real town.", "",
        "`contactsim replay --full` with the names of all folders repeats it ([how findings are "
        "judged](evidence.md#the-ledger-of-findings)); `experiments/*/result.csv` has every number.", ""]
    for role, title, text in ROLES:
        of_role = [one for one in findings if SAME_ROLE.get(one.finding.role, one.finding.role) == role
                   and one.verdict not in (ABSENT, REPORTED)]
        lines += _section(title, text, of_role)
    lines += _section("What does not come out, and why", "These hold in hardly any plausible world.",
                      [one for one in findings if one.verdict == ABSENT])
    lines += _section("What is reported, not judged", "No source gives a size.",
                      [one for one in findings if one.verdict == REPORTED])
    lines += _section("Checks of realism", "Not findings of the essays: does the simulated world resemble surveyed "
                                           "ones?", checks)
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, text: str, results: Sequence[Kept]) -> list[str]:
    if not results:
        return []
    return [f"## {title}", "", text, "", *(line for one in results for line in _finding(one))]


def _finding(one: Kept) -> Iterator[str]:
    yield f"### {one.finding.id}: {one.finding.claim}"
    yield ""
    worst = one.worst
    held = "" if worst is None else f", its weakest outcome in {worst['holds']:.0f} of {worst['sets']:.0f} worlds"
    yield (f"**{one.verdict.capitalize()}**{held}. {one.finding.source[0].upper()}{one.finding.source[1:]}; rests on: "
           f"{one.finding.grade}. {' '.join(one.finding.measurement.split())}")
    yield ""
    yield "| outcome | median (10–90 %) | accepted | worlds | |"
    yield "| --- | --- | --- | --- | --- |"
    for line in one.outcomes:
        came = f"| {line['statement']} ({line['unit']}) | {with_range(line['median'], line['p10'], line['p90'])} | "
        judged = f"{acceptance(_ends(line))} | {line['holds']:.0f} of {line['sets']:.0f} | {line['verdict']} |"
        yield came + (judged if line["judged"] else "– | – | reported |")
    yield ""
    yield from _why(one)


def _why(one: Kept) -> Iterator[str]:
    carried = {line["statement"]: one.carriers(line["outcome"]) for line in one.judged}
    found = [f"{statement}: carried by {', '.join(map(words, names))}" for statement, names in carried.items() if names]
    if found:
        yield "; ".join(found) + "."
        yield ""
    deciders = {str(line["decides"]) for line in one.judged if isinstance(line["decides"], str)}
    if deciders:
        yield f"What decides: {', '.join(sorted(f'`{name}`' for name in deciders))}."
        yield ""
    if one.diagnosis:
        yield one.diagnosis
        yield ""


def _ends(line: dict[str, Any]) -> tuple[float | None, float | None]:
    low, high = (None if np.isnan(line[key]) else float(line[key]) for key in ("acceptance_low", "acceptance_high"))
    return low, high


def picture(results: Sequence[Kept]) -> Figure:
    """The share of worlds in which each judged finding holds, with its interval, sorted."""
    found = sorted(((one, worst) for one in results if not one.folder.checks and (worst := one.worst) is not None),
                   key=lambda pair: (pair[1]["share"], pair[1]["share_low"]))
    figure = Figure(figsize=(9.5, 0.9 + 0.25 * len(found)), layout="constrained")
    axes = figure.subplots()
    for at in (FEW, MOST):
        axes.axvline(100 * at, color=GREY, lw=0.8, ls=":")
    for y, (one, worst) in enumerate(found):
        colour, marker = VERDICTS[one.verdict]
        axes.plot([100 * worst["share_low"], 100 * worst["share_high"]], [y, y], color=colour, lw=2)
        axes.plot([100 * line["share"] for line in one.judged], [y] * len(one.judged), "|", color=GREY, ms=9)
        axes.plot(100 * worst["share"], y, marker=marker, color=colour, ms=7)
    labels = [f"{_short(one.finding.claim)}  {one.finding.id}" for one, _ in found]
    axes.set_yticks(range(len(found)), labels, fontsize=8)
    for word in dict.fromkeys(one.verdict for one, _ in reversed(found)):
        axes.plot([], [], marker=VERDICTS[word][1], color=VERDICTS[word][0], label=word)
    figure.legend(loc="outside upper right", ncols=3, fontsize=9, frameon=False)
    axes.set(xlim=(-2, 102), xlabel="plausible worlds in which it holds, %")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _short(claim: str) -> str:
    return claim if len(claim) < 68 else f"{claim[:66]} …"


def main(arguments: list[str]) -> int:
    """Write the page and the picture, or with ``--check`` report whether the page is out of date."""
    folder, results = Path(__file__).parents[2] / "docs", list(kept().values())
    if not results:
        return 0
    file, new = folder / "results.md", page(results)
    if "--check" in arguments:
        stale = not file.is_file() or file.read_text(encoding="utf-8") != new
        if stale:
            print("docs/results.md: out of date; run python -m contactsim.docs_tools.results_page")
        return int(stale)
    file.write_text(new, encoding="utf-8")
    picture(results).savefig(folder / PICTURE, dpi=110, metadata={"Software": None})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
