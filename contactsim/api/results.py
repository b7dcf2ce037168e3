"""Results as objects for scripts and notebooks: tables, a figure, and a short description of what there is."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from contactsim.comparison.compare import Comparison
from contactsim.runs.folder import Run
from contactsim.runs.show import summarise
from contactsim.storage.schema import OK
from contactsim.storage.store import Store
from contactsim.sweeps.results import LAST, catalogue, chosen, figures, summary, swept_keys, weeks_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Rows of a table that a notebook shows.
SHOWN_ROWS = 12
#: Measures that a notebook shows of a run, and how they are called there.
_OF_RUN = {"residents": "aged 16+", "positive": "positive meetings a week", "negative": "negative meetings a week",
           "attitude": "attitude", "attitude_sd": "SD of attitudes"}


@dataclass(frozen=True, repr=False)
class RunResult(Run):
    """A finished run: what :func:`contactsim.run` returns, and :func:`contactsim.load` of a run's folder.

    Attributes:
        weekly: one row per week, measure, group and target, with ``value`` (units in ``contactsim.observers.weekly``).
        survey: respondents before the first week and after the last (``contactsim.observers.survey``).
        place: residents, groups and segregation indices.
        actions: participants, sessions and costs (pounds) of each action.
        ledger: counts of each action by week.
        config: the resolved configuration.
        provenance: versions, digests, inputs and the burn-in.
        folder: where it is stored; None if it was not written.
    """

    @classmethod
    def of(cls, run: Run) -> RunResult:
        """The same run with ``plot()`` and a description."""
        return cls(**vars(run))

    def plot(self, file: Path | str | None = None) -> Figure:
        """Meetings, attitudes, their distribution and friendships by group, as a Matplotlib figure.

        ``file`` (.png, .pdf or .svg) is written if given. Needs no display.
        """
        from contactsim.runs import plots

        if file is not None:
            plots.save(self, Path(file))
        return plots.figure(self)

    def __repr__(self) -> str:
        done = f", actions: {', '.join(one['name'] for one in self.actions)}" if self.actions else ""
        return (f"<Run of {self.place['name']}: {self.place['residents']:,} residents, "
                f"{self.provenance['weeks']} weeks, seed {self.provenance['seed']}{done}>")

    def _repr_html_(self) -> str:
        rows = [{"group": group, "week": week, **{title: found[name][end] for name, title in _OF_RUN.items()}}
                for group, found in summarise(self)["groups"].items()
                for end, week in (("start", "first"), ("end", "last"))]
        return described(self, pd.DataFrame(rows))


@dataclass(frozen=True, repr=False)
class ComparisonResult(Comparison):
    """A comparison, or a grid of them: what :func:`contactsim.compare` returns.

    See :class:`contactsim.comparison.compare.Comparison` for the tables.
    """

    @classmethod
    def of(cls, comparison: Comparison) -> ComparisonResult:
        """The same comparison with ``plot()`` and a description."""
        return cls(**vars(comparison))

    def plot(self, file: Path | str | None = None) -> Figure:
        """Effects by outcome, over time and by subgroup (in a grid by cell), as a Matplotlib figure.

        ``file`` (.png, .pdf or .svg) is written if given.
        """
        from contactsim.comparison import figure

        if file is not None:
            figure.save(self, Path(file))
        return figure.figure(self)

    def __repr__(self) -> str:
        return (f"<Comparison in {self.place.name}: {self.place.residents:,} residents, "
                f"{self.seeds['seed'].nunique()} seeds, {self._cells()}{len(self.effects)} effects>")

    def _cells(self) -> str:
        sets = f"{len(self.grid.sets)} parameter sets, " if self.grid.sets else ""
        return f"{sets}{len(self.grid.points)} cells, " if self.grid.axes else sets

    def _repr_html_(self) -> str:
        e = self.effects
        return described(self, e[(e["by"] == "all") & (e["week"] == e["week"].max())], *self.notes)


class SweepResult:
    """The runs of a store: what :func:`contactsim.sweep` returns, and :func:`contactsim.load` of a store.

    Args:
        store: the store, or its folder.
        name: of one experiment; all runs of the store if None.

    Attributes:
        path: the store's folder.
        frame: one row per run: ``run`` (its identity), ``status`` (ok, failed, timeout, missing), place, weeks, seed,
            one column per varied parameter, and each outcome as the mean of the last 4 weeks, such as
            ``attitude[majority]`` (towards all others). ``frame.attrs`` names the columns of parameters (``swept``) and
            outcomes (``figures``).

    Raises UserError for a folder that is no store or holds no runs.
    """

    def __init__(self, store: Store | Path | str, name: str | None = None) -> None:
        self._store = store if isinstance(store, Store) else Store(store)
        self.path, self.name = self._store.path, name
        self._runs = catalogue(self._store, name)
        self.frame = figures(self._store, self._runs, LAST)

    def weekly(self, measures: Sequence[str] | None = None, weeks: Sequence[int] | None = None,
               target: str | None = None) -> pd.DataFrame:
        """Every week of every successful run as one tidy table, with the parameters as columns.

        Args:
            measures: only these, such as ``["attitude"]``.
            weeks: only these, counted from 0.
            target: only towards this group; ``"all others"`` for all of them together.
        """
        return weeks_of(self._store, self._done(self._runs), measures, weeks, target)

    def summary(self, by: Sequence[str] | None = None, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """Mean over replications with a 95 % interval, for each parameter set, outcome and group.

        Args:
            by: columns of ``frame`` that make a parameter set; all varied parameters if None.
            measures: outcomes; attitudes and meetings if None.
        """
        return summary(self._done(self.frame), self._keys(by), chosen(self.frame.attrs["figures"], measures))

    def failed(self) -> pd.DataFrame:
        """The rows of ``frame`` whose run has no result, with ``message``."""
        return self.frame[self.frame["status"] != OK]

    def plot(self, file: Path | str | None = None, by: Sequence[str] | None = None,
             measures: Sequence[str] | None = None) -> Figure:
        """Outcomes against one varied parameter, or as maps over two, as a Matplotlib figure.

        Arguments as in :meth:`summary`; ``file`` (.png, .pdf or .svg) is written if given.
        """
        from contactsim.sweeps import plots

        canvas = plots.draw(self._done(self.frame), self._keys(by), chosen(self.frame.attrs["figures"], measures))
        if file is not None:
            plots.save(canvas, str(file))
        return canvas

    def _keys(self, by: Sequence[str] | None) -> list[str]:
        return list(by) if by is not None else swept_keys(self.frame)

    @staticmethod
    def _done(table: pd.DataFrame) -> pd.DataFrame:
        done = table[table["status"] == OK]
        done.attrs = table.attrs
        return done

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        states = ", ".join(f"{number} {status}" for status, number in self.frame["status"].value_counts().items())
        varied = ", ".join(self._keys(None)) or "nothing but the seed"
        return f"<Sweep in {self.path}: {len(self)} runs ({states or 'none'}), varied: {varied}>"

    def _repr_html_(self) -> str:
        return described(self, self.summary() if self.frame.attrs["figures"] else self.frame)


@dataclass(frozen=True, repr=False)
class Saved:
    """A comparison, evaluation, power analysis or replay, read back from its folder.

    Each table is an attribute, too: ``load("comparisons/...").effects``.
    """

    kind: str
    """comparison, evaluation, power analysis or replay"""
    folder: Path
    summary: dict[str, Any]
    """the results that the command prints, as data"""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    """the tables of the folder, by file name without its ending"""
    provenance: dict[str, Any] = field(default_factory=dict)
    """versions, digests and inputs"""

    def __getattr__(self, name: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if name not in tables:
            raise AttributeError(f"this {self.__dict__.get('kind', 'result')} has no '{name}'; its tables are "
                                 f"{', '.join(tables)}")
        return tables[name]

    def __repr__(self) -> str:
        return f"<Saved {self.kind} in {self.folder}: tables {', '.join(self.tables)}>"

    def _repr_html_(self) -> str:
        return described(self, next(iter(self.tables.values()), pd.DataFrame()))


def described(result: Any, table: pd.DataFrame, *notes: str) -> str:
    """HTML of a result: its ``repr`` as a heading, the first rows of a table, and notes."""
    more = [f"{len(table) - SHOWN_ROWS} more rows"] if len(table) > SHOWN_ROWS else []
    lines = "".join(f"<p>{html.escape(note)}</p>" for note in [*more, *notes])
    shown = table.head(SHOWN_ROWS).to_html(index=False, float_format=lambda value: f"{value:.3g}", na_rep="")
    return f"<p><b>{html.escape(repr(result).strip('<>'))}</b></p>{shown}{lines}"
