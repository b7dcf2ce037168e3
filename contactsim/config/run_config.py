"""The configuration of one run: Hydra composes it, the definitions of contactsim validate it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializeAsAny, ValidationError, field_validator

from contactsim.actions.schema import ActionSection
from contactsim.actions.sections import sections
from contactsim.config import ensemble as ensembles
from contactsim.config.sentences import Origin, sentence
from contactsim.errors import UserError
from contactsim.instruments.questionnaire import Survey
from contactsim.parameters import (
    ModelParameters,
    Psychology,
    Residents,
    Scenario,
    Section,
    Settings,
    parameter,
)


class RunConfig(Section):
    """A run: a place, the model's parameters, a seed and a number of weeks."""

    seed: int = parameter(1, 0, 2**31 - 1, "integer", "assumed", "fixes every random draw of the run")
    weeks: int = parameter(104, 1, 5200, "weeks", "assumed", "weeks to simulate after the burn-in")
    threads: int | None = parameter(
        None, 1, 1024, "threads", "assumed",
        "threads to compute with, all processors if null; never changes a result")
    output: str | None = Field(
        default=None, description="folder of the run; runs/PLACE-seedSEED-DIGEST if null",
        json_schema_extra={"unit": "path"})
    cache_burn_in: bool = Field(
        default=True, description="store the burn-in and reuse it in later runs of the same place, parameters and seed")
    store: str | None = Field(
        default=None, description="store of a sweep to which the run is added, instead of a folder of its own",
        json_schema_extra={"unit": "path"})
    force: bool = Field(default=False, description="replace a finished run that is already in the folder")
    ensemble: str | None = Field(
        default=None, description="parameter sets to take parameters from (plausible, or a file of contactsim "
                                  "calibrate); null for the defaults")
    ensemble_set: int | None = parameter(
        None, 1, 1_000_000, "number", "assumed", "which set of the ensemble, 1 being nearest to its middle")
    place: dict[str, Any] = Field(description="who lives where: see contactsim place")
    residents: Residents = Residents()
    settings: Settings
    psychology: Psychology = Psychology()
    scenario: Scenario = Scenario()
    survey: Survey = Field(default_factory=Survey)
    actions: dict[str, SerializeAsAny[ActionSection]] = Field(
        default={}, description="actions (interventions) by name: see contactsim actions")

    @field_validator("actions", mode="before")
    @classmethod
    def _actions(cls, values: Any) -> Any:
        return sections(values, "actions")

    @property
    def parameters(self) -> ModelParameters:
        """The parameters of the world, apart from its place and its seed."""
        return ModelParameters(residents=self.residents, settings=self.settings, psychology=self.psychology,
                               scenario=self.scenario)


#: Groups whose defaults are those of the definition itself, so that each default is written down once.
DEFINED: dict[str, type[Section]] = {
    "residents": Residents, "psychology": Psychology, "scenario": Scenario, "survey": Survey}


def register_defaults() -> None:
    """Register the definitions with Hydra: ``psychology/default`` and the like, and the keys of a run."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for group, section in DEFINED.items():
        node = section().model_dump() | ({"instruments": None} if section is Survey else {})  # null: all files
        store.store(group=group, name="default", node=node, provider="contactsim")
    own = {name: field.default for name, field in RunConfig.model_fields.items()
           if name not in DEFINED and name not in ("place", "settings")}
    store.store(name="run_defaults", node=own, provider="contactsim")


def compose(overrides: list[str], config_dir: str | None = None) -> RunConfig:
    """The configuration of one run from ``key=value`` overrides, as on the command line.

    Raises UserError with one sentence for the first mistake. The keys of the place are checked when it is loaded.
    """
    from contactsim.config.hydra_adapter import Composition, data_of

    register_defaults()
    composition = Composition(overrides, config_dir)
    return validate(data_of(composition.compose(), composition.origin), composition.origin)


def validate(values: dict[str, Any], origin: Origin = lambda key: "configuration") -> RunConfig:
    """Validate plain data, with the parameter set that it names; raises UserError for the first mistake."""
    ensembles.apply(values, origin)
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise UserError(sentence(error, origin, RunConfig)) from None
