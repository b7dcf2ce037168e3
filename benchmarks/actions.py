"""What actions cost in time: weeks of the same world with and without them, taken in turns.

    python -m benchmarks.actions [--place bradford] [--weeks 60] [--pairs 3]

Prints two ratios of a week's time: thirty actions declared of which one is at work, and the youth scheme in the whole
place, each against the same weeks without any action. The goals are 1.05 and 1.15.
"""

from __future__ import annotations

import argparse
import statistics
import time

from contactsim.actions import build
from contactsim.config import RunConfig, compose
from contactsim.place import load_place
from contactsim.world import World

#: Twenty-nine whose time never comes, and one that is open each week.
LATER = [(f"like={'youth_scheme' if k % 2 else 'community_centre'}", f"start={5000 + 3 * k}") for k in range(29)]
THIRTY = ["action=library_chat", *(f"+actions.later{k}.{field}" for k, fields in enumerate(LATER) for field in fields)]
SCHEME = ["action=youth_scheme"]


def seconds(worlds: list[World], weeks: int) -> list[list[float]]:
    """Seconds of each week of each world; the worlds live each week in turns, in alternating order."""
    taken: list[list[float]] = [[] for _ in worlds]
    for week in range(weeks):
        for k in range(len(worlds)) if week % 2 else reversed(range(len(worlds))):
            begun = time.perf_counter()
            worlds[k].step()
            taken[k].append(time.perf_counter() - begun)
    return taken


def world_of(config: RunConfig) -> World:
    """A world without history, with its actions."""
    place = load_place(config.place)
    world = World(place, config.parameters, config.seed, config.threads)
    world.actions = list(build(config.actions, place, config.parameters))
    return world


def ratio(place: str, chosen: list[str], weeks: int, pairs: int, threads: int) -> tuple[float, list[float], float]:
    """(ratio of all seconds with actions to all without, that ratio in each pair, seconds of a week without)."""
    found, without = [], []
    for pair in range(pairs):
        common = [f"place={place}", "scenario=no_history", f"threads={threads}", f"seed={pair + 1}"]
        worlds = [world_of(compose([*common, *also])) for also in ([], chosen)]
        seconds(worlds, 3)  # warm
        worlds = [world_of(compose([*common, *also])) for also in ([], chosen)]
        plain, acting = seconds(worlds, weeks)
        found.append(sum(acting) / sum(plain))
        without.append(statistics.median(plain))
    return statistics.median(found), found, statistics.median(without)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", default="bradford")
    parser.add_argument("--weeks", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    for what, chosen, goal in (("thirty declared, one at work", THIRTY, 1.05), ("youth scheme", SCHEME, 1.15)):
        middle, each, week = ratio(options.place, chosen, options.weeks, options.pairs, options.threads)
        print(f"{what} ({options.place}, {options.weeks} weeks): {middle:.3f} (goal {goal}; pairs "
              f"{', '.join(f'{one:.3f}' for one in each)}; a week without {1000 * week:.1f} ms)")


if __name__ == "__main__":
    main()
