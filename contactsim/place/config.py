"""The keys that describe a place, with their ranges, units and explanations.

A place is ``kind: table`` (made from a file), ``kind: sample`` (a small nation sampled from a file) or ``kind:
synthetic`` (made from shares, size and dissimilarity).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from contactsim import renamed
from contactsim.errors import UserError, nearest
from contactsim.place.core import FEWEST_GROUPS, MOST_GROUPS


def _key(default: Any, unit: str, text: str, low: float | None = None, high: float | None = None,
         below: float | None = None) -> Any:
    return Field(default=default, ge=low, le=high, lt=below, description=text,
                 json_schema_extra={"unit": unit})


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, coerce_numbers_to_str=True)


class Columns(_Keys):
    """The columns of the user's own table: long (``group`` and ``count``) or wide (``groups``)."""

    area: str = _key("area", "column", "code of the area; it keys the draws, so it must be stable")
    level: str = _key("area", "name", "name of the level of the areas, if their codes are not ONS codes")
    name: str | None = _key(None, "column", "name of the area")
    group: str = _key("group", "column", "group of the row (long table)")
    count: str = _key("count", "column", "residents of the area in the group (long table)")
    groups: list[str] | dict[str, str] | None = _key(
        None, "columns", "wide table: the columns of the groups, or {name of the group: column}")
    total: str | None = _key(None, "column", "stated total of the area (wide table)")
    shares: bool = _key(False, "true or false", "whether the columns of the groups hold shares that add up to 1, of "
                        "the total or, without one, of equally large areas (wide table)")
    parents: dict[str, str] = _key({}, "{level: column}", "larger areas that contain the area, by level")
    dissimilarity_within: str | None = _key(
        None, "column", "dissimilarity among smaller areas inside the area (wide table)")

    @model_validator(mode="after")
    def _each_once(self) -> Columns:
        columns = list(self.groups.values() if isinstance(self.groups, dict) else self.groups or [])
        twice = [column for column in columns if columns.count(column) > 1]
        if twice:
            raise ValueError(f"place.columns.groups names the column '{twice[0]}' twice")
        return self


class _Common(_Keys):
    name: str | None = _key(None, "text", "name of the place in reports; that of the file if not given")
    output_area_residents: int = _key(300, "residents", "residents of a made output area", 50, 2000)
    seed: int = _key(0, "integer", "seed of the made output areas; independent of the seed of a run", 0, 2**62)


class _FromTable(_Common):
    file: str = Field(description="CSV, plain or gzipped: relative to the working directory, or to the "
                                  "bundled configs", json_schema_extra={"unit": "path"})
    level: str | None = _key(
        None, "OA, LSOA, MSOA, ward, LAD ...", "the level to use where a table mixes levels of geography")
    within: dict[str, list[str]] | None = _key(
        None, "{level: [codes or names]}", "keep only areas that lie in these larger areas")
    scheme: str | None = _key(
        None, "name or path", "how groups are merged; 'two' for census tables if not given, else none")
    reference: str | None = _key(
        None, "group", "the reference group; the first of the scheme if not given")
    columns: Columns | None = _key(None, "mapping", "columns of the user's own table")
    dissimilarity_within: float | None = _key(
        None, "index 0-1", "dissimilarity of the reference group against all others inside each area that is "
        "split; by its size as in census 2011 if not given (assumed; sweep it)", 0, None, 1)
    note: str = _key("", "text", "source and licence")


class TablePlace(_FromTable):
    """A place from a table of residents by area and group."""

    kind: Literal["table"] = Field(description="a place from a table")
    split_above: int = _key(
        500, "residents", "areas are split into output areas where the median area holds more than this", 100, 10**9)


class SamplePlace(_FromTable):
    """A small nation: a sample of the areas of a table, in their districts, towns and regions."""

    kind: Literal["sample"] = Field(description="a small nation sampled from a table")
    towns: int = _key(48, "towns", "towns in the sample; each region has its share by residents", 1, 5000)
    districts: int = _key(2, "districts", "districts in each town of the sample", 1, 100)
    neighbourhoods: int = _key(3, "neighbourhoods", "neighbourhoods in each district of the sample", 1, 100)
    neighbourhood_residents: int = _key(
        100, "residents", "residents of each neighbourhood, by group as in the area that it is sampled from", 20, 5000)
    output_area_residents: int = _key(50, "residents", "residents of an output area, into which neighbourhoods are "
                                      "split", 10, 2000)
    seed: int = _key(0, "integer", "seed of the sample; independent of the seed of a run", 0, 2**62)


