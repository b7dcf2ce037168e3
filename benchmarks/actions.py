"""What actions cost in time: weeks of the same world with and without them, taken in turns.

    python -m benchmarks.actions [--place bradford] [--weeks 60] [--pairs 3] [--json]

Prints ratios of a week's time to the same weeks without any action: with twenty-nine actions declared and none at
work, with a thirtieth that is at work each week (goal 1.05), and with the youth scheme in the whole place (goal 1.15).
Both worlds have one thread, and the seconds are the processor's, so that other work on the machine counts little. A
place may be a census table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

from contactsim.actions import build, outcomes
from contactsim.config.run_config import RunConfig, compose
from contactsim.place import Place, load_place
from contactsim.world import World

#: Twenty-nine whose time never comes, and one that is open each week.
LATER = [(f"like={'youth_scheme' if k % 2 else 'community_centre'}", f"start={5000 + 3 * k}") for k in range(29)]
THIRTY = ["action=library_chat", *(f"+actions.later{k}.{field}" for k, fields in enumerate(LATER) for field in fields)]
SCHEME = ["action=youth_scheme"]
#: (name in the results, what it is, overrides, goal)
CASES = (("declared", "twenty-nine declared, none at work", THIRTY[1:], 1.05),
         ("thirty_declared", "thirty declared, one at work", THIRTY, 1.05),
         ("youth_scheme", "youth scheme", SCHEME, 1.15))


def seconds(worlds: list[World], weeks: int) -> list[list[float]]:
    """Processor seconds of each week of each world; the worlds are simulated in turns, in alternating order."""
    taken: list[list[float]] = [[] for _ in worlds]
    for week in range(weeks):
        for k in range(len(worlds)) if week % 2 else reversed(range(len(worlds))):
            begun = time.process_time()
            worlds[k].step()
            taken[k].append(time.process_time() - begun)
    return taken


def world_of(config: RunConfig, place: Place) -> World:
    """A world without burn-in, with its actions."""
    world = World(place, config.parameters, config.seed, 1)
    world.actions = list(build(config.actions, place, config.parameters))
    return world


def measured(place: str, chosen: list[str], weeks: int, pairs: int) -> dict[str, Any]:
    """Ratio of all seconds with actions to all without (median of the pairs), and what it was made of."""
    found, without, took_part = [], [], []
    for pair in range(pairs):
        where = ["place=census", f"place.file={place}"] if place.endswith(".csv") else [f"place={place}"]
        common = [*where, "scenario=no_burn_in", f"seed={pair + 1}"]
        configs = [compose([*common, *also]) for also in ([], chosen)]
        known = load_place(configs[0].place)
        if not pair:
            seconds([world_of(config, known) for config in configs], 3)  # warm
        worlds = [world_of(config, known) for config in configs]
        plain, acting = seconds(worlds, weeks)
        found.append(round(sum(acting) / sum(plain), 3))
        without.append(statistics.median(plain))
        took_part.append(sum(one["participants"] for one in outcomes(worlds[1].actions)))
    return {"ratio": statistics.median(found), "pairs": found, "week_ms": round(1000 * statistics.median(without), 1),
            "participants": took_part, "residents": known.residents}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", default="bradford", help="a place by name, or a census table")
    parser.add_argument("--weeks", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load, found = os.getloadavg()[0], {}
    for name, what, chosen, goal in CASES:
        found[name] = one = measured(options.place, chosen, options.weeks, options.pairs) | {"goal": goal}
        if not options.json:
            print(f"{what} ({one['residents']:,} residents, {options.weeks} weeks): {one['ratio']:.3f} (goal {goal}; "
                  f"pairs {one['pairs']}; a week without {one['week_ms']} ms; took part {one['participants']})")
    if options.json:
        print(json.dumps({"place": Path(options.place).name, "weeks": options.weeks, "load_before": load,
                          **found}, indent=2))


if __name__ == "__main__":
    main()
