"""The design of a calibration as data: targets, priors, places, waves of runs and what counts as agreement.

The shipped design is ``experiments/calibration.yaml`` with the targets of ``experiments/targets.csv``; a user's own
files take the place of either. Each prior range comes from the parameter table unless the design names another.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from contactsim.config.sentences import sentence
from contactsim.errors import UserError, nearest
from contactsim.parameters import Psychology, Residents, Section
from contactsim.paths import experiments_folder, read_mapping

#: Sections whose parameters with a prior range are varied.
SECTIONS: dict[str, type[Section]] = {"residents": Residents, "psychology": Psychology}
#: A prior range whose ends differ by this factor or more is drawn evenly on the log scale.
LOG_FROM = 8.0
#: Half the width of an interval in standard deviations of a normal error.
HALF_WIDTH = 1.96
#: Columns of a table of targets.
COLUMNS = ("id", "figure", "quantity", "value", "lo", "hi", "grade", "source")


class Prior(Section):
    """The plausible range of a parameter."""

    low: float
    high: float

    @model_validator(mode="after")
    def _rising(self) -> Prior:
        if self.low >= self.high:
            raise ValueError(f"low={self.low} must be below high={self.high}")
        return self

    @property
    def log(self) -> bool:
        """Whether values are drawn evenly on the log scale."""
        return self.low > 0 and self.high / self.low >= LOG_FROM

    def value(self, unit: float) -> float:
        """The value at a point of the unit interval."""
        if self.log:
            return float(math.exp(math.log(self.low) + unit * math.log(self.high / self.low)))
        return self.low + unit * (self.high - self.low)

    def unit(self, value: float) -> float:
        """The point of the unit interval at a value."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


class Fitted(Section):
    """A number of a survey item that is fitted to the targets inside each run: it concerns reporting, not the world."""

    low: float
    high: float
    start: float


class Nation(Section):
    """A simulated nation in which a parameter set is run."""

    place: str = "mini_england"
    """name of a shipped place or of ``config_dir/place``"""
    place_set: dict[str, Any] = Field(default={})
    """keys of the place that differ"""
    set: dict[str, Any] = Field(default={})
    """parameters of the model that differ"""
    burn_in: int = Field(ge=1, le=5200)
    """weeks"""
    config_dir: str | None = None
    """folder of the user's own configurations; given on the command line"""


class Target(Section):
    """A measured quantity with its interval."""

    id: str
    figure: str
    """name of the simulated figure (:data:`contactsim.calibration.survey.FIGURES`)"""
    quantity: str
    value: float
    low: float
    high: float
    grade: str
    """how well the source is remembered (docs/evidence.md)"""
    source: str


class Sample(Section):
    """How many runs a calibration takes."""

    waves: list[int] = Field(min_length=1)
    """parameter sets in each wave"""
    nation: Nation
    seeds: int = Field(ge=1, description="different samples of places and draws over which a wave's runs alternate")
    candidates: int = Field(ge=2, description="non-implausible sets that are run again")
    check: Nation
    check_seeds: int = Field(ge=1, description="new seeds of each candidate")
    keep: int = Field(ge=1, description="largest number of sets in the ensemble")
    truths: int = Field(ge=0, description="known parameter sets that are to be recovered")


class Design(Section):
    """A calibration."""

    title: str
    held: dict[str, str] = Field(default={})
    """parameters with a prior range that are not varied, and why"""
    priors: dict[str, Prior] = Field(default={})
    """ranges that differ from the parameter table's, or of parameters without one"""
    instruments: dict[str, Fitted] = Field(default={})
    """numbers of items by path, ``instruments.NAME.FIELD``"""
    fitted_to: list[str] = Field(default=[])
    """figures to which these numbers are fitted inside each run"""
    logs: list[str] = Field(default=[])
    """figures that are compared on the log scale"""
    widen: dict[Literal["C", "R", "E", "B", "H", "D", "N"], float]
    """factor of an interval's width by the grade of its source"""
    discrepancy: float = Field(ge=0, le=5)
    """standard deviation of the model's own discrepancy, as a share of half of a target's width"""
    cutoff: float = Field(gt=0, le=10)
    """largest implausibility of a set that is not ruled out"""
    near: float = Field(gt=0, le=10)
    """implausibility up to which a set agrees with a target"""
    aim: float = Field(gt=0, le=10)
    """expected implausibility at which half of the sets of later waves aim"""
    misses: int = Field(ge=0)
    """targets that a kept set may miss"""
    first_seed: int = Field(ge=0)
    samples: dict[Literal["full", "quick"], Sample]


