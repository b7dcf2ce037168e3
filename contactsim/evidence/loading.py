"""Read the designs of findings from ``experiments/<folder>/findings.yaml`` and select some of them.

A file may state shared worlds, shared knock-outs, a gradient and alternatives once. After reading, every finding has
its own worlds, knock-outs and outcomes. Designs are committed before their first run; later changes are listed under
``changes`` in the file and shown with the verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from pydantic import ValidationError

from contactsim.errors import UserError, nearest
from contactsim.evidence.design import Finding, Folder, Gradient, MadePlace, ShippedPlace
from contactsim.paths import experiments_folder

Data = dict[str, Any]
AnyPlace = ShippedPlace | MadePlace
#: Keys of earlier versions, by their present names.
RENAMED = {
    "band": "acceptance", "band_source": "acceptance_source", "says": "statement", "probe": "impulse",
    "not_in": "except_in", "select_as_in_base": "subgroup_from_base", "middle": "midpoint", "only": "only_contexts",
    "who": "subgroup", "than": "reference_subgroup (of people) or reference (a world)", "sd_of": "sd_subgroup",
    "twin": "counterfactual", "reading": "measurement (of a finding), outcome (an argument) or position (of a dispute)",
    "readings": "descriptives", "rows": "outcomes", "row": "outcome", "sides": "positions", "matter": "question",
    "share": "relative_change", "read_beside": "extra_outcomes", "kept_although_idle": "retained_although_idle"}


def read_yaml(name: str) -> Any:
    """The content of ``experiments/NAME``. Raises UserError for invalid YAML and for keys of earlier versions."""
    file = experiments_folder() / name
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{file}: {error}.") from error
    try:
        refuse_old_names(data)
    except UserError as error:
        raise UserError(f"{file}: {error}") from error
    return data


def refuse_old_names(data: Any) -> None:
    """Raise UserError for the first key or rule of an earlier version, with its present name."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in RENAMED:
                raise UserError(f"The key '{key}' is now called {RENAMED[key]}.")
            if value in ("leaves", "must_exit"):
                raise UserError(f"{key}: there is no rule {value}; the knock-outs of an outcome are a list of names.")
            if key != "actions":  # its keys are those of the actions
                refuse_old_names(value)
    elif isinstance(data, list):
        for value in data:
            refuse_old_names(value)


# --- folders of findings

def folders() -> list[str]:
    """Names of the folders with findings."""
    return sorted(path.parent.name for path in experiments_folder().glob("*/findings.yaml"))


@cache
def folder(name: str) -> Folder:
    """Read the findings of a folder. Raises UserError with the first error in the file."""
    file = experiments_folder() / name / "findings.yaml"
    data = read_yaml(f"{name}/findings.yaml")
    try:
        return Folder.model_validate(expanded(data))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{file}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def all_findings() -> dict[str, tuple[Folder, Finding]]:
    """All findings by id, each with its folder."""
    found = [(folder(name), finding) for name in folders() for finding in folder(name).findings]
    return {finding.id: (of, finding) for of, finding in found}


@dataclass(frozen=True)
class Selection:
    """Findings that a command is applied to."""

    name: str
    """names the folder of a replay's report"""
    findings: list[tuple[Folder, Finding]]

    @property
    def ids(self) -> list[str]:
        """Ids of the findings."""
        return [finding.id for _, finding in self.findings]

    @property
    def folders(self) -> list[Folder]:
        """The findings' folders, each once."""
        return list({folder.name: folder for folder, _ in self.findings}.values())


def select(names: Sequence[str]) -> Selection:
    """Select findings by ids and folders; all for no names. Raises UserError for a name that is neither."""
    everything = all_findings()
    of_folder = {name: [finding.id for finding in folder(name).findings] for name in folders()}
    ids: list[str] = []
    for word in names or of_folder:
        name = word.upper() if word.upper() in everything else word
        if name not in {*everything, *of_folder}:
            raise UserError(f"There is no finding or folder '{word}'; folders are {', '.join(of_folder)}, findings "
                            f"F1 to F34.{_suggestion(word, of_folder, everything)}")
        ids += [id for id in of_folder.get(name, [name]) if id not in ids]
    return Selection("-".join(names[:4]).lower() or "all", [everything[id] for id in ids])


def regression_outcomes() -> list[str]:
    """The ids of the outcomes that a replay without names simulates and compares, ``experiments/regression.yaml``."""
    found: list[str] = read_yaml("regression.yaml")["outcomes"]
    return found


def regression_samples() -> dict[str, Data]:
    """What the regression changes in the sizes of samples, by name (``samples`` of the same file)."""
    found: dict[str, Data] = read_yaml("regression.yaml").get("samples", {})
    return found


