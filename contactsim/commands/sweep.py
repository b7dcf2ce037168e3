"""``contactsim sweep``: many runs into one store; it can be stopped, and resumed by the same command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from contactsim.commands.base import Command, config_dir, jobs, keys_of, overrides, quiet
from contactsim.errors import UserError

HELP = """Many runs into one store, from a laptop to a cluster.

\b
  contactsim sweep store=study place=bradford seed='range(0,60)'
  contactsim sweep store=study psychology.negative_weight=1,1.5,2 residents=default,no_negative_exposure replications=20
  contactsim sweep store=study 'psychology.negative_weight=interval(1,3)' 'psychology.transfer=interval(0,.8)' \\
      design=sobol samples=64 replications=4
  contactsim results study --plot figure.png

Keys are those of a run (contactsim run --help) and of the sweep (below). Several values: a,b,c or range(0,60) or
range(0,1,0.25); they are crossed, or combined one by one with zip=[KEY,KEY]. An interval, interval(LOW,HIGH), is
sampled by the design.

Repeat the command to continue after an interruption, or give a larger one to extend a sweep: stored runs are not
simulated again."""
#: Number of failures that are printed; the others are counted, and ``contactsim results`` lists them all.
PRINTED = 5


def _details(context: click.Context) -> str:
    from contactsim.sweeps.config import SweepConfig

    engine = "  engine=local   local, or dask with engine.scheduler=ADDRESS (docs/cluster.md)"
    return "\n".join(["The sweep:", *keys_of(SweepConfig, skip={"engine"}), engine])


@click.command(cls=Command, help=HELP, details=_details)
@overrides("store", "seed")
@jobs
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--retry-failed", is_flag=True, help="Repeat runs that failed or took too long.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first run that fails.")
@quiet
@config_dir
def sweep(overrides: list[str], jobs: int | None, dry_run: bool, retry_failed: bool, fail_fast: bool, quiet: bool,
            config_dir: str | None) -> int:
    """Plan, print the plan, carry it out. Returns 2 if a run failed, as ``--multirun`` does."""
    from contactsim.sweeps.config import Expansion, read, split

    for line in overrides:
        if line.startswith("seeds="):
            raise UserError(f"'{line}' (command line) is unknown: in a sweep the number of seeds is replications="
                            f"{line.partition('=')[2]}.")
    own, rest = split(overrides)
    config = read(own, config_dir)
    expansion = Expansion(rest, config, config_dir)
    from contactsim.runs.measure import measure_name
    from contactsim.sweeps import Store, experiments
    from contactsim.sweeps.plan import carry_out, make_plan

    store = Store(config.store, missing=True)
    plan = make_plan(store, expansion.specs(), measure_name(config.measure), config.keep, retry_failed=retry_failed)
    name = experiments.check(store, config.name, plan.runs)
    if not quiet:
        _print_plan(plan, expansion, name, jobs, retry_failed)
    if dry_run:
        return 0
    store.prepare()
    experiments.record(store, name, plan.runs, expansion.about())
    answers = carry_out(plan, jobs, config.timeout, fail_fast, config.engine.scheduler)
    failed = _follow(answers, plan, quiet, retry_failed)
    return 2 if failed or (plan.failed and not retry_failed) else 0


def _follow(answers: Iterator[dict[str, Any]], plan: Any, quiet: bool, retry_failed: bool) -> int:
    """Carry the plan out and show its progress; returns the number of failed runs."""
    from contactsim.runs.progress import Progress
    ended, failed, todo = 0, 0, len(plan.todo)
    with Progress(quiet or not todo, plan.store.path) as progress:
        for answer in answers:
            ended += 1
            if answer["status"] != "ok":
                failed += 1
            if answer["status"] != "ok" and failed <= PRINTED:
                print(f"contactsim: run {answer['id']} {_ended(answer)}", file=sys.stderr)
            progress("runs", ended, todo, f"{failed} failed")
    if not quiet:
        earlier = len(plan.failed) if not retry_failed else 0
        left = f"; {failed} failed" if failed else ""
        left += f"; {earlier} failed earlier (--retry-failed repeats them)" if earlier else ""
        left += f"; {todo - ended} not started" if ended < todo else ""
        print(f"{_count(ended - failed, 'run')} done{left}. Next: contactsim results {plan.store.path}")
    return failed


def _ended(answer: dict[str, Any]) -> str:
    return f"{'failed' if answer['status'] == 'failed' else 'was stopped'}: {answer['message']}"


def _print_plan(plan: Any, expansion: Any, name: str, jobs: int | None, retry_failed: bool) -> None:
    from contactsim.runs.local import processors
    from contactsim.sweeps.config import swept_table
    from contactsim.sweeps.plan import estimate

    distinct = len({run.id for run in plan.runs})
    twice = f", {distinct} of them distinct" if distinct < len(plan.runs) else ""
    runs, sets = _count(len(plan.runs), "run"), _count(len(expansion.parameter_sets), "parameter set")
    print(f"{runs}{twice} ({sets}) for {plan.store.path}, experiment {name}")
    for key, values, unit, allowed in swept_table(expansion):
        limits = f"; allowed {allowed}" if allowed else ""
        print(f"  {key}: {values}{f' {unit}' if unit else ''}{limits}")
    todo = plan.todo
    print(f"  done already: {len(plan.done)}; failed before: {len(plan.failed)}"
          f"{' (to be repeated)' if plan.failed and retry_failed else ''}; to do: {len(todo)}")
    for file in plan.damaged:
        print(f"  {file} is damaged: " + ("its runs of this sweep are simulated again" if todo else
                                          "all runs of this sweep are stored elsewhere"))
    if todo:
        found = estimate(plan)
        local = expansion.sweep.engine.kind == "local"
        jobs = min(jobs or processors(), len(todo)) if local else 1
        where = f"on {jobs} process{'es' * (jobs > 1)}" if local else "of one Dask worker's time"
        rough = "" if found.from_runs else " (rough: this store has no runs yet)"
        print(f"  about {_duration(found.seconds / jobs)} {where}, {_size(found.size)} of disk space{rough}",
              flush=True)


def _duration(seconds: float) -> str:
    """A duration as text: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _size(size: float) -> str:
    """A number of bytes as text: ``3 kB``, ``1.2 MB``."""
    for unit, of in (("GB", 1e9), ("MB", 1e6)):
        if size >= of:
            return f"{size / of:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"


def _count(number: int, noun: str) -> str:
    """A number with its noun: 1 run, 2 runs."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
