"""``contactsim results STORE``: what a store's runs came to. Reads files only; no run is needed again."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError, nearest

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a table on the screen.
MOST_ROWS = 60


def main(arguments: list[str]) -> int:
    """List, filter, aggregate, export, plot; see ``--help``."""
    options = _parser().parse_intermixed_args(arguments)
    from contactsim.sweep import Store
    from contactsim.sweep.frames import catalogue, figures, filtered, swept_keys

    if options.last < 1:
        raise UserError(f"--last {options.last} is not allowed: it must be a whole number of weeks from 1.")
    store = Store(options.store)
    name = options.name
    if options.sensitivity:
        from contactsim.sweep.sensitivity import sampled_experiment

        name = sampled_experiment(store, name)
    listed = filtered(catalogue(store, name), options.where)
    damaged = dict(store.damaged)
    if options.plot or options.csv or options.parquet or options.weeks or options.sensitivity or options.mean:
        _warn(listed, damaged)
    if options.weeks and not options.plot:
        return _export(_weeks(store, listed, _words(options.measure)), options)
    table = figures(store, listed, options.last)
    keys = _words(options.by) or swept_keys(table)
    for key in keys:
        if key not in table:
            raise UserError(f"--by {key} is no column of these results.{nearest(key, table.columns)}")
    from contactsim.sweep.summary import chosen, summary

    shown = chosen(table.attrs["figures"], _words(options.measure)) if table.attrs["figures"] else []
    if options.plot:
        _plot(store, table, keys, shown, options)
    elif options.sensitivity:
        from contactsim.sweep.sensitivity import indices

        if not shown:
            raise UserError(f"{options.store} has no results of {name} yet: give the sweep's command again.")

        _put(indices(store, name, table, shown), options)
    elif options.mean or options.quantiles:
        _put(summary(table[table["status"] == "ok"], keys, shown, _quantiles(options.quantiles)), options)
    elif options.csv or options.parquet:
        only = table.attrs["figures"] if options.measure is None else shown
        return _export(_runs(table, only), options)
    else:
        _overview(store, table, keys, shown, damaged)
    return 0


def _warn(listed: pd.DataFrame, damaged: dict[str, str]) -> None:
    """Say on the side what a table or figure is made without."""
    for file, why in damaged.items():
        print(f"contactsim: {file} is damaged ({why}); its runs are not in this: the sweep's command does them again",
              file=sys.stderr)
    lacking = int((listed["status"] != "ok").sum())
    if 0 < lacking < len(listed):
        print(f"contactsim: {lacking} of {len(listed)} runs are without results (contactsim results STORE says why)",
              file=sys.stderr)


def _runs(table: pd.DataFrame, figures: Sequence[str]) -> pd.DataFrame:
    """One row a run; without times, so that equal sweeps give equal files."""
    facts = [name for name in table if name not in table.attrs["figures"] and name not in ("seconds", "measure")]
    return table[[*facts, *figures]]


def _weeks(store: Any, table: pd.DataFrame, measures: Sequence[str] | None) -> pd.DataFrame:
    from contactsim.observers.weekly import UNITS
    from contactsim.sweep.frames import weeks_of

    for measure in measures or ():
        if measure not in UNITS:
            raise UserError(f"--measure {measure} is none: allowed are {', '.join(UNITS)}.{nearest(measure, UNITS)}")
    return weeks_of(store, table[table["status"] == "ok"], measures)


def _export(table: pd.DataFrame, options: Any) -> int:
    for file, write in ((options.csv, _write_csv), (options.parquet, _write_parquet)):
        if file is not None:
            try:
                write(table, file)
            except BrokenPipeError:  # whoever read the screen has seen enough
                raise
            except OSError as error:
                raise UserError(f"{file} cannot be written: {error.strerror or error}.") from None
    if options.csv is None and options.parquet is None:
        _print(table)
    return 0


def _write_csv(table: pd.DataFrame, file: str) -> None:
    if file == "-":
        table.to_csv(sys.stdout, index=False)
        return
    from contactsim.lab.store import new_file

    with new_file(Path(file)) as partial:
        table.to_csv(partial, index=False)


def _write_parquet(table: pd.DataFrame, file: str) -> None:
    from contactsim.lab.store import new_file

    with new_file(Path(file)) as partial:
        table.to_parquet(partial, index=False)


def _put(table: pd.DataFrame, options: Any) -> None:
    if options.csv or options.parquet:
        _export(table, options)
    else:
        _print(table)


def _plot(store: Any, table: pd.DataFrame, keys: Sequence[str], shown: Sequence[str], options: Any) -> None:
    from contactsim.sweep.plots import draw, draw_weeks, save

    if not shown:
        raise UserError(f"{options.store} has no results to draw here.")
    done = table[table["status"] == "ok"]
    if options.weeks:
        from contactsim.observers.survey import ALL_OTHERS
        from contactsim.sweep.frames import weeks_of
        from contactsim.sweep.summary import parts

        measure = parts(shown[0])[0]
        canvas = draw_weeks(weeks_of(store, done, [measure], target=ALL_OTHERS), keys, measure)
    else:
        canvas = draw(done, keys, shown)
    save(canvas, options.plot)
    print(f"drawn: {options.plot}")


def _overview(store: Any, table: pd.DataFrame, keys: Sequence[str], shown: Sequence[str],
              damaged: dict[str, str]) -> None:
    from contactsim.sweep import experiments
    from contactsim.sweep.estimate import counted
    from contactsim.sweep.summary import parts, summary

    counts = ", ".join(f"{n} {status}" for status, n in table["status"].value_counts().items())
    print(f"{store.path}: {counted(len(table), 'run')} ({counts or 'none'}); experiments: "
          f"{', '.join(experiments.names(store)) or 'none'}")
    if table.attrs["ledger"]:
        units = counted(table.attrs["ledger"], "unit")
        print(f"  and {units} of the ledger: contactsim replay ID --store {store.path}")
    for file, why in damaged.items():
        print(f"  {file} is damaged ({why}); its runs are not here: the sweep's command does them again")
    failed = table[~table["status"].isin(("ok", "missing"))]
    for message, runs in failed.groupby("message"):
        print(f"  {len(runs)} failed, such as {runs['run'].iloc[0]}: {message}")
    done = table[table["status"] == "ok"]
    if not len(done) or not shown:
        return
    means = summary(done, keys, shown)
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
        print(f"... {len(table) - MOST_ROWS} more rows: --csv FILE has them all")


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


def _parser() -> Any:
    parser = Parser("results", description="What a store's runs came to: figures are means of each run's last weeks; "
                                           "attitudes are those to all other groups.")
    parser.add_argument("store", help="folder of a store")
    parser.add_argument("--name", help="one experiment of the store; all if not given")
    parser.add_argument("--where", action="append", default=[], metavar="COND",
                        help="only runs for which KEY=a,b or KEY!=a, KEY>=2 ... holds; several must all hold")
    parser.add_argument("--measure", metavar="NAMES", help="measures, as in attitude,positive")
    parser.add_argument("--last", type=int, default=4, metavar="WEEKS", help="weeks that a figure is averaged over")
    parser.add_argument("--by", metavar="KEYS", help="parameters to aggregate or draw by; all that differ if not given")
    parser.add_argument("--mean", action="store_true", help="mean and 95%% interval for each point, as a tidy table")
    parser.add_argument("--quantiles", metavar="Q,Q", help="and quantiles over runs, as in 0.05,0.5,0.95")
    parser.add_argument("--sensitivity", action="store_true", help="sensitivity indices with intervals")
    parser.add_argument("--weeks", action="store_true", help="week by week: the whole tidy table, or with --plot small "
                                                             "multiples of the first measure")
    parser.add_argument("--csv", nargs="?", const="-", metavar="FILE", help="as CSV, to the screen without FILE")
    parser.add_argument("--parquet", metavar="FILE", help="as Parquet")
    parser.add_argument("--plot", metavar="FILE", help="draw one or two swept parameters (.png, .pdf, .svg)")
    return parser
