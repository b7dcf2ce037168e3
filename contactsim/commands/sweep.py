"""``contactsim sweep``: many runs into one store; killed and given again, it goes on where it stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError

if TYPE_CHECKING:
    from contactsim.sweep.sweeping import Plan
    from contactsim.sweep.varying import Varied

HELP = """contactsim sweep: many runs into one store, from a laptop to a cluster.

  contactsim sweep store=study place=bradford seed='range(0,60)'
  contactsim sweep store=study psychology.negative_weight=1,1.5,2 residents=default,no_exposure replications=20
  contactsim sweep store=study 'psychology.negative_weight=interval(1,3)' 'psychology.transfer=interval(0,.8)' \\
      design=sobol samples=64 replications=4
  contactsim results study --plot figure.png

Keys are those of a run (contactsim run --help). Several values: a,b,c or range(0,60) or range(0,1,0.25); they are
crossed, or go in step with paired=[KEY,KEY]. An interval, interval(LOW,HIGH), is sampled by the design.

The sweep:
"""
#: Failures told one by one; the others are counted, and ``contactsim results`` has them all.
TOLD = 5
#: Seconds between two lines of progress where there is no terminal, as in a cluster's log.
EVERY = 60.0
TAIL = """
Options:
  --jobs N         processes of this machine (default: all processors); never changes a result
  --dry-run        print the plan and stop
  --retry-failed   do runs again that failed or took too long
  --fail-fast      stop at the first run that fails
  --quiet, -q      no plan, no progress
  --config-dir DIR a folder with configurations of your own

Give the same command again to go on after an interruption, and a larger one to extend a sweep: what is stored
already is not done again."""


def main(arguments: list[str]) -> int:
    """Plan, say what is to be done, do it. Returns 2 if a run failed, as ``--multirun`` does."""
    options = _parser().parse_intermixed_args(arguments)
    if options.help:
        print(_help())
        return 0
    if options.jobs is not None and options.jobs < 1:
        raise UserError(f"--jobs {options.jobs} is not allowed: it must be a whole number from 1.")
    from contactsim.sweep.config import read
    from contactsim.sweep.varying import Varied, split

    own, rest = split(options.overrides)
    config = read(own, options.config_dir)
    varied = Varied(rest, config, options.config_dir)
    from contactsim.runs.measure import measure_name
    from contactsim.sweep import Store, experiments
    from contactsim.sweep.sweeping import carry_out, make_plan

    store = Store(config.store, missing=True)
    plan = make_plan(store, varied.specs(), measure_name(config.measure), config.keep,
                     retry_failed=options.retry_failed)
    name = experiments.check(store, config.name, plan.runs)
    if not options.quiet:
        _print_plan(plan, varied, name, options)
    if options.dry_run:
        return 0
    store.prepare()
    experiments.record(store, name, plan.runs, varied.about())
    answers = carry_out(plan, options.jobs, config.timeout, options.fail_fast, config.engine.scheduler)
    failed = _follow(answers, plan, options)
    return 2 if failed or (plan.failed and not options.retry_failed) else 0


def _follow(answers: Iterator[dict[str, Any]], plan: Plan, options: Any) -> int:
    """Carry the plan out, with a bar; returns how many runs failed, told one by one."""
    from contactsim.sweep.estimate import counted

    ended, failed, todo = 0, 0, len(plan.todo)
    with _bar(todo, options.quiet) as step:
        for answer in answers:
            ended += 1
            if answer["status"] != "ok":
                failed += 1
            if answer["status"] != "ok" and failed <= TOLD:
                print(f"contactsim: run {answer['id']} {_ended(answer)}", file=sys.stderr)
            step(failed)
    if not options.quiet:
        kept = len(plan.failed) if not options.retry_failed else 0
        left = f"; {failed} failed" if failed else ""
        left += f"; {kept} failed earlier (--retry-failed does them again)" if kept else ""
        left += f"; {todo - ended} not begun" if ended < todo else ""
        print(f"{counted(ended - failed, 'run')} done{left}. Next: contactsim results {plan.store.path}")
    return failed


def _ended(answer: dict[str, Any]) -> str:
    word = "failed" if answer["status"] == "failed" else "was stopped"
    return f"{word}: {answer['message']}"


def _print_plan(plan: Plan, varied: Varied, name: str, options: Any) -> None:
    from contactsim.runs.local import processors
    from contactsim.sweep.estimate import counted, estimate, said, sized
    from contactsim.sweep.varying import swept_table

    different = len({run.id for run in plan.runs})
    twice = f", {different} of them different" if different < len(plan.runs) else ""
    runs, points = counted(len(plan.runs), "run"), counted(len(varied.points), "point")
    print(f"{runs}{twice} ({points}) for {plan.store.path}, experiment {name}")
    for key, values, unit, allowed in swept_table(varied):
        limits = f"; allowed {allowed}" if allowed else ""
        print(f"  {key}: {values}{f' {unit}' if unit else ''}{limits}")
    todo = plan.todo
    print(f"  done already: {len(plan.done)}; failed before: {len(plan.failed)}"
          f"{' (to be done again)' if plan.failed and options.retry_failed else ''}; to do: {len(todo)}")
    for file in plan.damaged:
        print(f"  {file} is damaged: " + ("what it held of these runs is done again" if todo else
                                          "it holds none of these runs that is not stored elsewhere, too"))
    if todo:
        found = estimate(plan)
        local = varied.sweep.engine.kind == "local"
        jobs = min(options.jobs or processors(), len(todo)) if local else 1
        where = f"on {jobs} process{'es' * (jobs > 1)}" if local else "of one Dask worker's time"
        rough = "" if found.from_runs else " (rough: this store has no runs yet)"
        print(f"  about {said(found.seconds / jobs)} {where}, {sized(found.size)} of disk{rough}", flush=True)


@contextmanager
def _bar(total: int, quiet: bool) -> Iterator[Any]:
    """A step to be called with the number of failures; a bar on a terminal, a line now and then elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield (lambda failed: None) if quiet else _lines(total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
               TextColumn("{task.fields[failed]} failed"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("runs", total=total, failed=0)
        yield lambda failed: progress.update(task, advance=1, failed=failed)


def _lines(total: int) -> Callable[[int], None]:
    """A step that now and then says in a line how far the runs are."""
    from contactsim.sweep.estimate import said

    began = told = time.monotonic()
    done = 0

    def step(failed: int) -> None:
        nonlocal told, done
        done, now = done + 1, time.monotonic()
        if now - told >= EVERY:
            told = now
            left = (now - began) / done * (total - done)
            print(f"contactsim: {done} of {total} runs, {failed} failed, about {said(left)} left", file=sys.stderr,
                  flush=True)

    return step


def _help() -> str:
    from contactsim.config import allowed_of, shown
    from contactsim.sweep.config import SweepConfig

    lines = []
    for key, field in SweepConfig.model_fields.items():
        if key == "engine":
            lines += ["  engine=local   local, or dask with engine.scheduler=ADDRESS (docs/cluster.md)"]
        else:
            default = field.get_default(call_default_factory=True)
            lines += [f"  {key}={shown(default)}   {allowed_of(field)}",
                      f"      {field.description}"]
    return HELP + "\n".join(lines) + "\n" + TAIL


def _parser() -> Any:
    parser = Parser("sweep", add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--jobs", type=int)
    for flag in ("--dry-run", "--retry-failed", "--fail-fast"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--quiet", "-q", action="store_true")
    parser.add_argument("--config-dir", "-cd")
    return parser
