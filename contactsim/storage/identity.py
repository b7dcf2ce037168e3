"""Identity of results: digests of everything that decides a figure.

A stored figure is found again by a digest of its resolved configuration, of the contents of its place, and of the code
that computes it. That code is the *import closure* of the model and of the figure's measure: every module of this
package, and of a user's own code, that they import, directly or through others. It is read from the sources by their
syntax, so no list is maintained by hand, and a comment, a docstring or the layout of a line changes nothing.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contactsim.place.core import Place
from contactsim.storage.sources import Source, parse

#: Third-party packages whose version counts where the model imports them. For a user's own code all do.
NUMERICAL = {"numpy", "numba", "scipy", "statsmodels", "sklearn"}
_PACKAGE = __name__.partition(".")[0]
#: Time and size of a file: while both stay the same, a process takes the file as unchanged.
Stamp = tuple[int, int]
_PARSED: dict[Path, tuple[Stamp, Source]] = {}
_DIGESTS: dict[tuple[tuple[str, ...], tuple[str, ...], str], tuple[dict[Path, Stamp], str]] = {}


def digest_of(values: Any) -> str:
    """Hexadecimal digest (16 characters) of JSON-ready values, whatever the order of keys."""
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=8).hexdigest()


def canonical_json(values: Any) -> str:
    """JSON with sorted keys and no blanks; NumPy's numbers become plain ones."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=float)


def place_digest(place: Place) -> str:
    """Digest of a place's contents: groups, counts and areas, whatever file they were read from."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(json.dumps([place.groups, [(level.name, level.codes) for level in place.levels]]).encode())
    for array in (place.counts, *(level.area_of_output_area for level in place.levels)):
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()


def code_digest(*modules: str) -> str:
    """Digest of the code of these modules' import closure, and of the versions of numerical packages that it imports.

    The sources are those on the disk at the time of the call; each version of a file is parsed once. Raises
    ModuleNotFoundError as :func:`closure` does.
    """
    key = modules, tuple(sys.path), str(Path.cwd())  # where a module's name leads to
    known = _DIGESTS.get(key)
    if known is not None and all(_stamp(path) == stamp for path, stamp in known[0].items()):
        return known[1]
    walk = _Walk(modules)
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(walk.found):
        digest.update(name.encode() + walk.source(name).digest)
    for package in sorted(walk.packages):
        digest.update(f"{package} {_version(package)}".encode())
    _DIGESTS[key] = walk.stamps, digest.hexdigest()
    return digest.hexdigest()


def closure(*modules: str) -> list[str]:
    """The named modules and all that they import, directly or through others; sorted.

    Only modules of this package and of a user's own code: Python sources outside of ``site-packages`` and the standard
    library, and the package that a named module belongs to. Imports inside functions count, those under ``if
    TYPE_CHECKING`` do not. A parent package counts with what its ``__init__`` imports when it is loaded, and with what
    it imports inside functions only where a name is taken from the package itself.

    Raises ModuleNotFoundError for a named module that has no Python source.
    """
    return sorted(_Walk(modules).found)


class _Walk:
    """The closure of some modules."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self.found: dict[str, bool] = {}
        """modules, and whether something is taken from them (else they are merely loaded, as a parent is)"""
        self.packages: set[str] = set()
        """third-party packages whose version counts"""
        self.stamps: dict[Path, Stamp] = {}
        """the sources that were read"""
        self._tops: dict[str, Path | None] = {}
        self._own = {name.partition(".")[0] for name in modules}
        for name in modules:
            if self._path(name) is None:
                raise ModuleNotFoundError(f"there is no Python source of a module named {name!r}")
            self._add(name, True)

    def source(self, name: str) -> Source:
        """The parsed source of a module of the closure."""
        path = self._path(name)
        assert path is not None
        if path.is_dir():  # a package without a source of its own
            return parse(b"", True)
        stamp = self.stamps[path] = _stamp(path)
        known = _PARSED.get(path)
        if known is None or known[0] != stamp:
            known = _PARSED[path] = stamp, parse(read(path), path.name == "__init__.py")
        return known[1]

    def _add(self, name: str, used: bool) -> None:
        waiting = [(name, used)]
        while waiting:
            name, used = waiting.pop()
            if name in self.found and self.found[name] >= used:
                continue
            if self._path(name) is None:
                continue
            self.found[name] = used
            parent = name.rpartition(".")[0]
            if parent:
                waiting.append((parent, False))
            waiting += self._imports(name, used)

    def _imports(self, name: str, used: bool) -> Iterator[tuple[str, bool]]:
        source = self.source(name)
        for one in (*source.loaded, *(source.inner if used else ())):
            base = one.absolute(name, source.package)
            top = base.partition(".")[0]
            if self._top(top) is None:
                if top in NUMERICAL or name.partition(".")[0] != _PACKAGE:
                    self.packages |= {top} - sys.stdlib_module_names
                continue
            modules = [inside for inside in (f"{base}.{word}" for word in one.names) if self._path(inside) is not None]
            yield base, len(modules) < len(one.names) or not one.names
            yield from ((inside, True) for inside in modules)

    def _path(self, name: str) -> Path | None:
        """The source of a module, or the folder of a package that has none; None for what is not to be followed."""
        top, *rest = name.split(".")
        place = self._top(top)
        if place is None or not rest:
            return place / "__init__.py" if place is not None and (place / "__init__.py").is_file() else place
        inside = place.joinpath(*rest)
        for path in (inside / "__init__.py", inside.with_name(f"{inside.name}.py")):
            if path.is_file():
                return path
        return inside if inside.is_dir() else None

    def _top(self, top: str) -> Path | None:
        """The folder or file of a package or module at the top; None for the libraries."""
        if top not in self._tops:
            self._tops[top] = None if top in sys.stdlib_module_names else _locate(top, top in self._own)
        return self._tops[top]


def read(path: Path) -> bytes:
    """A source's text."""
    return path.read_bytes()


def _stamp(path: Path) -> Stamp:
    try:
        fact = path.stat()
    except OSError:
        return 0, 0
    return fact.st_mtime_ns, fact.st_size


def _locate(top: str, installed_too: bool) -> Path | None:
    if top == _PACKAGE:
        return Path(__file__).parents[1]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    path = Path(folders[0]) if folders else Path(spec.origin or "")
    source = path.is_dir() or path.suffix == ".py"
    installed = bool({"site-packages", "dist-packages"} & set(path.parts))
    return path if source and (installed_too or not installed) else None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
