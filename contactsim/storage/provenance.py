"""Provenance of a run: versions, sources and inputs, with digests by which equal runs are recognised."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from contactsim import actions, world
from contactsim.actions.registry import mechanisms
from contactsim.actions.schema import ActionSection
from contactsim.compiled import sources_digest
from contactsim.config.run_config import RunConfig
from contactsim.parameters import Psychology, Residents
from contactsim.place import Place
from contactsim.storage.identity import code_digest, digest_of, place_digest

#: Version of a run folder's layout.
FORMAT = 2
#: Packages whose version may change a number.
PACKAGES = ("mesa", "numpy", "pandas", "scipy", "numba", "llvmlite", "pyarrow", "pydantic", "hydra-core",
            "omegaconf", "matplotlib")
#: Version of the model's numbers: the count of changelog entries marked **[numbers]** (tested). Sources may change
#: without it, for speed or wording.
NUMBERS = 7
_ROOT = Path(__file__).parents[1]
#: The modules whose import closure is the model: worlds with their burn-in, and the actions of a configuration.
MODEL = (world.__name__, actions.__name__)


def provenance(config: RunConfig, place: Place, threads: int, *measures: str, **figures: Any) -> dict[str, Any]:
    """The record of a run whose results the modules ``measures`` compute; ``figures`` are added unchanged."""
    return {
        "format": FORMAT,
        "contactsim": importlib.metadata.version("contactsim"),
        "commit": commit(),
        "digest": scientific_digest(config, place),
        "place_digest": place_digest(place),
        "model": model_digest(),
        "model_sources": run_code(config.actions, *measures),
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


def model_digest() -> str:
    """Digest of the code that simulates a world, without that of its measures."""
    return code_digest(*MODEL)


def run_code(sections: Mapping[str, ActionSection], *measures: str) -> str:
    """Digest of all code that decides a run's figures; see :func:`run_modules`."""
    return code_digest(*run_modules(sections, *measures))


def run_modules(sections: Mapping[str, ActionSection], *measures: str) -> list[str]:
    """The modules whose import closure decides a run's figures, sorted.

    Args:
        sections: the run's actions by name; a mechanism of another package counts with what it imports.
        measures: modules that compute the figures.
    """
    known = mechanisms()
    used = {kind for section in sections.values() for kind in section.kinds}
    return sorted({*MODEL, *measures, *(known[kind].__module__ for kind in used)})


@cache
def numbers_digest() -> str:
    """Digest of the version of the model's numbers (:data:`NUMBERS`) and the defaults of psychology and residents."""
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
