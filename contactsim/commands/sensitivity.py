"""``contactsim sensitivity``: which numbers move which findings, and where verdicts turn."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contactsim.commands.arguments import Parser
from contactsim.commands.progress import Bars
from contactsim.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from contactsim.evidence.sensitivity import Sensitivity


def main(arguments: list[str]) -> int:
    """Move numbers and say which rows move with them."""
    options = _parser().parse_args(arguments)
    from contactsim.evidence import sensitivity, shelf, tried

    of = sensitivity.design()
    names = _names(of, options)
    store = Path(options.store).expanduser() if options.store else shelf.default_folder()
    with Bars() as bars:
        table, count = _table(of, names, options, store, bars)
    _show(table, options.method)
    if options.output:
        tried.write(table, Path(options.output))
        print(f"Written: {options.output}")
    if options.keep:
        about = {"method": options.method, "parameters": names, "points": count, "seeds": of.seeds,
                 "residents": of.residents, "findings": of.findings}
        print(f"Kept: {tried.keep(table, f'sensitivity/{options.method}', about)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser("sensitivity", description="Move the model's numbers and see which findings move. It can be "
                                               "stopped and goes on where it was.")
    parser.add_argument("method", nargs="?", default="each", choices=("each", "along", "morris", "sobol"),
                        help="each: every number of the psychology by itself, less and more by 30 %%; along: each "
                             "contested or unsourced number by itself along its range; morris, sobol: these together")
    parser.add_argument("--parameters", nargs="+", help="contested numbers to move (default: all of them)")
    parser.add_argument("--budget", type=int, help="points at most of morris and sobol (default: that of "
                                                   "experiments/sensitivity.yaml)")
    parser.add_argument("--jobs", type=int, help="processes at a time (default: all processors)")
    parser.add_argument("--store", help="store that keeps the figures (default: in the user's cache)")
    parser.add_argument("--output", help="CSV to write the table to")
    parser.add_argument("--keep", action="store_true",
                        help="keep the table as experiments/sensitivity/METHOD.csv, which reports show")
    return parser


def _names(of: Sensitivity, options: argparse.Namespace) -> list[str]:
    """The contested numbers asked for; raises UserError for options that do not go together."""
    if options.method == "each" and options.parameters:
        raise UserError("--parameters goes with along, morris and sobol: each moves every number of the psychology.")
    if options.budget is not None and options.method in ("each", "along"):
        raise UserError(f"--budget goes with morris and sobol: {options.method} has as many points as it needs.")
    names = options.parameters or list(of.contested)
    for name in names:
        if name not in of.contested:
            raise UserError(f"--parameters={name} is not among the contested numbers: allowed are "
                            f"{', '.join(of.contested)}.")
    least = 2 * (len(names) + 1) if options.method == "morris" else 4 * (len(names) + 2)
    if options.budget is not None and options.budget < least:
        raise UserError(f"--budget={options.budget} is not allowed: {options.method} of {len(names)} numbers needs "
                        f"{least} points or more.")
    return names


def _table(of: Sensitivity, names: list[str], options: argparse.Namespace, store: Path,
           bars: Bars) -> tuple[pd.DataFrame, int]:
    """The method's table and its number of points."""
    from contactsim.config import compose
    from contactsim.evidence import sensitivity

    base, method = compose(["place=synthetic"]).parameters, options.method
    findings = sensitivity.looked_at(of)
    sampled, at = None, sensitivity.one_at_a_time(of, base)
    if method == "along":
        at = sensitivity.along(of, names)
    elif method != "each":
        sampled = sensitivity.sample(of, names, method, options.budget or of.budget[method])
        at = [dict(zip(names, row.tolist(), strict=True)) for row in sampled]
    print(f"Budget: {len(at)} points of {len(findings)} findings, {of.seeds} seeds each.", file=sys.stderr, flush=True)
    found = sensitivity.run(of, at, findings, base, store, options.jobs,
                            lambda done, total: bars("figures", done, total))
    if sampled is None:
        return sensitivity.moved_rows(at, found, findings), len(at)
    bands = {row.id: row.band for finding in findings for row in finding.outcomes}
    return sensitivity.indices(of, names, method, sampled, found, bands), len(at)


def _show(table: pd.DataFrame, method: str) -> None:
    if method in ("each", "along"):
        from contactsim.evidence.turns import sentences

        for sentence in sentences(table, method):
            print(sentence)
        return
    by = "mu_star" if method == "morris" else "ST"
    for row, lines in table.groupby("row", sort=False):
        ranked = lines.sort_values(by, ascending=False)
        print(f"{row}: " + ", ".join(f"{name} {value:.3g} ± {half:.2g}" for name, value, half in zip(
            ranked["parameter"], ranked[by], ranked[f"{by}_conf"], strict=True)))
