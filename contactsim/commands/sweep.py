"""``contactsim sweep``: many runs into one store; stopped and given again, it goes on where it was."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from contactsim.commands.base import Command, config_dir, jobs, overrides, quiet
from contactsim.errors import UserError

if TYPE_CHECKING:
    from contactsim.sweeps.expansion import Varied
    from contactsim.sweeps.plan import Plan

HELP = """Many runs into one store, from a laptop to a cluster.

\b
  contactsim sweep store=study place=bradford seed='range(0,60)'
  contactsim sweep store=study psychology.negative_weight=1,1.5,2 residents=default,no_negative_exposure replications=20
  contactsim sweep store=study 'psychology.negative_weight=interval(1,3)' 'psychology.transfer=interval(0,.8)' \\
      design=sobol samples=64 replications=4
  contactsim results study --plot figure.png

Keys are those of a run (contactsim run --help) and of the sweep (below). Several values: a,b,c or range(0,60) or
range(0,1,0.25); they are crossed, or go in step with paired=[KEY,KEY]. An interval, interval(LOW,HIGH), is sampled
by the design.

Give the same command again to go on after an interruption, and a larger one to extend a sweep: stored runs are not
computed again."""
#: Failures that are printed one by one; the others are counted, and ``contactsim results`` has them all.
PRINTED = 5


def _details(context: click.Context) -> str:
    from contactsim.commands.key_tables import keys
    from contactsim.sweeps.config import SweepConfig

    engine = "  engine=local   local, or dask with engine.scheduler=ADDRESS (docs/cluster.md)"
    return "\n".join(["The sweep:", *keys(SweepConfig, skip={"engine"}), engine])


@click.command(cls=Command, help=HELP, details=_details)
@overrides("store", "seed")
@jobs
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--retry-failed", is_flag=True, help="Repeat runs that failed or took too long.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first run that fails.")
@quiet
@config_dir
def command(overrides: list[str], jobs: int | None, dry_run: bool, retry_failed: bool, fail_fast: bool, quiet: bool,
            config_dir: str | None) -> int:
    """Plan, print what is to be done, do it. Returns 2 if a run failed, as ``--multirun`` does."""
    from contactsim.sweeps.config import read
    from contactsim.sweeps.expansion import Varied, split

    for line in overrides:
        if line.startswith("seeds="):
            raise UserError(f"'{line}' (command line) is unknown: in a sweep the number of seeds is replications="
                            f"{line.partition('=')[2]}.")
    own, rest = split(overrides)
    config = read(own, config_dir)
    varied = Varied(rest, config, config_dir)
    from contactsim.runs.measure import measure_name
    from contactsim.sweeps import Store, experiments
    from contactsim.sweeps.plan import carry_out, make_plan

    store = Store(config.store, missing=True)
    plan = make_plan(store, varied.specs(), measure_name(config.measure), config.keep, retry_failed=retry_failed)
    name = experiments.check(store, config.name, plan.runs)
    if not quiet:
        _print_plan(plan, varied, name, jobs, retry_failed)
    if dry_run:
        return 0
    store.prepare()
    experiments.record(store, name, plan.runs, varied.about())
    answers = carry_out(plan, jobs, config.timeout, fail_fast, config.engine.scheduler)
    failed = _follow(answers, plan, quiet, retry_failed)
    return 2 if failed or (plan.failed and not retry_failed) else 0


def _follow(answers: Iterator[dict[str, Any]], plan: Plan, quiet: bool, retry_failed: bool) -> int:
    """Carry the plan out and show its progress; returns how many runs failed."""
    from contactsim.runs.progress import Progress
    from contactsim.sweeps.estimates import counted

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
        left += f"; {todo - ended} not begun" if ended < todo else ""
        print(f"{counted(ended - failed, 'run')} done{left}. Next: contactsim results {plan.store.path}")
    return failed


def _ended(answer: dict[str, Any]) -> str:
    word = "failed" if answer["status"] == "failed" else "was stopped"
    return f"{word}: {answer['message']}"


def _print_plan(plan: Plan, varied: Varied, name: str, jobs: int | None, retry_failed: bool) -> None:
    from contactsim.runs.local import processors
    from contactsim.sweeps.estimates import counted, estimate, said, sized
    from contactsim.sweeps.expansion import swept_table

    different = len({run.id for run in plan.runs})
    twice = f", {different} of them different" if different < len(plan.runs) else ""
    runs, points = counted(len(plan.runs), "run"), counted(len(varied.points), "point")
    print(f"{runs}{twice} ({points}) for {plan.store.path}, experiment {name}")
    for key, values, unit, allowed in swept_table(varied):
        limits = f"; allowed {allowed}" if allowed else ""
        print(f"  {key}: {values}{f' {unit}' if unit else ''}{limits}")
    todo = plan.todo
    print(f"  done already: {len(plan.done)}; failed before: {len(plan.failed)}"
          f"{' (to be done again)' if plan.failed and retry_failed else ''}; to do: {len(todo)}")
    for file in plan.damaged:
        print(f"  {file} is damaged: " + ("what it held of these runs is done again" if todo else
                                          "it holds none of these runs that is not stored elsewhere, too"))
    if todo:
        found = estimate(plan)
        local = varied.sweep.engine.kind == "local"
        jobs = min(jobs or processors(), len(todo)) if local else 1
        where = f"on {jobs} process{'es' * (jobs > 1)}" if local else "of one Dask worker's time"
        rough = "" if found.from_runs else " (rough: this store has no runs yet)"
        print(f"  about {said(found.seconds / jobs)} {where}, {sized(found.size)} of disk{rough}", flush=True)
