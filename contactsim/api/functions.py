"""``run``, ``compare`` and ``sweep``: as the commands, with results as objects; and ``load``, which reads them back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from contactsim.api.results import ComparisonResult, RunResult, Saved, SweepResult
from contactsim.config.run_config import compose
from contactsim.errors import UserError
from contactsim.overrides import Override, override_lines
from contactsim.place import load_place
from contactsim.runs.folder import load_run
from contactsim.runs.progress import Progress as ProgressBars
from contactsim.storage.atomic import is_partial

#: Called with (stage, units done, units in all) while something works.
Progress = Callable[[str, int, int], None]
#: The file by which a folder is known, and what the folder is.
KINDS = {"comparison.json": "comparison", "evaluation.json": "evaluation", "power.json": "power analysis",
         "ledger.json": "replay"}
STORE, RUN = "store.json", "provenance.json"


def run(*overrides: Override, seed: int | None = None, output: Path | str | None = None,
        config_dir: str | None = None, progress: bool | Progress = False) -> RunResult:
    """Simulate a place week by week.

    Args:
        overrides: ``"key=value"`` as on the command line (``contactsim run --help`` lists groups, keys, units and
            ranges), or mappings of keys to values: ``{"psychology.negative_weight": 2}``. The defaults are a made
            place and 104 weeks.
        seed: a whole number from 0 to 2,147,483,647 that fixes every random draw; 1 if not given here or as ``seed=``.
        output: the folder to write the run to. Without it (and without ``output=`` among the overrides) nothing is
            written, except that burn-ins are stored in the user's cache (``cache_burn_in=false`` prevents it).
        config_dir: a folder with places, actions and parameter sets of the user's own.
        progress: True for bars on a terminal; or a function of (stage, done, total).

    Returns:
        The run, with ``weekly`` and ``survey`` (tidy tables), ``place``, ``actions``, ``ledger``, ``config``,
        ``provenance`` and ``plot()``. If the folder holds this run already it is read and not simulated again.

    Raises:
        UserError: for a mistake in the arguments, in one sentence.

    Example:
        >>> result = run("place=bradford", "weeks=52", seed=7)  # doctest: +SKIP
        >>> result.weekly.query("measure == 'attitude' and target == 'all others'")  # doctest: +SKIP
    """
    from contactsim.runs.run import execute, simulate

    config = compose(_lines(overrides, seed=seed, output=output), config_dir)
    if config.store is not None:
        raise UserError(f"store={config.store} is for many runs: use contactsim.sweep(..., store='{config.store}').")
    with _reported(progress) as report:
        if config.output is not None:
            return RunResult.of(load_run(execute(config, report)[0]))
        return RunResult.of(simulate(config, load_place(config.place, Path.cwd()), report))


def compare(*overrides: Override, without: Sequence[Override] = (), seeds: int | None = None,
            follow_up: int | Sequence[int] | None = None, output: Path | str | None = None,
            store: Path | str | None = None, jobs: int | None = None, scheduler: str | None = None,
            config_dir: str | None = None, progress: bool | Progress = False) -> ComparisonResult:
    """Compare a place with and without actions (or other changes) under common random numbers.

    Args:
        overrides: as in :func:`run`; what the treatment arm has, such as ``"action=youth_scheme"``. Text may give
            several values, ``"place.dissimilarity=0.2,0.6"``: then there is a comparison for each combination, and
            their difference-in-differences.
        without: overrides of the control arm if it differs in other things than actions, such as
            ``["psychology.norms=0"]``. If empty, the control arm is the same without its actions.
        seeds: replications, 1 to 10,000, with the seeds ``seed``, ``seed + 1`` ...; 10 if not given. Over several
            parameter sets (``"ensemble=plausible"``), which are pooled: of each set; 2 if not given.
        follow_up: weeks after the end of the actions at which outcomes are read again; 13, 26 and 52 if not given.
        output: the folder to write the comparison to; no tables are written without it.
        store: folder of the store that keeps the replications, so that none is simulated twice and an interrupted
            comparison goes on; a folder in the user's cache if not given.
        jobs: processes; all processors if None, 0 for this very process. Never changes a result.
        scheduler: address of a running Dask scheduler, whose workers are used instead of processes of this machine.
        config_dir: a folder with places, actions and parameter sets of the user's own.
        progress: True for bars on a terminal; or a function of (stage, done, total).

    Returns:
        The comparison, with ``effects`` (standard deviations, 95 % intervals over seeds, or over parameter sets),
        ``by_seed``, ``precision``, ``seeds`` (costs and participants), ``differences`` (difference-in-differences
        between the cells of a grid), ``notes``, ``effect(...)`` and ``plot()``.

    Raises:
        UserError: for a mistake in the arguments, for a replication that fails, or if ``output`` holds something
            else. Stored replications stay.

    Example:
        >>> comparison = compare("place=bradford", "action=youth_scheme", seeds=5)  # doctest: +SKIP
        >>> comparison.effect("attitude", "participants")  # doctest: +SKIP
    """
    from contactsim.comparison import compare as comparison
    from contactsim.comparison.design import read_grid
    from contactsim.comparison.folder import finished, write

    lines = _lines(overrides, seeds=seeds, output=output, store=store,
                   follow_up=list(follow_up) if isinstance(follow_up, Sequence) else follow_up)
    grid = read_grid(lines, override_lines(without), config_dir)
    config = grid.reference.design.config
    to_write = config.output is not None and finished(grid) is None
    started = time.perf_counter()
    with _reported(progress) as report:
        found = ComparisonResult.of(comparison.compare(grid, config.store, jobs, scheduler, report))
    if to_write:
        write(found, time.perf_counter() - started)
    return found


def sweep(*overrides: Override, store: Path | str | None = None, name: str | None = None,
          replications: int | None = None, design: Literal["cartesian", "latin", "sobol", "morris"] | None = None,
          samples: int | None = None, measure: str | type[Any] | None = None,
          keep: Sequence[Literal["survey", "figure"]] = (), jobs: int | None = None, timeout: float | None = None,
          scheduler: str | None = None, retry_failed: bool = False, fail_fast: bool = False,
          config_dir: str | None = None, progress: bool | Progress = False) -> SweepResult:
    """Carry out many runs, and store them, so that an interrupted sweep goes on where it was.

    Args:
        overrides: as in :func:`run`. Text may give several values, ``"psychology.negative_weight=1,2"``, a range,
            ``"seed=range(0,60)"``, or an interval that the design samples, ``"psychology.transfer=interval(0,.8)"``;
            the value in a mapping is always one value.
        store: folder of the store, made if there is none; ``sweeps`` if not given.
        name: of this experiment in the store; made from its runs if not given.
        replications: runs of each parameter set, with the seeds ``seed``, ``seed + 1`` ...; 1 if not given.
        design: how intervals are sampled; ``cartesian`` (no intervals) if not given.
        samples: parameter sets of a Latin hypercube, rows of Sobol's scheme, trajectories of Morris's; 64 if not given.
        measure: ``"weekly"`` (default), or an observer's class at the top level of a module (see
            :class:`contactsim.observers.base.Observer`), or its name ``"package.module:Observer"``; its ``result()`` is
            a mapping of names to numbers or arrays, or a table like the weekly one.
        keep: what to store of each run besides the weekly measures.
        jobs: processes; all processors if None. Never changes a result.
        timeout: seconds that one run may take; no limit if None.
        scheduler: address of a running Dask scheduler, whose workers are used instead of processes of this machine.
        retry_failed: repeat runs that failed or took too long.
        fail_fast: stop at the first run that fails.
        config_dir: a folder with places, actions and parameter sets of the user's own.
        progress: True for a bar on a terminal; or a function of (stage, done, total).

    Returns:
        The results; ``frame`` has one row per run, with parameters and outcomes as columns, ``weekly()`` every week.
        Runs that failed are in ``frame`` with their message.

    Raises:
        UserError: for a mistake in the arguments, and if the store cannot be written.

    Example:
        >>> found = sweep("psychology.negative_weight=1,2", "place.residents=1000", replications=5)  # doctest: +SKIP
        >>> found.frame.groupby("psychology.negative_weight")["attitude[majority]"].mean()  # doctest: +SKIP
    """
    from contactsim.runs.measure import WEEKLY, measure_name
    from contactsim.storage.store import Store
    from contactsim.sweeps import config, experiments
    from contactsim.sweeps import plan as planning

    lines = _lines(overrides, store=store, name=name, replications=replications, design=design, samples=samples,
                   timeout=timeout, keep=list(keep) or None)
    lines += [] if scheduler is None else ["engine=dask", *_lines((), **{"engine.scheduler": scheduler})]
    own, rest = config.split(lines)
    settings = config.read(own, config_dir)
    expanded = config.Expansion(rest, settings, config_dir)
    folder = Store(settings.store, missing=True)
    measured = measure_name(measure) if measure is not None else WEEKLY
    plan = planning.make_plan(folder, expanded.specs(), measured, settings.keep, retry_failed=retry_failed)
    experiment = experiments.check(folder, settings.name, plan.runs)
    folder.prepare()
    experiments.record(folder, experiment, plan.runs, expanded.about())
    total = len(plan.todo)
    with _reported(progress) as report:
        answers = planning.carry_out(plan, jobs, settings.timeout, fail_fast, settings.engine.scheduler)
        for done, _ in enumerate(answers, start=1):
            if report is not None:
                report("runs", done, total)
    return SweepResult(folder, experiment)


def load(folder: Path | str, name: str | None = None) -> RunResult | SweepResult | Saved:
    """Read back any folder that contactsim writes.

    Args:
        folder: of a run, comparison, evaluation, power analysis or replay, or a store of many runs.
        name: of one experiment of a store; all of its runs if None.

    Returns:
        :class:`RunResult` for a run, :class:`SweepResult` for a store, :class:`Saved` for the others.

    Raises:
        UserError: if there is no such folder, it is unfinished or damaged, or nothing that contactsim writes.

    Example:
        >>> load("runs/bradford-seed7-1a2b3c4d").weekly  # doctest: +SKIP
        >>> load("sweeps").frame  # doctest: +SKIP
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise UserError(f"{path} cannot be loaded: there is no such folder.")
    if is_partial(path.absolute()):
        raise UserError(f"{path} is an unfinished result, left by an interruption: it can be deleted.")
    if (path / STORE).is_file():
        return SweepResult(path, name)
    if name is not None:
        raise UserError(f"name={name} asks for an experiment of a store, and {path} is none.")
    for file, kind in KINDS.items():
        if (path / file).is_file():
            return _saved(path, file, kind)
    if (path / RUN).is_file():
        return RunResult.of(load_run(path))
    raise UserError(f"{path} cannot be loaded: it is neither a run, a comparison, an evaluation, a power analysis, a "
                    f"replay nor a store of contactsim.")


