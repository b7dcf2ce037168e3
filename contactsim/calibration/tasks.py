"""The runs of a calibration as tasks of the executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from contactsim.calibration import survey
from contactsim.calibration.design import Fitted, Nation, Target
from contactsim.instruments.catalogue import shipped
from contactsim.runs.task import Task
from contactsim.storage.identity import canonical_json, code_digest, digest_of, place_digest
from contactsim.storage.results import TaskOutput

#: Measure of the rows of a store that hold runs of a calibration.
MEASURE = "calibration"


def task(values: Mapping[str, float], nation: Nation, seed: int, fit: Mapping[str, Fitted] | None = None,
         to: Sequence[Target] = ()) -> Task:
    """One run: a parameter set in a nation, with one seed (arguments as in :func:`survey.simulate`).

    Its identity is a digest of parameters, place, survey items, what is fitted inside the run, and code.
    """
    place, parameters = survey.setting(nation, seed, values)
    own = {"values": dict(values), "nation": nation.model_dump(mode="json"), "seed": seed,
           "fit": {path: one.model_dump(mode="json") for path, one in (fit or {}).items()},
           "to": [one.model_dump(mode="json") for one in to]}
    code = code_digest(__name__)
    decides = {**own, "nation": nation.model_dump(mode="json", exclude={"config_dir"}),
               "parameters": parameters.model_dump(mode="json"),
               "place": _digest(nation.model_dump_json(), seed),
               "items": {name: shipped()[name].model_dump(mode="json") for name in survey.ITEMS}}
    facts = {"measure": MEASURE, "model": code, "residents": place.residents, "seed": seed,
             "config": canonical_json(decides), "labels": canonical_json(dict(values))}
    return Task(digest_of([decides, code]), f"{__name__}:{Simulation.__name__}", own, facts, [__name__], code)


@lru_cache(maxsize=64)
def _digest(nation: str, seed: int) -> str:
    return place_digest(survey.place(nation, seed))


class Simulation:
    """Simulates one parameter set (a :class:`contactsim.runs.task.Runner`)."""

    def __init__(self, store: object = None) -> None:
        pass

    def run(self, payload: Mapping[str, Any], facts: dict[str, Any]) -> TaskOutput:
        """The figures of one run."""
        fit = {path: Fitted.model_validate(one) for path, one in payload["fit"].items()}
        to = {one.figure: one for one in map(Target.model_validate, payload["to"])}
        return TaskOutput(numbers=survey.simulate(payload["values"], Nation.model_validate(payload["nation"]),
                                                  payload["seed"], fit, to))
