"""The results of a replay as tables: for a terminal of 80 columns, and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from contactsim.evidence.design import BASE
from contactsim.evidence.judging import ABSENT, DEPENDS, FAILS, HOLDS, REPORTED, ROBUST, FindingResult, OutcomeResult
from contactsim.evidence.numbers import acceptance, held, percents, with_range, words

#: Colours that people with any common colour blindness can distinguish.
STYLES = {ROBUST: "blue", HOLDS: "blue", DEPENDS: "yellow", ABSENT: "red", FAILS: "red", REPORTED: "dim"}
#: Said where there is one parameter set only.
ONE_SET = "One parameter set: nothing can be said across plausible worlds."
#: A line of the table in a terminal: style, indentation, outcome or knock-out, effect, accepted values, verdict.
Line = tuple[str, int, str, str, str, str]
HEADINGS = ("outcome", "median [10-90%]", "accepted", "holds in")
#: Space between columns, and widest accepted values.
GAP, WIDTH = 2, 80


def overview(results: Sequence[FindingResult]) -> Table:
    """One line for each finding: claim, share of worlds in which its weakest outcome holds, verdict, and carriers."""
    table = Table.grid(padding=(0, GAP, 0, 0))
    for width in (4, 34, 9, 10):
        table.add_column(width=width)
    table.add_column(max_width=WIDTH - 4 - 34 - 9 - 10 - 4 * GAP)
    table.add_row("", "claim", "holds in", "verdict", "carried by", style="dim")
    for result in results:
        worst = result.worst
        carriers = list(dict.fromkeys(name for one in result.judged for name in one.carriers))
        table.add_row(result.id, result.claim, "-" if worst is None else held(worst.holds),
                      Text(result.verdict, STYLES[result.verdict]), ", ".join(map(words, carriers)) or "-")
    return table


def results_table(results: Sequence[FindingResult]) -> Group:
    """Each finding with its verdict, and a line for each outcome and for what its knock-outs remove."""
    blocks: list[Any] = []
    for result in results:
        heading = Text.assemble((f"{result.id}, {result.role}: ", "bold"), (result.verdict, STYLES[result.verdict]),
                                (f" ({result.counted} outcomes)" if result.judged else ""))
        blocks += [heading, Text(result.claim), _aligned(list(_lines(result)))]
        blocks += [Text(sentence) for sentence in sentences(result)] + [Text("")]
    return Group(*blocks)


def _lines(result: FindingResult) -> Iterator[Line]:
    yield ("dim", 0, *HEADINGS)
    for one in result.outcomes:
        accepted = acceptance(one.acceptance)
        word = f"{held(one.holds)}: {one.verdict}" if one.judged else f"({held(one.holds)})"
        yield "", 2, one.id, with_range(one.median, one.low, one.high), accepted, word
        for name, off in one.removals.items():
            part = "carries it" if off.carries else "leaves an effect" if off.fault else ""
            label = f"no {words(name)}" if off.mechanism else words(name)
            yield "dim", 4, label, _gone(off.share, off.low, off.high), "", part


def _gone(share: float, low: float, high: float) -> str:
    found = percents(share, low, high)
    return "no effect to remove" if found == "-" else f"{found} gone"


def _aligned(lines: Sequence[Line]) -> Table:
    others = [min(24, max(len(str(line[k])) for line in lines)) for k in (3, 4, 5)]
    table = Table.grid(padding=(0, GAP, 0, 0))
    for width in (WIDTH - sum(others) - 3 * GAP, *others):
        table.add_column(width=width)
    for style, indent, name, *cells in lines:
        table.add_row(Padding(Text(name), (0, 0, 0, indent)), *map(Text, cells), style=style)
    return table


def sentences(result: FindingResult) -> list[str]:
    """What decides where the outcomes depend on the world, and faults of null actions."""
    return [f"{one.id}: {one.decider.sentence}" for one in result.outcomes if one.decider is not None] + result.faults


def count(results: Sequence[FindingResult]) -> str:
    """Number of findings by verdict, in a sentence."""
    found = []
    for name, some in (("finding", [one for one in results if not one.check]),
                       ("realism check", [one for one in results if one.check])):
        numbers = {word: sum(one.verdict == word for one in some) for word in STYLES}
        if some:
            by_verdict = ", ".join(f"{n} {word}" for word, n in numbers.items() if n)
            found.append(f"{len(some)} {name}{'s' if len(some) > 1 else ''}: {by_verdict}.")
    return " ".join(found)


def csv(results: Sequence[FindingResult]) -> pd.DataFrame:
    """One line for each outcome and for its base worlds and each knock-out (column ``worlds``)."""
    return pd.DataFrame([line for result in results for one in result.outcomes for line in _records(result, one)])


def _records(result: FindingResult, one: OutcomeResult) -> Iterator[dict[str, Any]]:
    common = {"finding": result.id, "outcome": one.id, "claim": result.claim, "statement": one.statement,
              "unit": one.unit, "grade": one.grade, "role": one.role, "acceptance_low": one.acceptance[0],
              "acceptance_high": one.acceptance[1], "judged": one.judged}
    yield {**common, "worlds": BASE, "sets": one.holds.of, "holds": one.holds.number, "share": one.holds.share,
           "share_low": one.holds.low, "share_high": one.holds.high, "verdict": one.verdict, "median": one.median,
           "p10": one.low, "p90": one.high, "seed_noise": one.noise,
           "decides": "" if one.decider is None else one.decider.path}
    for name, off in one.removals.items():
        yield {**common, "worlds": name, "sets": off.sets, "holds": off.holds.number, "share": off.holds.share,
               "share_low": off.holds.low, "share_high": off.holds.high, "mean": off.mean, "removed": off.share,
               "removed_low": off.low, "removed_high": off.high, "carries": off.carries}


def plain(results: Sequence[FindingResult]) -> list[dict[str, Any]]:
    """Results as plain data, with the verdicts that follow from their outcomes."""
    return [{**asdict(result), "verdict": result.verdict, "robust": result.counted, "faults": result.faults}
            for result in results]