def _lines(overrides: Sequence[Override], **values: Any) -> list[str]:
    """Lines of overrides, those of keywords last. Raises UserError for a key that is given in both ways."""
    lines = override_lines(overrides)
    given = {line.lstrip("+~").split("=")[0] for line in lines}
    for key, value in values.items():
        if value is not None and key in given:
            raise UserError(f"{key} is given twice, among the overrides and as {key}=: give it once.")
    own = {key: str(value) if isinstance(value, Path) else value for key, value in values.items() if value is not None}
    return [*lines, *override_lines([own])]


@contextmanager
def _reported(progress: bool | Progress) -> Iterator[Progress | None]:
    if callable(progress):
        yield progress
    elif not progress:
        yield None
    else:
        with ProgressBars() as bars:
            yield bars


def _saved(path: Path, file: str, kind: str) -> Saved:
    try:
        summary = json.loads((path / file).read_text(encoding="utf-8"))
        record = path / RUN
        provenance = (json.loads(record.read_text(encoding="utf-8")) if record.is_file()
                      else summary.get("provenance", {}))
        tables = {table.stem: pd.read_parquet(table) for table in sorted(path.glob("*.parquet"))}
        tables |= {table.stem: pd.read_csv(table) for table in sorted(path.glob("*.csv"))}
    except (OSError, ValueError, AttributeError) as error:  # pyarrow's and pandas' errors are of these kinds
        raise UserError(f"{path} is damaged: {str(error).splitlines()[0]}.") from None
    return Saved(kind, path, summary, tables, provenance)
