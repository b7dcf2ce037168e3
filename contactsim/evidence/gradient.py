"""What a ``findings.yaml`` may say in short, written out: shared worlds, a gradient of places, alternatives.

Once it is read, every finding has worlds, knock-outs and rows of its own, whichever way its file states them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from contactsim.errors import UserError, nearest
from contactsim.paths import experiments_folder

Data = dict[str, Any]


def written_out(data: Data) -> Data:
    """A folder's file with nothing left in short. Raises UserError for a place that does not exist.

    ``worlds`` and ``knock_outs`` of the file are shared by its findings, which may add ``more_worlds`` and
    ``more_knock_outs``. Each world of ``gradient`` has a place of its own, named as the world is, that further worlds
    may name. Each of ``alternatives`` adds every row again, as ``ROW@ALTERNATIVE``, not judged.
    """
    places, worlds, switches = dict(_places()), data.pop("worlds", {}), data.pop("knock_outs", {})
    if "gradient" in data:
        along = data["gradient"]
        places |= {world: _place(data["name"], along, share) for world, share in along["worlds"].items()}
        worlds = {**{world: {"place": world, "weeks": along["weeks"], "set": along.get("set", {})}
                     for world in along["worlds"]}, **worlds}
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


def _place(folder: str, along: Data, share: float) -> Data:
    majority, minority = along["groups"]
    return {"name": f"{folder} {share:g}", "shares": {majority: 1 - share, minority: share},
            "dissimilarity": along["dissimilarity"], "cell": along.get("cell", 300), "key": round(1000 * share)}


def _placed(worlds: Data, places: Data, where: str) -> Data:
    """Worlds, or parts of worlds, with the place itself where they name one."""
    for world in worlds.values():
        if "place" in world and world["place"] not in places:
            raise UserError(f"{where}: there is no place '{world['place']}'.{nearest(world['place'], places)}")
    return {name: {**world, "place": places[world["place"]]} if "place" in world else world
            for name, world in worlds.items()}


@cache
def _places() -> Data:
    """The places that all folders may name."""
    data = yaml.safe_load((experiments_folder() / "places.yaml").read_text(encoding="utf-8"))
    return {name: {"name": name, **place} for name, place in data.items()}
