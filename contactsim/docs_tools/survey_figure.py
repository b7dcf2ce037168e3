"""Draws the README's figure: what a simulated nation answers to survey questions, beside what people answered.

``python -m contactsim.docs_tools.survey_figure`` simulates ``place=mini_england`` with its burn-in for two seeds, asks
the majority aged 16 and over the items of ``configs/instrument``, writes ``docs/pictures/survey.png`` and prints the
shares. The surveys' shares and intervals are those of ``experiments/targets.csv``. The parameters were fitted to these
shares, in other samples of areas, so the figure shows a fit and no prediction.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactsim.config.run_config import compose
from contactsim.instruments.catalogue import ask, shipped
from contactsim.paths import experiments_folder
from contactsim.place import load_place
from contactsim.residents import SURVEY_AGE
from contactsim.world import world_after_burn_in

SEEDS = (31, 32)
Answers = dict[str, NDArray[np.float64]]
#: Rows of the table of targets: the answer that is counted, from the answers by item.
SHARES: dict[str, tuple[str, Callable[[Answers], NDArray[np.bool_]]]] = {
    "T06": ("never in contact out and about", lambda a: a["contact_frequency"] == 0),
    "T07": ("less than monthly, or never", lambda a: a["contact_frequency"] <= 1),
    "T08": ("daily", lambda a: a["contact_frequency"] == 6),
    "T12": ("call this contact bad", lambda a: a["contact_valence"] < 5),
    "T13": ("call it good", lambda a: a["contact_valence"] > 5),
    "T09": ("no close friend in another group", lambda a: a["close_friends"] == 0),
    "T10": ("nobody in the circle of friends", lambda a: a["circle_of_friends"] == 0),
}


def simulated(seed: int) -> dict[str, float]:
    """Share of each answer of :data:`SHARES` among the majority of one simulated nation."""
    config = compose(["place=mini_england", f"place.seed={seed}", f"seed={seed}"])
    world, _ = world_after_burn_in(load_place(config.place), config.parameters, seed)
    people = world.people
    rows = np.flatnonzero(people.active & (people.age >= SURVEY_AGE) & (people.group == 0))
    answers = ask(world, rows, shipped())
    return {name: float(counts(answers).mean()) for name, (_, counts) in SHARES.items()}


def surveys() -> dict[str, tuple[float, float, float]]:
    """(share, low, high) of the surveys, by row of the table of targets."""
    with (experiments_folder() / "targets.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: (float(row["value"]), float(row["lo"]), float(row["hi"])) for row in csv.DictReader(file)}


def draw(found: list[dict[str, float]], file: Path) -> None:
    """One line for each answer: the survey's interval and value, and a mark for each simulated nation."""
    import matplotlib.pyplot as plt

    known = surveys()
    figure, axes = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    for k, name in enumerate(reversed(SHARES)):
        value, low, high = known[name]
        axes.plot([low, high], [k, k], color="#bbbbbb", linewidth=8, solid_capstyle="butt", zorder=1,
                  label="survey, with its interval" if k == 0 else None)
        axes.plot(value, k, "|", color="#444444", markersize=14, markeredgewidth=2, zorder=2)
        for number, one in enumerate(found):
            axes.plot(one[name], k, "o", color="#0072b2", markersize=7, zorder=3,
                      label="simulated, two nations" if k == 0 and number == 0 else None)
    axes.set_yticks(range(len(SHARES)), [text for text, _ in reversed(SHARES.values())])
    axes.set(xlim=(0, 0.8), xlabel="share of the majority aged 16 and over")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False)
    figure.savefig(file, dpi=150, metadata={"Software": None})


def main() -> int:
    """Simulate, draw and print."""
    found = [simulated(seed) for seed in SEEDS]
    draw(found, experiments_folder().parent / "docs" / "pictures" / "survey.png")
    known = surveys()
    for name, (text, _) in SHARES.items():
        print(f"{text}: survey {known[name][0]:.3f}, simulated {', '.join(f'{one[name]:.3f}' for one in found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
