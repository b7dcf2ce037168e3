"""The configuration of one run: Hydra composes it, the definitions of contactsim validate it."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field, SerializeAsAny, ValidationError, field_validator

from contactsim import renamed
from contactsim.actions.schema import ActionSection
from contactsim.actions.sections import MisconfiguredError, sections
from contactsim.errors import UserError, nearest
from contactsim.parameters import (
    ModelParameters,
    Psychology,
    Residents,
    Scenario,
    Section,
    Settings,
    Survey,
    parameter,
)

Origin = Callable[[str], str]


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
    place: dict[str, Any] = Field(description="who lives where: see contactsim place")
    residents: Residents = Residents()
    settings: Settings
    psychology: Psychology = Psychology()
    scenario: Scenario = Scenario()
    survey: Survey = Survey()
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
        store.store(group=group, name="default", node=section().model_dump(), provider="contactsim")
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
    """Validate plain data; raises UserError for the first mistake."""
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise UserError(sentence(error, origin)) from None


def sentence(error: ValidationError, origin: Origin, model: type[BaseModel] = RunConfig, prefix: str = "") -> str:
    """One sentence for the first error: key, value, origin, allowed values, and the nearest or the new name.

    Args:
        error: of the validation.
        origin: gives the file (or "command line") from which a key got its value.
        model: the section that was validated.
        prefix: the key of that section, with a dot at its end; "" for a whole configuration.
    """
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    path = [str(part) for part in first["loc"]]
    key, what = prefix + ".".join(path), first["type"]
    if what == "value_error":
        wrong = first["ctx"]["error"]
        if isinstance(wrong, MisconfiguredError):
            return sentence(wrong.error, origin, wrong.model, f"{prefix}{wrong.key}.")
        text = prefix + str(wrong).rstrip(".")
        return f"{text} ({origin(text.split('=')[0])})."
    given = f"{key}={shown(first['input'])}"
    value = f"{given} ({origin(key)})"
    if what == "extra_forbidden":
        old = renamed.key_sentence(given, origin(key), key, first["input"])
        if old is not None:
            return old
        owner = _model_at(model, path[:-1])
        names = list(owner.model_fields) if owner else []
        inside = f" in {key.rpartition('.')[0]}" if "." in key else ""
        allowed = f": allowed are {', '.join(names)}" if len(names) <= 14 else ""
        return f"{value} is unknown{inside}{allowed}.{nearest(path[-1], names)}"
    field = _field_at(model, path)
    if what == "missing" or first["input"] == "???":
        about = f": {field.description}" if field is not None and field.description else ""
        return f"{key} ({origin(key)}) is missing{about}; it must be {allowed_of(field)}."
    if what == "literal_error" and field is None:  # one of a list
        field = _field_at(model, path[:-1])
    choices = _choices(field.annotation) if field is not None else []
    old = renamed.value_sentence(given, origin(key), key, first["input"], choices)
    if old is not None:
        return old
    near = nearest(str(first["input"]), choices) if what == "literal_error" else ""
    return f"{value} is not allowed: it must be {allowed_of(field)}.{near}"


def _choices(kind: Any) -> list[str]:
    """The choices of a literal, or of a list of literals."""
    if typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    return [str(choice) for choice in typing.get_args(kind)] if typing.get_origin(kind) is typing.Literal else []


def shown(value: Any) -> str:
    """A value as YAML would write it, cut to 60 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def bounds(field: Any) -> tuple[Any, Any]:
    """(lowest, highest) value that a field allows; None where there is no limit."""
    found = {name: getattr(m, name) for m in field.metadata for name in ("ge", "le") if hasattr(m, name)}
    return found.get("ge"), found.get("le")


def allowed_of(field: Any) -> str:
    """The allowed values of a field in words: ``a number from 0 to 1 (share)``."""
    if field is None:
        return "a mapping of names to values"
    kind, null = field.annotation, ""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        kind, null = next(a for a in typing.get_args(kind) if a is not type(None)), " or null"
    if typing.get_origin(kind) is typing.Literal:
        return f"one of {', '.join(_choices(kind))}"
    if typing.get_origin(kind) is list:
        return f"a list, as in [{','.join(_choices(kind))}]" if _choices(kind) else "a list"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"a mapping with keys such as {', '.join(list(kind.model_fields)[:4])}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}.get(kind, "a mapping")
    low, high = bounds(field)
    unit = (field.json_schema_extra or {}).get("unit")
    span = f" from {plain(low)} to {plain(high)}" if low is not None and high is not None else ""
    return f"{words}{span}{f' ({unit})' if unit and kind is not bool else ''}{null}"


def plain(number: float) -> str:
    """A number in words: ``0.25``, ``1,000,000``."""
    return f"{number:g}" if abs(number) < 1e6 else f"{number:,.0f}"


def _field_at(model: type[BaseModel], path: list[str]) -> Any:
    owner = _model_at(model, path[:-1])
    return owner.model_fields.get(path[-1]) if owner else None


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel] | None:
    """The section at a path of keys; a name in a mapping of sections, or a number in a list, counts as one key."""
    current: Any = model
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(part)
            current = field.annotation if field else None
        elif typing.get_origin(current) in (dict, list):
            current = typing.get_args(current)[-1]
        else:
            return None
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None
