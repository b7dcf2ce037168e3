"""The baseline run: its definition, comparison and update.

    python -m tests.baseline.update

reruns it, prints what moved and rewrites ``baseline.json``. The file also contains the parameters, so a new default
does not move the baseline; ``--parameters`` uses those of ``tests.worlds`` instead.
"""

from __future__ import annotations

import json
import math
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contactsim.parameters import ModelParameters, Shock
from contactsim.storage.provenance import NUMBERS
from contactsim.world import world_after_burn_in
from tests.worlds import four_groups, make_parameters, odd_psychology

FILE = Path(__file__).with_name("baseline.json")
SEED, WEEKS = 20, 12
#: Relative and absolute tolerance: rounding alone. Another C library may round an exponential otherwise in the last
#: bit, and a bit can turn a draw; where that happens on another platform the run is another sample, not an error.
TOLERANCE = 1e-9
LIBRARIES = ("numpy", "numba", "scipy")

Values = dict[str, list[float]]


def new_parameters() -> ModelParameters:
    """A burn-in of half a year, then everything that a scenario can have."""
    return make_parameters(psychology=odd_psychology(5), residents={"newcomers": 0.2, "vacancy": 0.1}, scenario={
        "burn_in_min": 30, "burn_in_max": 30, "moves": 0.2, "departures": 0.2, "arrivals": 0.05,
        "own_group_preference": 2.0,
        "shocks": {"event": Shock(week=5, target="B", dose=1.0, feeling=0.1, anxiety=0.1, threat=0.2, stigma=0.3)}})


def run(parameters: ModelParameters) -> Values:
    """All weekly measures of the baseline run, by ``measure|group|target``."""
    world, _ = world_after_burn_in(four_groups(9, 60), parameters, SEED, threads=1)
    for _ in range(WEEKS):
        world.step()
    table = world.weekly()
    keys = table["measure"].astype(str) + "|" + table["group"].astype(str) + "|" + table["target"].astype(str)
    return {str(key): part.sort_values("week")["value"].tolist() for key, part in table.groupby(keys)}


def moved(baseline: Values, now: Values) -> list[str]:
    """One line for each measure that is new, gone, or otherwise by more than rounding."""
    lines = [f"{key}: only {'baseline' if key in baseline else 'now'}" for key in sorted(baseline.keys() ^ now.keys())]
    for key in sorted(baseline.keys() & now.keys()):
        old, new = baseline[key], now[key]
        weeks = [w for w, (a, b) in enumerate(zip(old, new, strict=True))
                 if not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)]
        if weeks:
            lines.append(f"{key}: from week {weeks[0]}, {old[weeks[0]]:.6g} -> {new[weeks[0]]:.6g}; "
                         f"last week {old[-1]:.6g} -> {new[-1]:.6g}")
    return lines


def made_with() -> dict[str, str]:
    """Platform and libraries, whose versions may turn a last bit."""
    return {"platform": f"{platform.system()} {platform.machine()}", **{name: version(name) for name in LIBRARIES}}


def read() -> tuple[ModelParameters, Values, dict[str, str]]:
    """The baseline's parameters, values and library versions."""
    baseline: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return ModelParameters.model_validate(baseline["parameters"]), baseline["values"], baseline["made_with"]


def baseline_numbers() -> int:
    """Which numbers of the model (:data:`NUMBERS`) the baseline run has."""
    return int(json.loads(FILE.read_text(encoding="utf-8"))["numbers"])


def write(parameters: ModelParameters, values: Values) -> None:
    """Write a run: values to 12 digits, one measure on a line."""
    rounded = {key: [float(f"{v:.12g}") for v in row] for key, row in values.items()}
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in sorted(rounded.items()))
    head = {"numbers": NUMBERS, "made_with": made_with(), "parameters": parameters.model_dump(mode="json")}
    FILE.write_text(json.dumps(head, indent=1)[:-2] + ',\n "values": {\n' + lines + "\n }\n}\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Rerun, print what moved, write."""
    parameters = new_parameters() if "--parameters" in arguments or not FILE.exists() else read()[0]
    values = run(parameters)
    lines = moved(read()[1], values) if FILE.exists() else ["there was no baseline"]
    print("\n".join(lines) or "nothing moved")
    if FILE.exists() and lines and "--parameters" not in arguments and baseline_numbers() == NUMBERS:
        sys.exit(
            "numbers moved: mark an entry of the changelog **[numbers]** and raise NUMBERS in storage/provenance.py"
        )
    write(parameters, values)


if __name__ == "__main__":
    main(sys.argv[1:])
