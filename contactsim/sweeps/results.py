"""Results of a store: its runs as pandas frames (weeks, figures, summaries), chosen runs as objects."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest
from contactsim.observers.weekly import ALL_OTHERS
from contactsim.stats import mean_interval
from contactsim.stats import quantiles as quantiles_of
from contactsim.storage.results import LEDGER
from contactsim.storage.schema import OK, weekly_frame
from contactsim.storage.store import Store
from contactsim.sweeps import experiments

#: Default number of last weeks over which a run's figures are averaged.
LAST = 4
#: Default measures of a listing.
SHOWN = ("attitude", "attitude_sd", "positive", "negative")
#: Columns of a run besides its parameters.
FACTS = ("run", "status", "place", "residents", "weeks", "seed", "replication", "model")


# --- as frames

def catalogue(store: Store, name: str | None = None) -> pd.DataFrame:
    """One row per run: its facts, and its swept parameters as columns; status ``missing`` for a run without result.

    Tasks of the ledger are not runs: ``attrs["ledger"]`` is their number in the store. Raises UserError if the store
    holds nothing else.
    """
    everything = store.read(["id", "status", "message", "digest", "model", "place", "residents", "seed", "weeks",
                         "replication", "labels", "config", "provenance", "measure"])
    of_ledger = pc.equal(everything["measure"], LEDGER)
    table = everything.filter(pc.invert(of_ledger)).to_pandas().rename(columns={"id": "run"})
    if table.empty and len(everything) and not experiments.names(store):
        findings = sorted({json.loads(labels)["finding"] for labels in everything["labels"].to_pylist()})
        raise UserError(f"{store.path} holds no runs but {len(everything)} tasks of the ledger "
                        f"({', '.join(findings)}): contactsim replay ID --store {store.path} gives their verdicts.")
    if name is None:
        planned = {run["id"]: run for other in experiments.names(store) for run in experiments.read(store, other)}
    else:
        planned = {run["id"]: run for run in experiments.read(store, name)}
        table = table[table["run"].isin(planned)]
    lacking = [run for key, run in planned.items() if key not in set(table["run"])]
    if lacking:
        table = pd.concat([table, _missing(lacking)], ignore_index=True)
    labels = [json.loads(planned[run]["labels"] if run in planned else text or "{}")
              for run, text in zip(table["run"], table["labels"], strict=True)]
    configs = [json.loads(text) for text in table["config"]]
    table["seconds"] = [json.loads(text or "{}").get("seconds") for text in table["provenance"].fillna("{}")]
    keys = list(dict.fromkeys(key for label in labels for key in label if key not in ("seed", "weeks")))
    names = table["place"].to_list()  # for runs of other sweeps, whose place is not among their labels
    swept = pd.DataFrame({key: [label.get(key, name if key == "place" else _at(config, key))
                                for label, config, name in zip(labels, configs, names, strict=True)]
                          for key in keys}, index=table.index)
    rest = [column for column in ("message", "digest", "seconds", "measure") if column in table]
    facts = [column for column in FACTS if column not in swept.columns]
    table = pd.concat([table[facts], swept, table[rest]], axis=1)
    table.attrs["swept"] = [key for key in keys if swept[key].astype(str).nunique() > 1]
    table.attrs["ledger"] = pc.sum(of_ledger).as_py() or 0
    order = [*keys, *(c for c in ("weeks", "seed", "run") if c not in keys)]
    return table.sort_values(order, ignore_index=True, key=_sortable)


def _sortable(column: pd.Series[Any]) -> pd.Series[Any]:
    return column if pd.api.types.is_numeric_dtype(column) else column.astype(str)


def _missing(runs: list[dict[str, Any]]) -> pd.DataFrame:
    configs = [json.loads(run["config"]) for run in runs]
    return pd.DataFrame({"run": [run["id"] for run in runs], "status": "missing", "labels": [r["labels"] for r in runs],
                         "seed": [c["seed"] for c in configs], "weeks": [c["weeks"] for c in configs],
                         "replication": [r["replication"] for r in runs], "config": [r["config"] for r in runs],
                         "place": [c["place"].get("name") for c in configs]})


def _at(config: Mapping[str, Any], key: str) -> Any:
    node: Any = config
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return node if not isinstance(node, Mapping | list) else json.dumps(node)


def swept_keys(table: pd.DataFrame) -> list[str]:
    """The parameters that differ among the runs of a catalogue, except seeds."""
    keys = [key for key in table.attrs.get("swept", []) if key in table and table[key].astype(str).nunique() > 1]
    keys += [key for key in ("weeks", "model") if key in table and table[key].nunique() > 1 and key not in keys]
    return keys


_OPERATORS = {"==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "=": operator.eq,
              "<": operator.lt, ">": operator.gt}


def filtered(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Rows for which every condition holds: ``KEY=a,b``, ``KEY!=a``, ``KEY>=2`` and the like. Raises UserError."""
    attrs = table.attrs
    for condition in conditions:
        found = re.fullmatch(r"\s*([^=<>!]+?)\s*(==|!=|<=|>=|=|<|>)\s*(.*?)\s*", condition)
        if found is None:
            raise UserError(f"--where '{condition}' cannot be read: write KEY=VALUE, or one of !=, <, <=, >, >=.")
        key, sign, value = found.groups()
        if key not in table:
            raise UserError(f"'{key}' is no column of these results: the columns are {', '.join(table.columns[:20])}."
                            f"{nearest(key, table.columns)}")
        table = table[_holds(table[key], sign, value)]
    table.attrs = attrs
    return table


