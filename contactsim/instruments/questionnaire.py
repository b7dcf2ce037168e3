"""The section ``survey`` of a configuration: who is asked, and which items.

It is apart from what asks them (:mod:`contactsim.observers.survey`), so that a configuration is composed and described
without what simulates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, SerializeAsAny, field_validator

from contactsim.instruments.base import Instrument
from contactsim.instruments.catalogue import instruments_of, shipped
from contactsim.parameters import Section, parameter

#: Beginning of the names of columns with the codes of areas.
AREA = "area_"
#: Key of the instruments in a configuration.
KEY = "survey.instruments"
#: Columns that describe a respondent, before the answers.
UNITS = {
    "week": "weeks since the burn-in ended, at the time of the survey",
    "resident": "identifier", "group": "own group", "age": "years", "sex": "female or male",
    "weight": "residents aged 16 and over whom the respondent represents"}


class Survey(Section):
    """A survey of residents aged 16 and over, before the first week and after the last (the same sample)."""

    size: int = parameter(1000, 0, 1_000_000, "residents", "assumed", "sample size; all residents if there are fewer")
    nonresponse: float = parameter(
        0.0, 0, 0.95, "share of the sample", "assumed", "residents who do not answer, at random, the same in each wave")
    instruments: dict[str, SerializeAsAny[Instrument]] = Field(
        default_factory=shipped,
        description="items by name; in a configuration, a list of names of configs/instrument, or null for all")

    @field_validator("instruments", mode="before")
    @classmethod
    def _instruments(cls, values: Any) -> Any:
        found = instruments_of(values, KEY)
        asked = found if isinstance(found, Mapping) else ()
        taken = [name for name in asked if name in UNITS or name.startswith(AREA)]
        if taken:
            raise ValueError(f"{KEY}.{taken[0]} has the name of a column of the survey: choose another name")
        return found
