"""Places of findings, and what a ``findings.yaml`` may say in short: shared worlds, a gradient, alternatives.

Once it is read, every finding has worlds, knock-outs and rows of its own, whichever way its file states them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contactsim.errors import UserError, nearest
from contactsim.paths import experiments_folder

Data = dict[str, Any]


class Part(BaseModel):
    """A part of a design: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MadePlace(Part):
    """A made place: shares by group (the first is the majority) and dissimilarity among output areas."""

    name: str
    shares: dict[str, float]
    dissimilarity: float = Field(ge=0, lt=1)
    output_area_residents: int = 300
    """residents of an output area, about"""
    key: int | None = None
    """what its draws are keyed by, where that is not its name"""
    within_units: float | None = Field(default=None, ge=0, lt=1)
    """with it, the place is known by blocks of about 1,500 only; their output areas are made anew with this dissimilarity"""


class Reading(Part):
    """What is read off each world along a gradient, for a table; drawn too, where it has a label."""

    estimand: str
    arguments: dict[str, Any] = {}
    label: str = ""


class Gradient(Part):
    """Places that are alike in all but the share of the minority, each with its world."""

    worlds: dict[str, float]
    """share of the minority by world"""
    groups: tuple[str, str]
    dissimilarity: float
    output_area_residents: int = 300
    weeks: int
    set: dict[str, Any] = {}
    """parameters of every world"""
    readings: dict[str, Reading]

    def place(self, folder: str, world: str) -> MadePlace:
        """The place of one of its worlds."""
        share, (majority, minority) = self.worlds[world], self.groups
        return MadePlace(name=f"{folder} {share:g}", shares={majority: 1 - share, minority: share},
                         dissimilarity=self.dissimilarity, output_area_residents=self.output_area_residents, key=round(1000 * share))


def written_out(data: Data) -> Data:
    """A folder's file with nothing left in short. Raises UserError for a place that does not exist.

    ``worlds`` and ``knock_outs`` of the file are shared by its findings, which may add ``more_worlds`` and
    ``more_knock_outs``. Each world of ``gradient`` has a place of its own, named as the world is, that further worlds
    may name. Each of ``alternatives`` adds every row again, as ``ROW@ALTERNATIVE``, not judged.
    """
    places, worlds, switches = dict(_places()), data.pop("worlds", {}), data.pop("knock_outs", {})
    if "gradient" in data:
        along = Gradient.model_validate(data["gradient"])
        places |= {world: along.place(data["name"], world) for world in along.worlds}
        worlds = {**{world: {"place": world, "weeks": along.weeks, "set": along.set} for world in along.worlds},
                  **worlds}
    data["worlds"] = _placed(worlds, places, "worlds")
    for finding in data["findings"]:
        own = {**finding.get("worlds", {}), **finding.pop("more_worlds", {})}
        finding["worlds"] = {**data["worlds"], **_placed(own, places, finding["id"])}
        finding["knock_outs"] = {
            name: {**switch, "worlds": _placed(switch.get("worlds", {}), places, finding["id"])}
            for name, switch in _knock_outs(finding, switches).items()}
        _repeat(finding, data.get("alternatives", {}))
    return data


def _knock_outs(finding: Data, shared: Data) -> Data:
    """A finding's knock-outs: its own, or those of its folder that it names, and more."""
    own = finding.get("knock_outs", {})
    own = {name: shared[name] for name in own if name in shared} if isinstance(own, list) else own
    return {**own, **finding.pop("more_knock_outs", {})}


def _repeat(finding: Data, alternatives: Data) -> None:
    """Add the rows under each alternative."""
    finding["alternatives"] = alternatives
    finding["outcomes"] = finding["outcomes"] + [
        {**row, "id": f"{row['id']}@{name}", "says": f"{row['says']}, {one['text']}", "judged": False,
         "alternative": name} for name, one in alternatives.items() for row in finding["outcomes"]]


def _placed(worlds: Data, places: dict[str, MadePlace], where: str) -> Data:
    """Worlds, or parts of worlds, with the place itself where they name one."""
    for world in worlds.values():
        if "place" in world and world["place"] not in places:
            raise UserError(f"{where}: there is no place '{world['place']}'.{nearest(world['place'], places)}")
    return {name: {**world, "place": places[world["place"]]} if "place" in world else world
            for name, world in worlds.items()}


@cache
def _places() -> dict[str, MadePlace]:
    """The places that all folders may name."""
    data = yaml.safe_load((experiments_folder() / "places.yaml").read_text(encoding="utf-8"))
    return {name: MadePlace(name=name, **place) for name, place in data.items()}