class SyntheticPlace(_Common):
    """A place made from group shares, size and a dissimilarity to reach."""

    kind: Literal["synthetic"] = Field(description="a made place")
    residents: int = Field(ge=100, le=10_000_000, description="size of the place",
                           json_schema_extra={"unit": "residents"})
    shares: dict[str, float] = Field(
        description="shares of 2 to 16 groups, a list or {group: share}; the first is the reference group",
        json_schema_extra={"unit": "shares, each above 0, that add up to 1"})
    groups: list[str] | None = _key(
        None, "names", "names of the groups, if shares are a list; majority and minority if not given")
    dissimilarity: float = Field(
        ge=0, lt=1, description="dissimilarity of the first group against all others among output areas",
        json_schema_extra={"unit": "index 0-1"})
    towns: int = _key(1, "towns", "towns of equal size and equal shares, each with this dissimilarity", 1, 200)
    tolerance: float = _key(
        0.01, "index 0-1", "largest difference between the dissimilarity reached and the one required", 0.001, 0.1)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        """Shares as a mapping; the command line gives them as a list, which it can replace as a whole."""
        shares, groups = values.get("shares"), values.get("groups")
        if not isinstance(shares, list):
            return values
        names = groups or _group_names(len(shares))
        if len(names) != len(shares) or len(set(names)) != len(names):
            raise ValueError(f"place.groups={names} must name each of the {len(shares)} shares differently")
        return {**values, "shares": dict(zip(names, shares, strict=True)), "groups": None}

    @model_validator(mode="after")
    def _shares(self) -> SyntheticPlace:
        if not FEWEST_GROUPS <= len(self.shares) <= MOST_GROUPS:
            raise ValueError(f"place.shares names {len(self.shares)} groups; {FEWEST_GROUPS} to "
                             f"{MOST_GROUPS} are allowed")
        for group, share in self.shares.items():
            if not 0 < share < 1:
                raise ValueError(f"place.shares.{group}={share:g} must be above 0 and below 1")
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"place.shares add up to {total:.6g}; they must add up to 1")
        return self


def _group_names(n: int) -> list[str]:
    return ["majority", "minority"] if n == 2 else ["majority", *(f"minority {i}" for i in range(1, n))]


AnyPlace = TablePlace | SamplePlace | SyntheticPlace
_ADAPTER: TypeAdapter[AnyPlace] = TypeAdapter(Annotated[AnyPlace, Field(discriminator="kind")])
_KINDS: dict[str, type[_Common]] = {"table": TablePlace, "sample": SamplePlace, "synthetic": SyntheticPlace}


def parse(config: Mapping[str, Any]) -> AnyPlace:
    """Validate the keys of a place; raises UserError with one sentence for the first wrong key."""
    values = {key: value for key, value in plain(config).items() if value != "???"}
    kind = values.get("kind", "synthetic" if "shares" in values else "table")
    try:
        return _ADAPTER.validate_python({**values, "kind": kind})
    except ValidationError as error:
        raise UserError(_sentence(error, values, kind)) from None


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping, or a node of a composed configuration, as a plain dict."""
    if type(config).__module__.startswith("omegaconf"):
        from omegaconf import OmegaConf

        config = cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
    return dict(config)


def _sentence(error: ValidationError, values: Mapping[str, Any], kind: object) -> str:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"] if part not in _KINDS]
    key, given = ".".join(["place", *path]), first["input"]
    what = first["type"]
    if what == "union_tag_invalid":
        return f"place.kind={kind} is unknown: allowed are table, sample and synthetic.{nearest(str(kind), _KINDS)}"
    allowed = _KINDS.get(str(kind), TablePlace).model_fields
    if what == "extra_forbidden":
        names = Columns.model_fields if path[:1] == ["columns"] else allowed
        return (renamed.key_sentence(f"{key}={given}", "", key)
                or f"{key}={given} is not a key of this place.{nearest(path[-1], names)}")
    if what == "missing":
        return f"{key} is missing: {allowed[path[0]].description}."
    if what == "value_error":
        return f"{first['ctx']['error']}."
    field = allowed.get(path[0])
    if field is None:
        return f"{key}={given!r} is not allowed: {first['msg'].lower()}."
    limits = _range(field)
    must = f"it must be {limits}" if limits and what.startswith(("greater", "less")) else first["msg"].lower()
    return f"{key}={given!r} is not allowed ({field.description}): {must}."


def _range(field: FieldInfo) -> str:
    """'from 50 to 2000 residents', '' for a field without limits."""
    limits = {name: getattr(item, name) for item in field.metadata for name in ("ge", "le", "lt")
              if hasattr(item, name)}
    extra = field.json_schema_extra
    unit = extra.get("unit", "") if isinstance(extra, dict) else ""
    words = {"ge": "at least", "le": "at most", "lt": "below"}
    if {"ge", "le"} <= set(limits):
        return f"from {limits['ge']:g} to {limits['le']:g} {unit}"
    return " and ".join(f"{words[name]} {value:g}" for name, value in limits.items())