def design(file: str | None = None, config_dir: str | None = None) -> Design:
    """The design in a file (the shipped one if None), for places of ``config_dir``, too. Raises UserError."""
    path = Path(file) if file is not None else experiments_folder() / "calibration.yaml"
    values = read_mapping(path, "title, widen and samples")
    try:
        found = Design.model_validate(values)
    except ValidationError as error:
        raise UserError(sentence(error, lambda key: str(path), Design)) from None
    if config_dir is not None:
        found = found.model_copy(update={"samples": {
            name: sample.model_copy(update={part: getattr(sample, part).model_copy(update={"config_dir": config_dir})
                                            for part in ("nation", "check")})
            for name, sample in found.samples.items()}})
    known = table_priors()
    for name in found.held:
        if name not in known:
            raise UserError(f"held.{name} ({path}) has no prior range in the parameter table: leave it out."
                            f"{nearest(name, known)}")
    return found


def table_priors() -> dict[str, Prior]:
    """The prior ranges of the parameter table by dotted path."""
    return {f"{section}.{name}": Prior(low=float(field.json_schema_extra["prior"][0]),  # type: ignore[index,call-overload,arg-type]
                                       high=float(field.json_schema_extra["prior"][1]))  # type: ignore[index,call-overload,arg-type]
            for section, model in SECTIONS.items() for name, field in model.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and "prior" in field.json_schema_extra}


def priors(of: Design) -> dict[str, Prior]:
    """The parameters that are varied, with their ranges, in the order of the parameter table."""
    return {name: prior for name, prior in {**table_priors(), **of.priors}.items() if name not in of.held}


def targets(of: Design, figures: Mapping[str, str], file: str | None = None) -> tuple[list[Target], dict[str, str]]:
    """The targets, with intervals widened by grade, and the rows that are not asked, with the reason.

    A row of the table without a figure is not asked; its ``use`` says why.

    Args:
        figures: descriptions of the figures that can be computed, by name.
        file: a table with the columns of :data:`COLUMNS`; ``experiments/targets.csv`` if None.

    Raises UserError.
    """
    path = Path(file) if file is not None else experiments_folder() / "targets.csv"
    if not path.is_file():
        raise UserError(f"targets={path} is not allowed: there is no such file.")
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise UserError(f"{path} has no column '{lacking[0]}': a table of targets has {', '.join(COLUMNS)}.")
        rows = list(enumerate(reader, 2))
    found, left = [], {}
    for line, row in rows:
        where = f"{path}, line {line}"
        if not row["figure"]:
            left[row["id"]] = f"{row['quantity']}: {row.get('use') or 'not asked'}"
            continue
        if row["figure"] not in figures:
            raise UserError(f"figure={row['figure']} ({where}) is not allowed: it must be one of "
                            f"{', '.join(figures)}.{nearest(row['figure'], figures)}")
        found.append(_target(row, where, of))
    if not found:
        raise UserError(f"{path} has no target with a figure.")
    return found, left


def _target(row: Mapping[str, str], where: str, of: Design) -> Target:
    try:
        value, low, high = (float(row[name]) for name in ("value", "lo", "hi"))
    except ValueError:
        raise UserError(f"value, lo and hi ({where}) must be numbers.") from None
    if not low <= value <= high or low == high:
        raise UserError(f"value={value:g} ({where}) must lie between lo={low:g} and hi={high:g}.")
    # the weakest of several sources counts
    factor = max((of.widen.get(letter, 1.0) for letter in row["grade"] if letter.isalpha()),  # type: ignore[call-overload]
                 default=1.0)
    if row["figure"] in of.logs and low <= 0:
        raise UserError(f"lo={low:g} ({where}) must be above 0, for {row['figure']} is compared on the log scale.")
    if row["figure"] in of.logs:
        low, high = value * (low / value) ** factor, value * (high / value) ** factor
    else:
        low, high = value - factor * (value - low), value + factor * (high - value)
    return Target(id=row["id"], figure=row["figure"], quantity=row["quantity"], value=value, low=low, high=high,
                  grade=row["grade"], source=row["source"])