def _holds(column: pd.Series[Any], sign: str, value: str) -> Any:
    if sign in ("=", "==", "!="):
        scale = column.map(_text).isin([_text(part) for part in value.split(",")])
        return ~scale if sign == "!=" else scale
    try:
        return _OPERATORS[sign](pd.to_numeric(column), float(value))
    except (ValueError, TypeError):
        raise UserError(f"--where '{column.name}{sign}{value}' compares values that are not numbers.") from None


def _text(value: Any) -> str:
    try:
        return f"{float(value):.12g}"
    except (TypeError, ValueError):
        return str(value)


def load(store: Path | str, name: str | None = None, measures: Sequence[str] | None = None,
         weeks: Sequence[int] | None = None, target: str | None = None) -> pd.DataFrame:
    """The weeks of every run of a store as one tidy frame, with the parameters as columns.

    Columns: run, the facts of a run (place, residents, seed ...), one column for each swept parameter, then
    week, measure, group, target and value as in a run's weekly table. Runs that failed are not included.

    Args:
        store: its folder.
        name: one experiment; all if None.
        measures, weeks, target: select only these (``target="all others"`` for attitudes to all others).

    Raises UserError.
    """
    folder = Store(store)
    table = catalogue(folder, name)
    return weeks_of(folder, table[table["status"] == OK], measures, weeks, target)


def weeks_of(store: Store, table: pd.DataFrame, measures: Sequence[str] | None = None,
             weeks: Sequence[int] | None = None, target: str | None = None) -> pd.DataFrame:
    """The weekly tables of the runs of a catalogue, with its columns. See :func:`load`."""
    rows = store.read(["id", "weekly"], set(table["run"]))
    only = {key: list(values) for key, values in (("measure", measures), ("week", weeks)) if values is not None}
    if target is not None:
        only["target"] = [target, ""]
    frame = weekly_frame(rows["weekly"], only)
    at = pd.Index(table["run"]).get_indexer(rows["id"].to_pandas())
    place = at[frame["row"].to_numpy(int)] if len(frame) else np.array([], int)
    columns = [c for c in table.columns if c not in ("message", "digest", "seconds", "status", "measure")]
    facts = {name: _as_category(table[name]).take(place).reset_index(drop=True) for name in columns}
    merged = pd.concat([pd.DataFrame(facts), frame.drop(columns="row").reset_index(drop=True)], axis=1)
    if len(merged):
        keys = [merged[c].cat.codes for c in ("target", "group", "measure")]
        merged = merged.iloc[np.lexsort([*keys, merged["week"], place])].reset_index(drop=True)
    merged.attrs["swept"] = swept_keys(table)
    return merged


def _as_category(column: pd.Series[Any]) -> pd.Series[Any]:
    plain = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    return column if plain else column.astype("category")


def figures(store: Store, table: pd.DataFrame, last: int = LAST) -> pd.DataFrame:
    """The catalogue with each run's figures: means over its last weeks, such as ``attitude[Group]`` to all others.

    Numbers of a user's measure are taken unchanged. ``attrs["figures"]`` lists the new columns.
    """
    done = table[table["status"] == OK]
    parts = [_numbers(store, set(done["run"]))]
    for weeks, runs in done.groupby("weeks"):
        span = list(range(max(0, int(weeks) - last), int(weeks)))  # type: ignore[call-overload, arg-type]
        frame = weeks_of(store, runs[["run"]], weeks=span, target=ALL_OTHERS)
        if len(frame):
            means = frame.groupby(["run", "measure", "group"], observed=True)["value"].mean().reset_index()
            means["figure"] = [f"{m}[{g}]" for m, g in zip(means["measure"], means["group"], strict=True)]
            parts.append(means[["run", "figure", "value"]].astype({"run": str}))
    long = pd.concat(parts)
    wide = long.pivot(index="run", columns="figure", values="value").sort_index(axis=1)
    names = [name for name in wide.columns if name not in table.columns]
    joined = table.join(wide[names], on="run")
    joined.attrs = {**table.attrs, "figures": names}
    return joined


