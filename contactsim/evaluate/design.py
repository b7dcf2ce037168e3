"""The design of an evaluation: sample, controls, waves, survey items, and methods of analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, SerializeAsAny, ValidationError, ValidationInfo, field_validator, model_validator

from contactsim import renamed
from contactsim.config.sentences import sentence
from contactsim.errors import UserError, nearest
from contactsim.instruments.base import Instrument
from contactsim.instruments.catalogue import GROUP as INSTRUMENTS
from contactsim.instruments.catalogue import instruments_of, with_changes
from contactsim.parameters import Section, parameter
from contactsim.paths import group_files

GROUP = "evaluation"
#: Methods that need controls, and methods that need a wave before the action.
NEEDS_CONTROL = {"after", "did", "ancova", "matched", "weighted"}
NEEDS_BEFORE = {"before_after", "did", "ancova", "two_pretests"}
METHODS = {
    "after": "participants against controls, afterwards",
    "before_after": "participants afterwards minus before",
    "did": "difference in differences: participants' change minus the controls' change",
    "ancova": "participants against controls afterwards, adjusted for the answer before",
    "matched": "difference in differences after matching on the propensity to take part",
    "weighted": "difference in differences, controls weighted by their propensity to take part",
    "two_pretests": "participants' change minus their own change between two pretests",
}


class Evaluation(Section):
    """A survey design. Each file says which numbers its source gives and which are assumed."""

    title: str = Field(default="", description="title in tables and figures")
    about: str = Field(default="", description="the design of the source, and what is assumed")
    source: str = Field(default="our own", description="evidence ids or chapter")
    treated: Literal["participants", "residents"] = Field(
        default="participants", description="who is surveyed: participants of the action, or all residents")
    control: Literal["interested", "others", "untouched", "matched_town", "none"] = Field(
        default="interested", description="interested: wanted a place and did not take part; others: anybody else; "
        "untouched: from schools (children) or neighbourhoods in which nobody took part; matched_town: the same place "
        "with another seed and without the action")
    ages: list[int] | None = Field(
        default=None, description="first and last year of age of those surveyed, at week 0; null: no limit",
        json_schema_extra={"unit": "years"})
    size: int = parameter(500, 2, 1_000_000, "people", "assumed", "treated people sampled; all if there are fewer")
    control_size: int = parameter(500, 2, 1_000_000, "people", "assumed", "controls sampled; all if there are fewer")
    sites: int = parameter(
        1, 1, 1000, "towns", "assumed", "seeds that make the towns of one study, which share size and control_size")
    start: int | None = parameter(None, 0, 5200, "week", "assumed", "first week of the action; null as configured")
    gap: int = parameter(13, 1, 520, "weeks", "assumed", "between two pretests")
    after: int = parameter(17, 0, 5200, "weeks", "assumed", "until the last wave")
    counted_from: Literal["end", "start"] = Field(default="end", description="of the action; 'after' counts from it")
    outcomes: list[str] = Field(default=["attitude"], description="survey items: see docs/instruments.md")
    instruments: dict[str, SerializeAsAny[Instrument]] = Field(
        default={}, description="what differs from the files of these items, by item, as in "
        "{attitude: {ages: [11, null]}}; or items of your own")
    nonresponse: float = parameter(0.0, 0, 0.95, "share", "assumed", "of the sample, who never respond")
    attrition: float = parameter(0.0, 0, 0.95, "share", "assumed", "of respondents, lost before the last wave")
    selective: float = parameter(
        0.0, -5, 5, "log odds per SD", "assumed", "people with warmer attitudes at the first wave respond more")
    methods: list[str] = Field(default=["did"], description="; ".join(f"{k}: {v}" for k, v in METHODS.items()))
    mediator: str | None = Field(
        default=None, description="a survey item, or 'attended' (sessions), that may mediate the effect")
    mediated: str | None = Field(default=None, description="the mediated outcome; the first if null")

    @model_validator(mode="before")
    @classmethod
    def _items(cls, values: Any, info: ValidationInfo) -> Any:
        """Complete the items: their files (also those of the context's ``config_dir``), and what differs."""
        if not isinstance(values, dict):
            return values
        changes, config_dir = values.get("instruments") or {}, (info.context or {}).get("config_dir")
        if not isinstance(changes, Mapping) or not all(isinstance(one, Mapping | Instrument)
                                                       for one in changes.values()):
            raise ValueError(f"instruments={changes} must map survey items to what differs from their files, as in "
                             f"{{attitude: {{ages: [11, null]}}}}")
        asked = a_list(values.get("outcomes", cls.model_fields["outcomes"].default), str, "outcomes")
        mediator = values.get("mediator")
        new = [name for name, one in changes.items() if isinstance(one, Instrument) or "measures" in one]
        items = sorted({*group_files(INSTRUMENTS, config_dir), *new})
        known("outcomes", asked, items)
        known("instruments", list(changes), items)
        if mediator is not None:
            known("mediator", a_list(mediator, str, "mediator"), ["attended", *items])
        needed = dict.fromkeys([*asked, *([] if mediator in (None, "attended") else [mediator])])
        return {**values, "instruments": instruments_of(with_changes(needed, changes, config_dir), "instruments")}

    @field_validator("outcomes", "methods", "ages", mode="before")
    @classmethod
    def _listed(cls, value: Any, info: ValidationInfo) -> Any:
        kind = int if info.field_name == "ages" else str
        return value if info.field_name == "ages" and value is None else a_list(value, kind, str(info.field_name))

    @model_validator(mode="after")
    def _fits(self) -> Evaluation:
        known("methods", self.methods, METHODS)
        if not self.outcomes or not self.methods:
            raise ValueError("outcomes and methods need one name each at least")
        if self.control == "none" and NEEDS_CONTROL & set(self.methods):
            raise ValueError(f"control=none leaves no controls for methods={', '.join(self.methods)}: without controls "
                             f"only before_after and two_pretests can be used")
        if self.mediator and self.control == "none":
            raise ValueError(f"mediator={self.mediator} needs controls: control=none")
        if self.mediated not in (None, *self.outcomes):
            raise ValueError(f"mediated={self.mediated!r} is none of outcomes={', '.join(self.outcomes)}")
        if self.treated == "residents" and self.control not in ("matched_town", "none"):
            raise ValueError(f"treated=residents leaves nobody in the town for control={self.control}: only "
                             f"matched_town or none can be used")
        if self.ages is not None and (len(self.ages) != 2 or not 0 <= self.ages[0] <= self.ages[1]):
            raise ValueError(f"ages={self.ages} must be a first and a last year of age, as in [15, 17]")
        for name in self.items:
            self._check_ages(name, self.instruments[name])
        return self

    def _check_ages(self, name: str, item: Instrument) -> None:
        first, last = item.ages
        if self.ages is not None and (self.ages[1] < (first or 0) or (last is not None and self.ages[0] > last)):
            raise ValueError(f"ages={self.ages} leaves nobody to whom {name} is put ({item.put_to}): change the ages, "
                             f"or those of the item, as in {GROUP}.instruments.{name}.ages=[5,null]")

    @property
    def items(self) -> list[str]:
        """Names of the survey items of which answers are analysed: outcomes and mediator."""
        also = [] if self.mediator in (None, "attended") else [str(self.mediator)]
        return list(dict.fromkeys([*self.outcomes, *also]))

    @property
    def asks_before(self) -> bool:
        """Whether there is a wave before the action."""
        return bool(NEEDS_BEFORE & set(self.methods))

    @property
    def asks_twice_before(self) -> bool:
        """Whether there are two waves before the action."""
        return "two_pretests" in self.methods


def a_list(value: Any, kind: type, key: str) -> list[Any]:
    """The value, or a single one as a list; raises ValueError for values of another kind."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, bool) or not isinstance(one, (int, float) if kind is float else kind) for one in values):
        words = {int: "integers", float: "numbers", str: "names"}[kind]
        raise ValueError(f"{key}={value} must be a list of {words}")
    return [kind(one) for one in values]


def known(key: str, given: list[str], allowed: Iterable[str]) -> None:
    """Raise ValueError for the first name that is not allowed, UserError for an old one."""
    for name in given:
        if name not in allowed:
            old = renamed.value_sentence(f"{GROUP}.{key}={name}", "", f"{GROUP}.{key}", name)
            if old is not None:
                raise UserError(old)
            raise ValueError(f"{key}={name!r} is unknown: allowed are {', '.join(allowed)}.{nearest(name, allowed)}")


def names(config_dir: str | None = None) -> list[str]:
    """Names of evaluations, sorted: those of contactsim and those of ``config_dir/evaluation``.

    Raises UserError for a wrong ``config_dir``.
    """
    return sorted(group_files(GROUP, config_dir))


def load(name: str, changes: dict[str, Any] | None = None, config_dir: str | None = None) -> Evaluation:
    """The design of an evaluation, by name or file.

    Args:
        name: of a shipped evaluation or of ``config_dir/evaluation/NAME.yaml``; or the path of a YAML file.
        changes: values that replace those of the file, by key: ``{"size": 200}`` or, of an item,
            ``{"instruments.attitude.reliability": 0.6}``.
        config_dir: a folder of the user's own.

    Raises UserError for an unknown name, a file that cannot be read and a value that is not allowed.
    """
    own, files = Path(name), group_files(GROUP, config_dir)
    path = own if own.suffix in (".yaml", ".yml") else files.get(name)
    if path is None or not path.is_file():
        known_names = sorted(files)
        raise UserError(f"evaluation={name} (command line) is unknown: allowed are {', '.join(known_names)}, or a YAML "
                        f"file.{nearest(name, known_names)}")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read: {str(error).splitlines()[0]}.") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} contains no mapping of keys such as control, size and after.")
    changes = changes or {}
    try:
        return Evaluation.model_validate(_merged(values, changes), context={"config_dir": config_dir})
    except ValidationError as error:
        def origin(key: str) -> str:
            own_key = key.removeprefix(f"{GROUP}.")
            given = any(f"{own_key}.".startswith(f"{one}.") for one in changes)
            return "command line" if given else path.name

        raise UserError(sentence(error, origin, Evaluation, "evaluation.")) from None


def _merged(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values with changes of keys, of which some have dots. Raises UserError for a key inside of what has none."""
    found = deepcopy(values)
    for key, value in changes.items():
        *path, last = key.split(".")
        at: Any = found
        for part in path:
            at = at.setdefault(part, {}) if isinstance(at, dict) else at
        if not isinstance(at, dict):
            raise UserError(f"{GROUP}.{key}={value} (command line) is unknown: only {GROUP}.instruments has keys "
                            f"inside it, as in {GROUP}.instruments.attitude.reliability=0.6.")
        at[last] = value
    return found
