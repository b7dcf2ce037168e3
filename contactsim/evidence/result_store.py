"""Where the ledger's figures lie: in a store of runs, one row for each seed of a finding.

A row is a pure function of design, parameters and code, and its identity is their digest (see
:func:`contactsim.evidence.tasks.of_seeds`); so what is there is never computed again, whichever command asks for it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import platformdirs

from contactsim.evidence.tasks import Figures, figures_of
from contactsim.storage.results import LEDGER
from contactsim.storage.schema import OK
from contactsim.storage.store import Store


def default_folder() -> Path:
    """Where figures are kept unless another store is named."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "findings"


def forget(store: Path) -> None:
    """Remove the ledger's figures from a store, and nothing else that it holds. Raises UserError."""
    Store(store, missing=True).forget(LEDGER)


def read(store: Store, ids: Collection[str]) -> dict[str, Figures]:
    """The figures that a store holds, by id. Raises UserError, also for a damaged file."""
    if not store.exists():
        return {}
    rows = store.read(["status", "numbers"], ids).to_pylist()
    return {row["id"]: figures_of(dict(row["numbers"])) for row in rows if row["status"] == OK}