def _numbers(store: Store, ids: set[str]) -> pd.DataFrame:
    rows = store.read(["id", "numbers"], ids).to_pylist()
    found = [(row["id"], name, value) for row in rows for name, value in row["numbers"] or ()]
    return pd.DataFrame(found, columns=["run", "figure", "value"]).astype({"run": str, "value": float})


def chosen(figures: Sequence[str], measures: Sequence[str] | None) -> list[str]:
    """The figures, such as ``attitude[Group]``, of the given measures. Raises UserError for an unknown one."""
    names = list(dict.fromkeys(figure.partition("[")[0] for figure in figures))
    if measures is None:
        measures = [name for name in SHOWN if name in names] or names
    for measure in measures:
        if measure not in names and measure not in figures:
            raise UserError(f"--measure {measure} is not among the measures of these runs: {', '.join(names)}."
                            f"{nearest(measure, names)}")
    return [figure for measure in measures for figure in figures if figure in (measure, f"{measure}[{_in(figure)}]")]


def parts(figure: str) -> tuple[str, str]:
    """(measure, group) of a figure; an empty group for a number of a user's measure."""
    return figure.partition("[")[0], _in(figure)


def _in(figure: str) -> str:
    found = re.search(r"\[(.*)\]$", figure)
    return found[1] if found else ""


def summary(table: pd.DataFrame, by: Sequence[str], figures: Sequence[str],
            quantiles: Sequence[float] = ()) -> pd.DataFrame:
    """One row for each parameter set and figure: columns ``by``, measure, group, runs, mean, low, high, quantiles.

    ``low`` and ``high`` are the limits of Student's 95 % interval of the mean over seeds; nan for a single seed. All
    parameter sets share their seeds; if ``by`` omits a swept parameter, the runs of a seed are therefore averaged
    first, because they are not independent. Quantiles are over runs.
    """
    rows: list[dict[str, Any]] = []
    at = [f"q{q:g}" for q in quantiles]
    grouped = table.groupby(list(by), sort=False, dropna=False) if by else [((), table)]
    for values, runs in grouped:
        for figure in figures:
            known = runs[figure].dropna()
            over_seeds = mean_interval(known.groupby(runs["seed"]).mean())
            measure, group = parts(figure)
            rows.append({**dict(zip(by, values, strict=True)), "measure": measure, "group": group, "runs": len(known),
                         **over_seeds._asdict(), **dict(zip(at, quantiles_of(known, quantiles), strict=True))})
    columns = [*by, "measure", "group", "runs", "mean", "low", "high", *at]
    return pd.DataFrame(rows, columns=columns)


# --- as objects

@dataclass(frozen=True)
class Result:
    """The stored result of one run."""

    id: str
    status: str
    """ok, failed, timeout, or missing"""
    message: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    weekly: pd.DataFrame | None = None
    seconds: float = 0.0


class Results(Sequence[Result]):
    """Results of chosen runs, in their order, read from the store on first use."""

    def __init__(self, store: Store, ids: Sequence[str]) -> None:
        self.store, self.ids = store, list(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, k: Any) -> Any:
        return [self._found[name] for name in self.ids[k]] if isinstance(k, slice) else self._found[self.ids[k]]

    def __iter__(self) -> Iterator[Result]:
        return iter([self._found[name] for name in self.ids])

    def failed(self) -> list[Result]:
        """The results that are not a success."""
        return [result for result in self if result.status != OK]

    def need(self) -> Results:
        """These results, if all succeeded. Raises UserError with the first failure otherwise."""
        failed = self.failed()
        if failed:
            raise UserError(f"{len(failed)} of {len(self)} runs failed; the first, {failed[0].id}: "
                            f"{failed[0].message or failed[0].status}.")
        return self

    @cached_property
    def _found(self) -> dict[str, Result]:
        table = self.store.read(["id", "status", "message", "provenance", "numbers", "arrays", "weekly"], set(self.ids))
        weekly = dict(iter(weekly_frame(table["weekly"]).groupby("row")))
        found = {name: Result(name, "missing") for name in self.ids}
        plain = table.select(["id", "status", "message", "provenance", "numbers"]).to_pylist()
        for k, row in enumerate(plain):
            arrays = {name.as_py(): values.values.to_numpy() for name, values in _items(table["arrays"][k])}
            seconds = json.loads(row["provenance"] or "{}").get("seconds", 0.0)
            weeks = weekly[k].drop(columns="row").reset_index(drop=True) if k in weekly else None
            found[row["id"]] = Result(row["id"], row["status"], row["message"], dict(row["numbers"] or []), arrays,
                                      weeks, seconds)
        return found


def _items(scalar: Any) -> list[tuple[Any, Any]]:
    """Pairs of a map, as Arrow's own scalars."""
    return [] if scalar.values is None else [(pair["key"], pair["value"]) for pair in scalar.values]
