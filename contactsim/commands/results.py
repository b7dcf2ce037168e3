"""``contactsim results``: tables, figures and sensitivity indices from a store; nothing is simulated."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from contactsim.commands.base import Command, Integer, as_json, print_json
from contactsim.errors import UserError, nearest

if TYPE_CHECKING:
    import pandas as pd

#: Maximum number of rows of a table on the screen.
MOST_ROWS = 60
HELP = """Tables, figures and sensitivity indices from the runs in a store.

\b
  contactsim results study
  contactsim results study --mean --by psychology.negative_weight --csv means.csv
  contactsim results study --where residents=default --plot figure.png
  contactsim results study --sensitivity --measure attitude_sd

Values are means of a run's last weeks; attitudes are those towards all other groups. Nothing is simulated."""


@click.command(cls=Command, help=HELP)
@click.argument("folder", metavar="STORE", required=False)
@click.option("--store", metavar="DIR", help="The same as STORE: folder of a store.")
@click.option("--name", metavar="NAME", show_default="all", help="One experiment of the store.")
@click.option("--where", multiple=True, metavar="CONDITION",
              help="Only runs with KEY=a,b or KEY!=a or KEY>=2 ...; several conditions must all hold.")
@click.option("--measure", metavar="NAMES", help="Measures, as in attitude,positive.")
@click.option("--last", type=Integer(1), default=4, help="Number of last weeks over which values are averaged.")
@click.option("--by", metavar="KEYS", show_default="all that differ", help="Parameters to aggregate or draw by.")
@click.option("--mean", is_flag=True, help="Mean and 95 % interval for each parameter set, as a tidy table.")
@click.option("--quantiles", metavar="Q,Q", help="Add quantiles over runs, as in 0.05,0.5,0.95.")
@click.option("--sensitivity", is_flag=True, help="Sensitivity indices with intervals.")
@click.option("--weeks", is_flag=True, help="Week by week: the whole tidy table, or with --plot small multiples of the "
                                            "first measure.")
@click.option("--csv", metavar="[FILE]", is_flag=False, flag_value="-", help="As CSV; to the screen without FILE.")
@click.option("--parquet", metavar="FILE", help="As Parquet.")
@click.option("--plot", metavar="FILE", help="Draw one or two swept parameters (.png, .pdf, .svg).")
@as_json
def results(folder: str | None, store: str | None, **given: Any) -> int:
    """List, filter, aggregate, export, plot."""
    if (folder is None) == (store is None):
        raise UserError(f"A store is {'missing' if store is None else 'given twice'}: write contactsim results STORE.")
    options = SimpleNamespace(store=folder or store, **given)
    from contactsim.sweeps import Store
    from contactsim.sweeps.results import catalogue, chosen, figures, filtered, summary, swept_keys

    opened = Store(options.store)
    name = options.name
    if options.sensitivity:
        from contactsim.sweeps.designs import sampled_experiment

        name = sampled_experiment(opened, name)
    listed = filtered(catalogue(opened, name), options.where)
    if options.plot or options.csv or options.parquet or options.weeks or options.sensitivity or options.mean:
        _warn(listed)
    if options.weeks and not options.plot:
        return _export(_weeks(opened, listed, _words(options.measure)), options)
    table = figures(opened, listed, options.last)
    keys = _words(options.by) or swept_keys(table)
    for key in keys:
        if key not in table:
            raise UserError(f"--by {key} is no column of these results.{nearest(key, table.columns)}")
    shown = chosen(table.attrs["figures"], _words(options.measure)) if table.attrs["figures"] else []
    if options.plot:
        _plot(opened, table, keys, shown, options)
    elif options.sensitivity:
        from contactsim.sweeps.designs import indices

        if not shown:
            raise UserError(f"{options.store} has no results of {name} yet: repeat the sweep's command.")
        _export(indices(opened, name, table, shown), options)
    elif options.mean or options.quantiles:
        _export(summary(table[table["status"] == "ok"], keys, shown, _quantiles(options.quantiles)), options)
    elif options.csv or options.parquet:
        only = table.attrs["figures"] if options.measure is None else shown
        _export(_runs(table, only), options)
    else:
        _overview(opened, table, keys, shown, options.as_json)
    return 0


def _warn(listed: pd.DataFrame) -> None:
    """Print to the error stream how many runs a table or figure lacks."""
    lacking = int((listed["status"] != "ok").sum())
    if 0 < lacking < len(listed):
        print(f"contactsim: {lacking} of {len(listed)} runs have no results (contactsim results STORE says why)",
              file=sys.stderr)


def _runs(table: pd.DataFrame, figures: Sequence[str]) -> pd.DataFrame:
    """One row per run, without times, so that equal sweeps give equal files."""
    facts = [name for name in table if name not in table.attrs["figures"] and name not in ("seconds", "measure")]
    return table[[*facts, *figures]]


