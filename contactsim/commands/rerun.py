"""``contactsim rerun``: repeat a run of a store, or a run folder, and check that it is the same to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from contactsim.commands.base import Command, quiet
from contactsim.errors import UserError

HELP = """Repeat a run and check that the result is the same to the last bit.

\b
  contactsim rerun runs/synthetic-seed7-0a1b2c3d
  contactsim rerun 4f1c --store study

RUN is a run folder; or the identity of a store's run, or its beginning: the column 'run' of contactsim results.
The exit code is 0 if the result is the same, and 1 if it is not."""


@click.command(cls=Command, help=HELP)
@click.argument("run", metavar="RUN")
@click.option("--store", metavar="DIR", default="sweeps", help="Folder of the store.")
@click.option("--output", metavar="DIR", help="Also write a run folder with survey and figure here.")
@quiet
def command(run: str, store: str, output: str | None, quiet: bool) -> int:
    """Repeat the run. Exit code 0 if it is the same, 1 if it is not."""
    if Path(run).is_dir():
        return _folder(run, output, quiet)
    from contactsim.sweeps import Store
    from contactsim.sweeps.execute import Simulation

    opened = Store(store)
    row = find(opened, run)
    _refuse_ledger(row)
    found = _relived(Simulation(opened), row)
    if found is None:
        return 0
    same = found == row["digest"]
    verdict = "the same to the last bit" if same else "NOT the same"
    if row["status"] != "ok":
        verdict = f"it is stored as {row['status']} ({row['message']}); this time it ended well"
        same = True
    print(f"{row['id']}: {verdict} (digest {found})")
    if not same:
        _say_version(row["model"])
    if output:
        _leave_folder(opened, row, output)
    return 0 if same else 1


def _refuse_ledger(row: dict[str, Any]) -> None:
    """Units of the ledger are lived by its own command, many worlds to a row. Raises UserError."""
    from contactsim.storage.results import LEDGER

    if row["measure"] == LEDGER:
        finding = json.loads(row["point"])["finding"]
        raise UserError(f"{row['id']} is no run but a unit of the ledger ({finding}, seed {row['seed']}): contactsim "
                        f"replay {finding} lives it, anew in an empty --store.")


def _relived(simulation: Any, row: dict[str, Any]) -> str | None:
    """The digest of what came out; None for a run that is stored as a failure and fails again."""
    try:
        return str(simulation.repeat(row))
    except Exception as error:
        if row["status"] == "ok" or isinstance(error, UserError):
            raise
        print(f"{row['id']}: it is stored as {row['status']} ({row['message']}), and failed again "
              f"({type(error).__name__}: {' '.join(str(error).split())})")
        return None


def _folder(folder: str, output: str | None, quiet: bool) -> int:
    from contactsim.runs.progress import Progress
    from contactsim.runs.rerun import again

    with Progress(quiet) as progress:
        run, other = again(folder, output, progress)
    print(f"{folder}: {'NOT the same: ' + ', '.join(other) if other else 'the same to the last bit'}")
    if other:
        _say_version(run.provenance["model_sources"])
    if output:
        print(f"{output}: contactsim show {output}")
    return 1 if other else 0


def _say_version(of_run: str) -> None:
    from contactsim.storage.provenance import model_digest

    if of_run != model_digest():
        print(f"  it was lived with another version of the model ({of_run}, here {model_digest()}): install the "
              f"version that its provenance names")


def find(store: Any, name: str) -> dict[str, Any]:
    """The stored row of the one run whose identity begins so. Raises UserError."""
    table = store.catalogue()
    found = [row for row in table.to_pylist() if row["id"].startswith(name)]
    if len(found) != 1:
        many = f"begins {len(found)} identities" if found else "is no run"
        raise UserError(f"{name} {many} of {store.path}: contactsim results {store.path} --csv lists them.")
    row: dict[str, Any] = found[0]
    return row


def _leave_folder(store: Any, row: dict[str, Any], output: str) -> None:
    from contactsim.config.run_config import validate
    from contactsim.runs.run import execute
    from contactsim.sweeps.spec import IN_STORE

    config = validate(json.loads(row["config"]))
    if IN_STORE in config.place:
        raise UserError(f"--output {output} is not possible: the place of this run was made in Python.")
    folder, _ = execute(config.model_copy(update={"output": output}))
    print(f"{Path(folder)}: contactsim show {folder}")
