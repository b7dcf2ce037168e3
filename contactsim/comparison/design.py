"""The design of a comparison: the configurations of its sides, its seeds and the weeks that are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from contactsim.actions import build
from contactsim.comparison.paired_runs import WITHOUT, Side
from contactsim.config.run_config import RunConfig, compose
from contactsim.errors import UserError
from contactsim.place import Place
from contactsim.storage.identity import digest_of
from contactsim.storage.provenance import scientific_digest

WITH, SILENT = "with", "message off"
#: Weeks after an action's end at which people are followed up, where no others are asked for.
FOLLOW = (13, 26, 52)
#: Keys of a comparison that a run does not have.
OWN = ("seeds", "follow")
_ACTION = re.compile(r"^\+?(action=|actions\.)")


@dataclass(frozen=True)
class Design:
    """A comparison before it is made."""

    configs: dict[str, RunConfig]
    """by name of the side; the first, ``without``, is what the others are held against"""
    seeds: tuple[int, ...]
    end: int | None
    """week at which the last action has ended; None where one lasts, or nothing but parameters differs"""
    read_at: tuple[int, ...]
    """numbers of weeks lived, ascending"""
    notes: tuple[str, ...] = ()

    @property
    def weeks(self) -> int:
        return self.read_at[-1]

    @property
    def config(self) -> RunConfig:
        """The side with everything."""
        return self.configs[WITH]

    def sides(self, place: Place) -> dict[str, Side]:
        """What :func:`contactsim.comparison.paired_runs.live` takes."""
        return {name: Side(config.parameters, _maker(config, place)) for name, config in self.configs.items()}

    def digest(self, place: Place) -> str:
        """Digest of everything that decides the numbers, except the code."""
        sides = [scientific_digest(config, place) for config in self.configs.values()]
        return digest_of([sides, list(self.seeds), list(self.read_at)])


def read_design(overrides: list[str], without: list[str] | None = None, config_dir: str | None = None) -> Design:
    """Read a comparison from ``key=value`` overrides, ``seeds=`` and ``follow=`` among them.

    Without ``without`` the untreated side has no actions (but those that belong into both worlds); else it has
    these overrides beside the others. Raises UserError.
    """
    own, given = take_own(overrides, OWN)
    full = compose(given, config_dir)
    if without:
        names = {line.lstrip("+~").split("=")[0] for line in without}
        rest = [line for line in given if line.lstrip("+~").split("=")[0] not in names]
        bare = compose([*rest, *without], config_dir)
    else:
        bare = compose([line for line in given if not _ACTION.match(line)], config_dir)
    full, bare = _beside(full, bare, config_dir)
    for key in ("place", "seed", "residents"):
        if getattr(full, key) != getattr(bare, key):
            raise UserError(f"--without changes {key}, but twin worlds share their place, seed and residents: it must "
                            f"leave {key} as it is.")
    if full == bare:
        raise UserError("Nothing differs between the two worlds: name an action, as in action=youth_scheme, or say "
                        "what one world lacks, as in --without psychology.norms=0.")
    configs = {WITHOUT: bare, WITH: full}
    silent = _silent(full)
    if silent is not None:
        configs[SILENT] = silent
    end = _end(full, bare)
    fixed = full.weeks if any(line.startswith("weeks=") for line in given) else None
    read_at, notes = _readings(end, fixed, full.weeks, _follow(own.get("follow")))
    return Design(configs, _seeds(own.get("seeds"), full.seed), end, read_at, notes)


def take_own(overrides: list[str], names: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """(values of a command's own keys, read as YAML; the other overrides)."""
    own: dict[str, Any] = {}
    rest = []
    for line in overrides:
        name, equals, value = line.partition("=")
        if equals and name in names:
            if name in own:
                raise UserError(f"{name} is given twice on the command line: give it once.")
            try:
                own[name] = yaml.safe_load(value)
            except yaml.YAMLError:
                raise UserError(f"'{line}' (command line) cannot be read.") from None
        else:
            rest.append(line)
    return own, rest


def _maker(config: RunConfig, place: Place) -> Callable[[], list[Any]]:
    return lambda: list(build(config.actions, place, config.parameters))


def _beside(full: RunConfig, bare: RunConfig, config_dir: str | None) -> tuple[RunConfig, RunConfig]:
    """Both with the actions that belong into both worlds, such as the rumour that a mediation answers."""
    wanted = {name for section in full.actions.values() for name in section.also_in_control}
    if not wanted:
        return full, bare
    from contactsim.config import action_catalogue

    both = {name: full.actions.get(name) or action_catalogue.load(name, config_dir) for name in sorted(wanted)}
    return tuple(one.model_copy(update={"actions": {**both, **one.actions}}) for one in (full, bare))  # type: ignore[return-value]


def _silent(config: RunConfig) -> RunConfig | None:
    """The same with the messages off of all actions that both bring people together and speak."""
    off = {name: section.without_message() for name, section in config.actions.items() if section.gathers}
    quiet = {name: section for name, section in off.items() if section is not None}
    return config.model_copy(update={"actions": {**config.actions, **quiet}}) if quiet else None


def _end(full: RunConfig, bare: RunConfig) -> int | None:
    """First week after all actions that only one side has; None where one lasts, or there is none."""
    ends = [section.ends() for name, section in full.actions.items() if bare.actions.get(name) != section]
    known = [week for week in ends if week is not None]
    return max(known) if known and len(known) == len(ends) else None


def _readings(end: int | None, fixed: int | None, default: int,
              follow: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Weeks to read: the end, the follow-ups after it, week 52 and the last, inside what is lived."""
    if end is None or end == 0:
        weeks = fixed or default
        return tuple(sorted({weeks, *(w for w in (52,) if w < weeks)})), (
            ("What differs lasts, so there is no follow-up after its end.",) if end is None else ())
    weeks = fixed or end + max(follow, default=0)
    wanted = {end, *(end + later for later in follow)}
    late = sorted(w for w in wanted if w > weeks)
    note = (f"weeks={weeks} is before {', '.join(map(str, late))}: not read then.",) if late else ()
    return tuple(sorted({w for w in wanted if w <= weeks} | {weeks} | ({52} if weeks >= 52 else set()))), note


def _seeds(value: Any, first: int) -> tuple[int, ...]:
    number = 10 if value is None else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 10_000:
        raise UserError(f"seeds={value} (command line) is not allowed: it must be a whole number from 1 to 10000 "
                        f"(how many; seed= is the first).")
    return tuple(range(first, first + number))


def _follow(value: Any) -> tuple[int, ...]:
    weeks = FOLLOW if value is None else value if isinstance(value, list) else [value]
    if any(isinstance(w, bool) or not isinstance(w, int) or not 0 <= w <= 5200 for w in weeks):
        raise UserError(f"follow={value} (command line) is not allowed: it must be whole numbers from 0 to 5200 "
                        f"(weeks after the end), as in follow=[13,52].")
    return tuple(sorted(set(weeks)))