def _weeks(store: Any, table: pd.DataFrame, measures: Sequence[str] | None) -> pd.DataFrame:
    from contactsim.observers.weekly import UNITS
    from contactsim.sweeps.results import weeks_of

    for measure in measures or ():
        if measure not in UNITS:
            raise UserError(f"--measure {measure} does not exist: allowed are {', '.join(UNITS)}."
                            f"{nearest(measure, UNITS)}")
    return weeks_of(store, table[table["status"] == "ok"], measures)


def _export(table: pd.DataFrame, options: Any) -> int:
    for file, write in ((options.csv, _write_csv), (options.parquet, _write_parquet)):
        if file is not None:
            try:
                write(table, file)
            except BrokenPipeError:  # the reader of the output has ended
                raise
            except OSError as error:
                raise UserError(f"{file} cannot be written: {error.strerror or error}.") from None
    if options.as_json:
        print_json(_records(table))
    elif options.csv is None and options.parquet is None:
        _print(table)
    return 0


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as JSON-ready mappings; NaN and infinity become null."""
    return [{str(key): None if isinstance(value, float) and not math.isfinite(value) else value
             for key, value in row.items()} for row in table.astype(object).to_dict("records")]


def _write_csv(table: pd.DataFrame, file: str) -> None:
    if file == "-":
        table.to_csv(sys.stdout, index=False)
        return
    from contactsim.storage.atomic import new_file

    with new_file(Path(file)) as partial:
        table.to_csv(partial, index=False)


def _write_parquet(table: pd.DataFrame, file: str) -> None:
    from contactsim.storage.atomic import new_file

    with new_file(Path(file)) as partial:
        table.to_parquet(partial, index=False)


def _plot(store: Any, table: pd.DataFrame, keys: Sequence[str], shown: Sequence[str], options: Any) -> None:
    from contactsim.sweeps.plots import draw, draw_weeks, save

    if not shown:
        raise UserError(f"{options.store} has no results to draw here.")
    done = table[table["status"] == "ok"]
    if options.weeks:
        from contactsim.observers.weekly import ALL_OTHERS
        from contactsim.sweeps.results import parts, weeks_of

        measure = parts(shown[0])[0]
        canvas = draw_weeks(weeks_of(store, done, [measure], target=ALL_OTHERS), keys, measure)
    else:
        canvas = draw(done, keys, shown)
    save(canvas, options.plot)
    print(f"drawn: {options.plot}")


def _overview(store: Any, table: pd.DataFrame, keys: Sequence[str], shown: Sequence[str], as_json: bool) -> None:
    """Print numbers of runs, failures, and the means of each parameter set."""
    from contactsim.sweeps import experiments
    from contactsim.sweeps.results import parts, summary

    done, failed = table[table["status"] == "ok"], table[~table["status"].isin(("ok", "missing"))]
    status = {str(name): int(number) for name, number in table["status"].value_counts().items()}
    names, ledger = experiments.names(store), table.attrs["ledger"]
    means = summary(done, keys, shown) if len(done) and shown else None
    if as_json:
        print_json({
            "store": str(store.path), "runs": status, "experiments": names, "ledger_tasks": ledger,
            "failures": _records(failed[["run", "status", "message"]]),
            "means": [] if means is None else _records(means)})
        return
    counts = ", ".join(f"{number} {name}" for name, number in status.items())
    print(f"{store.path}: {len(table)} run{'s' * (len(table) != 1)} ({counts or 'none'}); experiments: "
          f"{', '.join(names) or 'none'}")
    if ledger:
        print(f"  and {ledger} task{'s' * (ledger != 1)} of the ledger: contactsim replay ID --store {store.path}")
    for message, runs in failed.groupby("message"):
        print(f"  {len(runs)} failed, such as {runs['run'].iloc[0]}: {message}")
    if means is None:
        return
    means["figure"] = [parts(figure)[0] for figure in shown] * (len(means) // len(shown))
    means["value"] = [_with_interval(row) for row in means.itertuples()]
    wide = means.pivot_table(index=[*keys, "group", "runs"], columns="figure", values="value", aggfunc="first",
                             sort=False).reset_index()
    print("Means of the last weeks over runs, ± half of the 95 % interval:")
    _print(wide)


def _with_interval(row: Any) -> str:
    half = (row.high - row.low) / 2
    return f"{row.mean:.4f} ± {half:.4f}" if half == half else f"{row.mean:.4f}"


def _print(table: pd.DataFrame) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(*(escape(str(name)) for name in table.columns), box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for row in table.head(MOST_ROWS).itertuples(index=False):
        drawn.add_row(*(f"{value:.4g}" if isinstance(value, float) else escape(str(value)) for value in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(drawn)
    if len(table) > MOST_ROWS:
        print(f"... {len(table) - MOST_ROWS} more rows: --csv FILE writes them all")


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _quantiles(text: str | None) -> list[float]:
    try:
        found = [float(word) for word in _words(text) or ()]
    except ValueError:
        found = [-1.0]
    if any(not 0 <= q <= 1 for q in found):
        raise UserError(f"--quantiles {text} is not allowed: it must be numbers from 0 to 1, as in 0.05,0.5,0.95.")
    return found

