"""``contactsim rerun``: repeat a run of a store, or a run folder, and compare it with what is kept, to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contactsim.commands.arguments import Parser
from contactsim.errors import UserError


def main(arguments: list[str]) -> int:
    """Repeat the run. Exit code 0 if it is the same, 1 if it is not."""
    parser = Parser("rerun", description="Repeat a run of a store, or the one that a run folder keeps, and say whether "
                                         "it came out the same.")
    parser.add_argument("id", metavar="ID | FOLDER",
                        help="a run folder; or the identity of a store's run, or its beginning: the column 'run' of "
                             "contactsim results")
    parser.add_argument("--store", default="sweeps", help="folder of the store (default: sweeps)")
    parser.add_argument("--output", metavar="FOLDER", help="leave a run folder with survey and figure there as well")
    options = parser.parse_args(arguments)
    if Path(options.id).is_dir():
        return _folder(options.id, options.output)
    from contactsim.sweep import Store
    from contactsim.sweep.execute import Simulation

    store = Store(options.store)
    row = find(store, options.id)
    _refuse_ledger(row)
    found = _relived(Simulation(store), row)
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
    if options.output:
        _leave_folder(store, row, options.output)
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


def _folder(folder: str, output: str | None) -> int:
    from contactsim.commands.progress import Bars
    from contactsim.lab.again import again

    with Bars(quiet=False) as bars:
        run, other = again(folder, output, bars)
    print(f"{folder}: {'NOT the same: ' + ', '.join(other) if other else 'the same to the last bit'}")
    if other:
        _say_version(run.provenance["model_sources"])
    if output:
        print(f"{output}: contactsim show {output}")
    return 1 if other else 0


def _say_version(of_run: str) -> None:
    from contactsim.lab.provenance import model_digest

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
    from contactsim.config import validate
    from contactsim.lab.run import execute
    from contactsim.sweep.spec import IN_STORE

    config = validate(json.loads(row["config"]))
    if IN_STORE in config.place:
        raise UserError(f"--output {output} is not possible: the place of this run was made in Python.")
    folder, _ = execute(config.model_copy(update={"output": output}))
    print(f"{Path(folder)}: contactsim show {folder}")
