"""``contactsim sensitivity``: which numbers move which findings, and where verdicts turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError


def main(arguments: list[str]) -> int:
    """Move numbers and say which rows move with them."""
    parser = Parser("sensitivity", description="Move the model's numbers and see which findings move. It can be "
                                               "stopped and goes on where it was.")
    parser.add_argument("method", nargs="?", default="each", choices=("each", "morris", "sobol"),
                        help="each: every number of the psychology by itself, less and more by 30 %%; morris, sobol: "
                             "the contested and unsourced numbers together")
    parser.add_argument("--parameters", nargs="+", help="contested numbers to move (default: all of them)")
    parser.add_argument("--budget", type=int, help="points at most (default: that of experiments/sensitivity.yaml)")
    parser.add_argument("--jobs", type=int, help="processes at a time (default: all processors)")
    parser.add_argument("--store", help="folder of figures (default: in the user's cache)")
    parser.add_argument("--output", help="CSV to write (default: experiments/sensitivity/METHOD.csv with --keep)")
    parser.add_argument("--keep", action="store_true", help="keep the table beside its design")
    options = parser.parse_args(arguments)
    from contactsim.config import compose
    from contactsim.evidence import runs, sensitivity

    of = sensitivity.design()
    names = options.parameters or list(of.contested)
    unknown = [name for name in names if name not in of.contested]
    if unknown:
        raise UserError(f"--parameters={unknown[0]} is not among the contested numbers: allowed are "
                        f"{', '.join(of.contested)}.")
    base = compose(["place=synthetic"]).parameters
    budget = options.budget or of.budget
    store = Path(options.store).expanduser() if options.store else runs.store_folder()
    sampled = None if options.method == "each" else sensitivity.sample(of, names, options.method, budget)
    at: list[Any] = (sensitivity.one_at_a_time(of, base)[:budget] if sampled is None
                     else [dict(zip(names, row.tolist(), strict=True)) for row in sampled])
    print(f"Budget: {len(at)} points, {of.seeds} seeds each, of {len(of.findings)} findings.", flush=True)
    findings, found = sensitivity.run(of, at, base, store, options.jobs, None)
    table = (sensitivity.moved_rows(of, at, found, findings) if sampled is None
             else sensitivity.indices(of, names, options.method, sampled, found))
    _show(table, options.method)
    _write(table, options)
    return 0


def _show(table: Any, method: str) -> None:
    if method == "each":
        for parameter, lines in table.groupby("parameter", sort=False):
            rows = list(dict.fromkeys(lines.loc[lines["counts"], "row"]))
            turns = list(dict.fromkeys(lines.loc[lines["turns"], "row"]))
            print(f"{parameter}: moves {', '.join(rows) or 'no row'}"
                  + (f"; turns {', '.join(turns)}" if turns else ""))
        return
    by = "mu_star" if method == "morris" else "ST"
    for row, lines in table.groupby("row", sort=False):
        ranked = lines.sort_values(by, ascending=False)
        print(f"{row}: " + ", ".join(f"{name} {value:.3g}" for name, value in zip(
            ranked["parameter"], ranked[by], strict=True)))


def _write(table: Any, options: Any) -> None:
    from contactsim.lab.store import new_file
    from contactsim.paths import experiments_folder

    kept = experiments_folder() / "sensitivity" / f"{options.method}.csv"
    target = Path(options.output) if options.output else kept if options.keep else None
    if target is not None:
        with new_file(target) as partial:
            table.round(5).to_csv(partial, index=False)
        print(f"Kept: {target}")
