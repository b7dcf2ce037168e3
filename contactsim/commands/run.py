"""``contactsim run``: a Hydra application whose mistakes are said in one sentence."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from typing import Any

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError

INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")


def main(arguments: list[str]) -> int:
    """Compose, check and run; ``--multirun`` runs every combination and goes on after one that fails."""
    options = _parser().parse_intermixed_args(arguments)
    from contactsim.composition import PRIMARY, Composition
    from contactsim.config import register_defaults

    register_defaults()
    composition = Composition(options.overrides, options.config_dir, sweep=options.multirun)
    if options.help:
        from contactsim.commands.run_help import text

        print(text(composition))
        return 0
    if options.shell_completion:
        composition.hydra.shell_completion(PRIMARY, options.overrides)
        return 0
    config = composition.compose()
    if options.cfg:
        composition.hydra.show_cfg(PRIMARY, options.overrides, options.cfg, options.package, options.resolve)
        return 0
    if options.info:
        composition.hydra.show_info(options.info, PRIMARY, options.overrides)
        return 0
    if options.multirun:
        return _multirun(composition, config, options.quiet)
    run_one(config, composition, options.quiet)
    return 0


def run_one(config: Any, composition: Any, quiet: bool, labels: dict[str, Any] | None = None) -> None:
    """Check one composed configuration, run it and say where it is kept. Raises UserError.

    ``labels`` are the job's own values of the keys that a multirun varies; a store keeps them with the run.
    """
    from contactsim.composition import data_of
    from contactsim.config import validate

    checked = validate(data_of(config, composition.origin), composition.origin)
    from contactsim.commands.progress import Bars
    from contactsim.lab.run import execute, load_run
    from contactsim.lab.show import closing_lines

    try:
        if checked.store is not None:
            return _into_store(checked, labels or {}, quiet)
        with Bars(quiet) as bars:
            folder, stood = execute(checked, bars)
    except UserError as error:
        raise UserError(_with_origin(str(error), composition.origin)) from None
    if quiet:
        return
    if stood:
        print(f"{folder} holds this run already: nothing was done (force=true runs it again).")
    for line in closing_lines(load_run(folder)):
        print(line)


def _into_store(config: Any, labels: dict[str, Any], quiet: bool) -> None:
    from contactsim.sweep.sweeping import one

    name, stood = one(config, labels)
    if not quiet:
        print(f"{name}: {'was in' if stood else 'stored in'} {config.store}")


def _multirun(composition: Any, config: Any, quiet: bool) -> int:
    """Hand the jobs to Hydra's sweeper and launcher; a job that fails is reported and the others go on."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException

    from contactsim.complaints import reworded
    from contactsim.composition import PRIMARY

    here = os.getpid()
    failed: list[Exception] = []
    varied = {str(o.key_or_group) for o in composition.parsed if o.is_sweep_override()}

    def job(task: Any) -> None:
        words = " ".join(HydraConfig.get().overrides.task)
        if not quiet:
            print(f"[{HydraConfig.get().job.num + 1}] {words}")
        try:
            run_one(task, composition, quiet, _labels(HydraConfig.get().overrides.task, varied))
        except Exception as error:
            if os.getpid() != here:  # in a worker of another launcher: only Hydra can carry it back
                raise
            failed.append(error)
            print(f"contactsim: {words}: {error}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        overrides = [*composition.overrides, "hydra.mode=MULTIRUN"]
        if config.hydra.sweep.dir == ".":  # Hydra writes multirun.yaml there whatever it is told
            overrides.append(f"hydra.sweep.dir='{scratch}'")
        try:
            composition.hydra.multirun(PRIMARY, job, overrides)
        except HydraException:
            with reworded(composition):
                raise
    for error in failed:
        if not isinstance(error, UserError):
            raise error
    return 2 if failed else 0


def _labels(overrides: Any, varied: set[str]) -> dict[str, Any]:
    """{key: value} of a job's overrides whose keys are varied."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    found = {str(o.key_or_group): o.value() for o in OverridesParser.create().parse_overrides(list(overrides))}
    return {key: value if isinstance(value, int | float | str) else str(value) for key, value in found.items()
            if key in varied and key != "seed"}


def _with_origin(message: str, origin: Any) -> str:
    """Say where the key that a later check complains about got its value."""
    found = re.match(r"((?:place|scenario|settings|psychology|residents|survey|actions)(?:\.[\w-]+)+)=", message)
    if not found:
        return message
    return f"{message.rstrip('. ')} ({found.group(1)} comes from: {origin(found.group(1))})."


def _parser() -> argparse.ArgumentParser:
    parser = Parser("run", add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--quiet", "-q", action="store_true")
    parser.add_argument("--multirun", "-m", action="store_true")
    parser.add_argument("--run", "-r", action="store_true")
    parser.add_argument("--cfg", "-c", choices=("job", "hydra", "all"))
    parser.add_argument("--package", "-p")
    parser.add_argument("--resolve", action="store_true")
    parser.add_argument("--info", "-i", nargs="?", const="all", choices=INFO)
    parser.add_argument("--config-dir", "-cd")
    parser.add_argument("--shell-completion", "-sc", action="store_true")
    return parser
