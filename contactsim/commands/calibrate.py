"""``contactsim calibrate``: fit the calibrated rows; prints values, changes nothing in the model."""

from __future__ import annotations

import sys
from pathlib import Path

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError, nearest


def main(arguments: list[str]) -> int:
    """Fit by experiments/calibration.yaml and say what came of it."""
    parser = Parser("calibrate", description="Fit what may be fitted (F7, F13) and nothing else. It can be stopped and "
                                             "goes on where it was. The model's defaults are left as they are.")
    parser.add_argument("name", nargs="?", default="in_use",
                        help="a fit of experiments/calibration.yaml: in_use (F7 alone; the default), joint (F7, F13)")
    parser.add_argument("--budget", type=int, help="evaluations (default: that of experiments/calibration.yaml)")
    parser.add_argument("--jobs", type=int, help="processes at a time (default: all processors)")
    parser.add_argument("--store", help="store that keeps the figures (default: in the user's cache)")
    parser.add_argument("--keep", action="store_true", help="keep the fit as experiments/calibration/NAME.json")
    options = parser.parse_args(arguments)
    if options.budget is not None and options.budget < 3:
        raise UserError(f"--budget={options.budget} is not allowed: it must be 3 evaluations or more.")
    from contactsim.config import compose
    from contactsim.evidence import calibration, shelf

    designs = calibration.designs()
    if options.name not in designs:
        raise UserError(f"There is no fit '{options.name}'; there are {', '.join(designs)}."
                        f"{nearest(options.name, designs)}")
    of = designs[options.name]
    budget = options.budget or of.budget
    store = Path(options.store).expanduser() if options.store else shelf.default_folder()
    print(f"Budget: {budget} evaluations of {', '.join(of.rows)}, {of.seeds} seeds each.", file=sys.stderr, flush=True)
    done = 0

    def tell(line: dict[str, float]) -> None:
        nonlocal done
        done += 1
        print(f"  {done}: " + ", ".join(f"{k} {v:.4g}" for k, v in line.items()), flush=True)

    found = calibration.fit(of, compose(["place=synthetic"]).parameters, store, budget, options.jobs, tell)
    for path, value in found.parameters.items():
        print(f"{path} = {value:g}")
    print(f"Objective {found.objective:.3g} after {found.evaluations} evaluations; "
          + ", ".join(f"{row} {value:.3g}" for row, value in found.rows.items()) + ".")
    if options.keep:
        print(f"Kept: {calibration.keep(options.name, of, found, budget)}")
    return 0