def _suggestion(word: str, folders: Iterable[str], ids: Iterable[str]) -> str:
    """`` Did you mean 'x'?``, or nothing. A finding has the word's number and letter: F99 is no misspelt F9."""
    number, letters = re.sub(r"\D", "", word).lstrip("0"), re.sub(r"[\W\d]", "", word.upper())
    same = [id for id in ids if id[1:] == number and id[0] in (letters or id[0])]
    return nearest(word.upper(), same) or nearest(word, folders)


# --- abbreviations of a file

def expanded(data: Data) -> Data:
    """The content of a folder's file without abbreviations. Raises UserError for a place that does not exist.

    ``samples`` changes those of ``experiments/samples.yaml``. ``worlds`` and ``knock_outs`` of the file are shared by
    its findings, which may add ``more_worlds`` and ``more_knock_outs``, and name ``mechanisms``. Each world of
    ``gradient`` has its own place, which has the world's name; further worlds may use these places. Each of
    ``alternatives`` repeats every outcome as ``OUTCOME@ALTERNATIVE``, not judged.
    """
    places, worlds, knock_outs = dict(_shared_places()), data.pop("worlds", {}), data.pop("knock_outs", {})
    if "gradient" in data:
        along = Gradient.model_validate(data["gradient"])
        places |= {world: along.place(data["name"], world) for world in along.worlds}
        worlds = {**{world: {"place": world, "weeks": along.weeks, "set": along.set} for world in along.worlds},
                  **worlds}
    data["samples"] = {name: {**size, **data.get("samples", {}).get(name, {})} for name, size in samples().items()}
    data["worlds"] = _placed(worlds, places, "worlds")
    for finding in data["findings"]:
        own = {**finding.get("worlds", {}), **finding.pop("more_worlds", {})}
        finding["worlds"] = {**data["worlds"], **_placed(own, places, finding["id"])}
        finding["knock_outs"] = {
            name: {**one, "worlds": _placed(one.get("worlds", {}), places, finding["id"])}
            for name, one in {**_mechanisms(finding), **_knock_outs(finding, knock_outs)}.items()}
        _add_alternatives(finding, data.get("alternatives", {}))
    return data


def _knock_outs(finding: Data, shared: Data) -> Data:
    """A finding's knock-outs: its own or the shared ones that it names, and further ones."""
    own = finding.get("knock_outs", {})
    own = {name: shared[name] for name in own if name in shared} if isinstance(own, list) else own
    return {**own, **finding.pop("more_knock_outs", {})}


def _mechanisms(finding: Data) -> Data:
    """The knock-outs of the mechanisms that a finding names."""
    known, names = mechanisms(), finding.get("mechanisms", [])
    for name in names:
        if name not in known:
            raise UserError(f"{finding['id']}: there is no mechanism '{name}'.{nearest(name, known)}")
    return {name: {**known[name], "mechanism": True} for name in names}


def _add_alternatives(finding: Data, alternatives: Data) -> None:
    """Repeat the outcomes under each alternative."""
    finding["alternatives"] = alternatives
    finding["outcomes"] = finding["outcomes"] + [
        {**outcome, "id": f"{outcome['id']}@{name}", "statement": f"{outcome['statement']}, {one['text']}",
         "judged": False, "alternative": name} for name, one in alternatives.items() for outcome in finding["outcomes"]]


def _placed(worlds: Data, places: Mapping[str, AnyPlace], where: str) -> Data:
    """Worlds, or parts of worlds, with the name of a place replaced by the place."""
    for world in worlds.values():
        if isinstance(world.get("place"), str) and world["place"] not in places:
            raise UserError(f"{where}: there is no place '{world['place']}'.{nearest(world['place'], places)}")
    return {name: {**world, "place": places[world["place"]]} if isinstance(world.get("place"), str) else world
            for name, world in worlds.items()}


@cache
def _shared_places() -> dict[str, AnyPlace]:
    """The places of ``experiments/places.yaml``, which all folders may use."""
    return {name: ShippedPlace(**place) if "shipped" in place else MadePlace(name=name, **place)
            for name, place in read_yaml("places.yaml").items()}


@cache
def mechanisms() -> dict[str, Data]:
    """The mechanisms of ``experiments/mechanisms.yaml``: {name: {text, set, subgroup_from_base}}."""
    found: dict[str, Data] = read_yaml("mechanisms.yaml")
    return found


@cache
def samples() -> dict[str, Data]:
    """The sizes of samples of ``experiments/samples.yaml``, by name."""
    found: dict[str, Data] = read_yaml("samples.yaml")
    return found
