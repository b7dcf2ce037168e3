"""``contactsim rerun``: repeat a run of a store, or a run folder, and check that it is the same to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from contactsim.commands.base import Command, as_json, print_json, quiet
from contactsim.errors import UserError

HELP = """Repeat a run and check that its results are the same to the last bit.

\b
  contactsim rerun runs/synthetic-seed7-0a1b2c3d
  contactsim rerun 4f1c --store study

RUN is a run folder; or the identity of a run in a store, or its beginning: the column 'run' of contactsim results.
If the code has changed since, the command says whether it was the model or only a measure (or an action of another
package). The exit code is 0 if the results are the same, and 1 if they are not."""
#: What has changed in the code since a run was stored.
CODE = {"same": "", "measure": "the model's code is the same; that of the measure or of an action has changed since",
        "model": "the model's code has changed since: install the version that its provenance names"}


@click.command(cls=Command, help=HELP)
@click.argument("run", metavar="RUN")
@click.option("--store", metavar="DIR", default="sweeps", help="Folder of the store.")
@click.option("--output", metavar="DIR", help="Also write a run folder with survey and figure here.")
@as_json
@quiet
def rerun(run: str, store: str, output: str | None, as_json: bool, quiet: bool) -> int:
    """Repeat the run. Exit code 0 if its results are the same, 1 if they are not."""
    found = _folder(run, output, quiet or as_json) if Path(run).is_dir() else _stored(run, store, output)
    if as_json:
        print_json(found)
    else:
        print(f"{found['run']}: {found['verdict']}")
        if CODE[found["code"]]:
            print(f"  {CODE[found['code']]}")
        if output:
            print(f"{output}: contactsim show {output}")
    return 0 if found["same"] else 1


def _folder(folder: str, output: str | None, quiet: bool) -> dict[str, Any]:
    """Repeat the run of a folder."""
    from contactsim.config.run_config import validate
    from contactsim.runs.progress import Progress
    from contactsim.runs.run import MEASURES, rerun
    from contactsim.storage.provenance import run_code

    with Progress(quiet) as progress:
        run, different = rerun(folder, output, progress)
    current = run_code(validate(run.config).actions, *MEASURES)
    record = run.provenance
    verdict = f"NOT the same: {', '.join(different)}" if different else "the same to the last bit"
    return {"run": folder, "same": not different, "verdict": verdict, "different": different,
            "code": _changed(record["model_sources"] == current, record["model"])}


def _stored(name: str, folder: str, output: str | None) -> dict[str, Any]:
    """Repeat a run of a store."""
    from contactsim.sweeps import Store
    from contactsim.sweeps.task import Simulation

    store = Store(folder)
    row = find(store, name)
    _refuse_ledger(row)
    simulation = Simulation(store)
    digest, failure = _digest(simulation, row)
    same = digest == row["digest"]
    verdict = f"{'the same to the last bit' if same else 'NOT the same'} (digest {digest})"
    if row["status"] != "ok":
        same = True
        verdict = (f"stored as {row['status']} ({row['message']}), and "
                   + (f"failed again ({failure})" if failure else f"successful this time (digest {digest})"))
    if output:
        _write_folder(row, output)
    return {"run": row["id"], "same": same, "verdict": verdict, "digest": digest, "stored_digest": row["digest"],
            "status": row["status"], "code": _changed(simulation.current_id(row) == row["id"], row["model"])}


def _changed(same_code: bool, model: str) -> str:
    """What has changed in the code, as a key of :data:`CODE`."""
    from contactsim.storage.provenance import model_digest

    return "same" if same_code else "measure" if model == model_digest() else "model"


def _refuse_ledger(row: dict[str, Any]) -> None:
    """Raise UserError for a task of the ledger, which simulates many worlds per row."""
    from contactsim.storage.results import LEDGER

    if row["measure"] == LEDGER:
        finding = json.loads(row["labels"])["finding"]
        raise UserError(f"{row['id']} is not a run but a task of the ledger ({finding}, seed {row['seed']}): repeat it "
                        f"with contactsim replay {finding} and an empty --store.")


def _digest(simulation: Any, row: dict[str, Any]) -> tuple[str | None, str | None]:
    """(digest of the new results, None); (None, message) for a run that was stored as a failure and fails again."""
    try:
        return str(simulation.rerun(row)), None
    except Exception as error:
        if row["status"] == "ok" or isinstance(error, UserError):
            raise
        return None, f"{type(error).__name__}: {' '.join(str(error).split())}"


def find(store: Any, name: str) -> dict[str, Any]:
    """The stored row of the only run whose identity begins with ``name``. Raises UserError."""
    table = store.catalogue()
    found = [row for row in table.to_pylist() if row["id"].startswith(name)]
    if len(found) != 1:
        what = f"is the beginning of {len(found)} identities" if found else "is not a run"
        raise UserError(f"{name} {what} of {store.path}: contactsim results {store.path} --csv lists the runs.")
    row: dict[str, Any] = found[0]
    return row


def _write_folder(row: dict[str, Any], output: str) -> None:
    from contactsim.config.run_config import validate
    from contactsim.runs.run import execute
    from contactsim.storage.places import IN_STORE

    config = validate(json.loads(row["config"]))
    if IN_STORE in config.place:
        raise UserError(f"--output {output} is not possible: the place of this run was made in Python.")
    execute(config.model_copy(update={"output": output}))
