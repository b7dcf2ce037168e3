"""A run folder lived once more, to see whether it comes out the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

from contactsim.config.run_config import validate
from contactsim.errors import UserError
from contactsim.place import load_place
from contactsim.runs.run import Progress, Run, execute, load_run
from contactsim.storage.provenance import place_digest


def again(folder: Path | str, output: str | None = None, progress: Progress | None = None) -> tuple[Run, list[str]]:
    """Live the configuration that a run folder keeps.

    Args:
        folder: a finished run.
        output: where to leave the new run's folder (None: nowhere).

    Returns the old run and the names of its tables that came out otherwise (to the last bit; none is as it should be).
    Raises UserError if the folder is no run, or its input files are no longer what they were.
    """
    before = load_run(folder)
    with tempfile.TemporaryDirectory(prefix="contactsim-") as scratch:
        values = {**before.config, "output": output or f"{scratch}/run", "store": None, "force": False}
        config = validate(values, lambda key: str(Path(folder) / "config.yaml"))
        if place_digest(load_place(config.place, Path.cwd())) != before.provenance["place_digest"]:
            files = ", ".join(source["file"] for source in before.provenance["inputs"]) or "its configuration"
            raise UserError(f"{folder} cannot be repeated: {files} gives another place than it gave then.")
        now = load_run(execute(config, progress)[0])
    pairs = {"weekly": (before.weekly, now.weekly), "survey": (before.survey, now.survey),
             "actions": (before.ledger, now.ledger)}
    return before, [name for name, (then, new) in pairs.items() if not then.equals(new)]
