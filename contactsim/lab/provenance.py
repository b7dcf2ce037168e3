"""Where a run comes from: versions, sources, inputs, and digests that say when two runs are the same."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import contactsim
from contactsim.compiled import sources_digest
from contactsim.config import RunConfig
from contactsim.parameters import Psychology, Residents
from contactsim.place import Place

#: Version of a run folder's layout.
FORMAT = 1
#: Packages that a number could hang on.
PACKAGES = ("mesa", "numpy", "pandas", "scipy", "numba", "llvmlite", "pyarrow", "pydantic", "hydra-core",
            "omegaconf", "matplotlib")
#: Which numbers the model gives: the entries of the changelog marked **[numbers]**, counted (tested). Sources may
#: change without it, for speed or wording.
NUMBERS = 4
_ROOT = Path(contactsim.__file__).parent
#: What computes a world; commands, files and figures do not change its numbers.
_MODEL = ("*.py", "encounters/*.py", "settings/*.py", "actions/*.py", "observers/weekly.py")
_NOT_MODEL = {"__init__.py", "cli.py", "config.py", "composition.py", "complaints.py", "paths.py", "errors.py",
              "model.py"}


def provenance(config: RunConfig, place: Place, threads: int, **figures: Any) -> dict[str, Any]:
    """The record of a run; ``figures`` are added as they are."""
    return {
        "format": FORMAT,
        "contactsim": importlib.metadata.version("contactsim"),
        "commit": commit(),
        "digest": scientific_digest(config, place),
        "place_digest": place_digest(place),
        "model_sources": model_digest(),
        "kernels": sources_digest(),
        "seed": config.seed,
        "weeks": config.weeks,
        "threads": threads,
        "inputs": [{"file": source.path, "sha256": source.sha256, "kind": source.kind}
                   for source in place.provenance.sources],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": {name: _version(name) for name in PACKAGES},
        **figures,
    }


def scientific_digest(config: RunConfig, place: Place) -> str:
    """Hexadecimal digest (16 characters) of everything that decides a run's numbers, except the code."""
    values = config.model_dump(mode="json", include={
        "seed", "weeks", "residents", "settings", "psychology", "scenario", "survey"})
    if config.actions:  # a run without any is the same run as before there were actions
        values |= config.model_dump(mode="json", include={"actions"})
    return digest_of({**values, "place": place_digest(place)})


def place_digest(place: Place) -> str:
    """Digest of who lives where: groups, counts and areas, wherever they were read from."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps([place.groups, [(level.name, level.codes) for level in place.levels]]).encode())
    for array in (place.counts, *(level.area_of_cell for level in place.levels)):
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()


def digest_of(values: Any) -> str:
    """Digest of JSON-ready values, whatever the order of keys."""
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=8).hexdigest()


@cache
def model_digest() -> str:
    """Digest of all sources that a world's numbers hang on, and of numpy and Numba."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted({path for pattern in _MODEL for path in _ROOT.glob(pattern)}):
        if path.name not in _NOT_MODEL:
            digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    for name in ("numpy", "numba"):
        digest.update(str(_version(name)).encode())
    return digest.hexdigest()


@cache
def numbers_digest() -> str:
    """Digest of which numbers the model gives (:data:`NUMBERS`) and of the defaults of its psychology and residents."""
    return digest_of([NUMBERS, Psychology().model_dump(mode="json"), Residents().model_dump(mode="json")])


def commit() -> dict[str, Any] | None:
    """The commit of the checkout that this code runs from and whether it has changes; None outside one."""
    if not (_ROOT.parent / ".git").exists():
        return None
    try:
        name = _git("rev-parse", "HEAD")
        return {"commit": name, "changed": bool(_git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(_ROOT.parent), *arguments], capture_output=True, text=True, check=True,
                          timeout=10)
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
