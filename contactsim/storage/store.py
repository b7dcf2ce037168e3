"""A store of many runs: a folder of Parquet files with one row per run, without a server.

``runs/ID.DIGEST.parquet`` holds one run (``ID.failed.DIGEST.parquet`` a failure). The process that simulated the run
writes it under a temporary name, flushes it and renames it, so that the file is complete or absent. From time to time
small files are compacted into ``compacted/``, with many rows per file, and then removed; a run that is in both places
for a moment counts once. Therefore 2,000 small runs end as a handful of files, a kill loses only the run in progress,
and processes on several machines need no lock. Files are never changed in place.

The name of every file contains the digest of its bytes. A reader checks each file once, whichever columns it needs: a
damaged file is an error with its name, never a table with fewer rows.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contactsim.errors import UserError
from contactsim.storage.atomic import new_file, remove_leftovers
from contactsim.storage.schema import CATALOGUE, OK, SCHEMA

#: Version of the layout.
FORMAT = 3
#: Maximum size of a compacted file in bytes, and the size from which a file is left as it is: to rewrite large files
#: again and again would cost more than many runs do.
COMPACTED, LARGE = 32_000_000, 4_000_000
_FAILED = ".failed"
#: Files that this process has checked, with their time and size.
_CHECKED: set[tuple[Path, int, int]] = set()


class Store:
    """A folder of runs. Reading is safe while others write."""

    def __init__(self, path: Path | str, missing: bool = False) -> None:
        """Open a store; with ``missing``, one that does not exist yet counts as empty. Raises UserError."""
        self.path = Path(path).expanduser()
        self.runs, self.compacted = self.path / "runs", self.path / "compacted"
        self.experiments, self.places = self.path / "experiments", self.path / "places"
        if missing and not self.exists():
            self._check_free()
        else:
            self._check()

    def exists(self) -> bool:
        """Whether the store exists."""
        return (self.path / "store.json").is_file()

    def _check_free(self) -> None:
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise UserError(f"store={self.path} exists and is no store of contactsim: choose another folder.")

    def _create(self) -> None:
        with self.writing():
            text = json.dumps({"kind": "contactsim store", "format": FORMAT}) + "\n"
            with new_file(self.path / "store.json") as partial:
                partial.write_text(text, encoding="utf-8")

    def _check(self) -> None:
        if not self.exists():
            raise UserError(f"{self.path} is no store of contactsim: it has no store.json.")
        try:
            found = json.loads((self.path / "store.json").read_text(encoding="utf-8"))["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{self.path / 'store.json'} is damaged ({error}); the runs in the folder are not touched: "
                            f"copy the file from another store of this version.") from None
        if found != FORMAT:
            raise UserError(f"{self.path} is a store of format {found}; this version of contactsim reads and writes "
                            f"format {FORMAT}: choose another folder, or use the version that made it.")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Turn an error of the disk into one sentence. Raises UserError."""
        try:
            yield
        except OSError as error:
            hint = {errno.ENOSPC: "free some space and give the same command again",
                    errno.EDQUOT: "free some space and give the same command again"}.get(
                        error.errno or 0, "it must be a folder that you may write to")
            raise UserError(f"store={self.path} cannot be written: {error.strerror or error}; what is stored already "
                            f"is complete ({hint}).") from None

    def prepare(self) -> None:
        """Create the store if it does not exist, test whether it can be written, and remove unfinished files.

        Raises UserError.
        """
        if not self.exists():
            self._create()
        with self.writing():
            for folder in (self.runs, self.compacted, self.experiments, self.places):
                folder.mkdir(parents=True, exist_ok=True)
                remove_leftovers(folder)
            with new_file(self.runs / ".test") as partial:
                partial.write_text("x" * 4096, encoding="utf-8")
            (self.runs / ".test").unlink(missing_ok=True)

    def write(self, table: pa.Table) -> None:
        """Write the row of one run under its name, atomically, and remove its earlier failures. Raises OSError."""
        name, ok = table["id"][0].as_py(), table["status"][0].as_py() == OK
        failures = [path for path in self.runs.glob(f"{name}{_FAILED}.*") if not path.name.startswith(".")]
        content = _parquet_bytes(table)
        target = self.runs / f"{name}{'' if ok else _FAILED}.{_bytes_digest(content)}.parquet"
        with new_file(target) as partial:
            partial.write_bytes(content)
        for path in failures:
            if path != target:
                path.unlink(missing_ok=True)

    def catalogue(self) -> pa.Table:
        """Every run once, sorted by id, without results; a success has precedence over failures. Raises UserError."""
        return self.read(CATALOGUE)

    def read(self, columns: Iterable[str], ids: Collection[str] | None = None) -> pa.Table:
        """The chosen columns of every run once (or of ``ids``), sorted by id.

        Raises UserError for a damaged file, whether or not it holds these runs, and for one that disappears.
        """
        table, damaged = self.read_undamaged(columns, ids)
        for name, why in damaged.items():
            more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
            raise UserError(f"{self.path / name} is damaged{more}: {why}. No results are read while its runs are "
                            f"missing: repeat the command that made them, which quarantines the file and simulates "
                            f"them again, or move the file out of the store.")
        return table

    def read_undamaged(self, columns: Iterable[str],
                       ids: Collection[str] | None = None) -> tuple[pa.Table, dict[str, str]]:
        """As :meth:`read`, but skip damaged files and return them as {name: reason}; for planning."""
        wanted = list(dict.fromkeys(["id", "status", "keep", *columns]))
        for _ in range(5):
            with contextlib.suppress(_MovedError):
                table, damaged = self._read_all(wanted, ids)
                table = self._once(table)
                return table.select([name for name in SCHEMA.names if name in set(columns) | {"id"}]), damaged
        raise UserError(f"{self.path} changes too fast to be read: try again when fewer sweeps write to it.")

    def _read_all(self, columns: list[str], ids: Collection[str] | None) -> tuple[pa.Table, dict[str, str]]:
        damaged: dict[str, str] = {}
        known = pa.array(sorted(ids)) if ids is not None else None
        parts = [SCHEMA.empty_table().select(columns)]
        # single runs first: a run that is compacted meanwhile is then found in the compacted file
        for path in [*_parquet(self.runs), *_parquet(self.compacted)]:
            if ids is not None and path.parent == self.runs and path.name.split(".")[0] not in ids:
                continue
            try:
                self._check_bytes(path)
                part = _read(path, columns, known)
            except FileNotFoundError:
                if path.parent == self.compacted:
                    raise _MovedError from None
                continue
            except (OSError, ValueError, pa.ArrowException) as error:
                damaged[path.relative_to(self.path).as_posix()] = str(error).splitlines()[0][:160].rstrip(".")
                continue
            if part.num_rows:
                parts.append(part)
        return pa.concat_tables(parts), damaged

    def _check_bytes(self, path: Path) -> None:
        """Check once that a file has the bytes that were written. Raises OSError, ValueError or ArrowException."""
        fact = path.stat()
        known = path.absolute(), fact.st_mtime_ns, fact.st_size
        if known not in _CHECKED:
            if _bytes_digest(path.read_bytes()) != path.stem.rpartition(".")[2]:
                raise ValueError("its bytes are not those that were written")
            _CHECKED.add(known)

    @staticmethod
    def _once(table: pa.Table) -> pa.Table:
        if not table.num_rows:
            return table
        rank = pc.add(pc.multiply(pc.cast(pc.equal(table["status"], OK), pa.int32()), 100),
                      pc.cast(pc.fill_null(pc.list_value_length(table["keep"]), 0), pa.int32()))
        order = pc.sort_indices(pa.table({"id": table["id"], "rank": rank}),
                                sort_keys=[("id", "ascending"), ("rank", "descending")])
        table = table.take(order)
        ids = table["id"].to_pylist()
        return table.filter(pa.array([k == 0 or ids[k - 1] != name for k, name in enumerate(ids)]))

    def has(self, name: str) -> bool:
        """Whether the store holds a success of this identity, perhaps written by another process a moment ago."""
        table, _ = self.read_undamaged(["status"], {name})
        return OK in table["status"].to_pylist()

    def quarantine(self, damaged: Iterable[str]) -> list[str]:
        """Move damaged files (see :meth:`read_undamaged`) to ``quarantined/``, with a message; returns those moved."""
        moved, folder = [], self.path / "quarantined"
        with self.writing():
            for name in damaged:
                folder.mkdir(exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # another process has moved it
                    (self.path / name).replace(folder / Path(name).name)
                    moved.append(name)
        for name in moved:
            print(f"contactsim: {self.path / name} is damaged: it was moved to {folder}, and its runs are simulated "
                  f"again", file=sys.stderr)
        return moved

    def forget(self, measure: str) -> None:
        """Remove all rows of a measure and no others. Raises UserError.

        No other row is lost if it is killed. A process that compacts at the same time may restore some of the rows.
        """
        with self.writing():
            for path in [*_parquet(self.runs), *_parquet(self.compacted)]:
                with contextlib.suppress(FileNotFoundError, ValueError, pa.ArrowException):  # gone, or damaged
                    self._forget(path, measure)

    def _forget(self, path: Path, measure: str) -> None:
        self._check_bytes(path)
        of_others = pc.fill_null(pc.not_equal(_read(path, ["measure"])["measure"], measure), True)
        if pc.all(of_others).as_py():
            return
        if pc.any(of_others).as_py():
            self._write_compacted(_read(path, SCHEMA.names).filter(of_others))
        path.unlink()

    def _write_compacted(self, table: pa.Table) -> Path:
        content = _parquet_bytes(table)
        target = self.compacted / f"{_bytes_digest(content)}.parquet"
        with new_file(target) as partial:
            partial.write_bytes(content)
        return target

    def compact(self, at_least: int = 2) -> int:
        """Merge small files if there are ``at_least`` that many; returns the number of files merged.

        Safe at any moment and while others write: the compacted file is complete before its parts are removed.
        """
        return sum(self._compact(group) for group in self._groups() if len(group) >= at_least)

    def _groups(self) -> Iterator[list[tuple[Path, os.stat_result]]]:
        """Files to be merged into one of at most COMPACTED bytes."""
        group: list[tuple[Path, os.stat_result]] = []
        size = 0
        for path in [*_parquet(self.runs), *_parquet(self.compacted)]:
            with contextlib.suppress(FileNotFoundError):
                fact = path.stat()
                if fact.st_size > LARGE:
                    continue
                if size + fact.st_size > COMPACTED:
                    yield group
                    group, size = [], 0
                group.append((path, fact))
                size += fact.st_size
        yield group

    def _compact(self, group: list[tuple[Path, os.stat_result]]) -> int:
        parts, read = [], []
        for path, fact in group:
            try:
                self._check_bytes(path)
                parts.append(_read(path, SCHEMA.names))
                read.append((path, fact))
            except (OSError, ValueError, pa.ArrowException):
                continue  # compacted by another process, or damaged: left where it is
        if len(parts) < 2:
            return 0
        target = self._write_compacted(self._once(pa.concat_tables(parts)))
        for path, fact in read:
            with contextlib.suppress(FileNotFoundError):
                if path != target and path.stat().st_mtime_ns == fact.st_mtime_ns:
                    path.unlink()
        return len(parts)


class _MovedError(Exception):
    """A compacted file was merged into another one before it could be read."""


def _parquet(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))


def _parquet_bytes(table: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(table, out, compression="zstd", row_group_size=64)
    content: bytes = out.getvalue().to_pybytes()
    return content


def _bytes_digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _read(path: Path, columns: list[str], ids: pa.Array | None = None) -> pa.Table:
    # Arrow's own file: its threads would release a Python file late, and abort a process that is ending by then
    with pa.OSFile(str(path), "rb") as file:
        parquet = pq.ParquetFile(file)
        if parquet.schema_arrow.names != SCHEMA.names:
            raise ValueError("it has other columns than a store of this version")
        if ids is None:
            return parquet.read(columns=columns).select(columns).cast(_schema(columns))
        parts = []
        for group in range(parquet.num_row_groups):
            there = pc.is_in(parquet.read_row_group(group, columns=["id"])["id"], ids)
            if pc.any(there).as_py():
                part = parquet.read_row_group(group, columns=columns).filter(there)
                parts.append(part.select(columns).cast(_schema(columns)))
        return pa.concat_tables(parts) if parts else _schema(columns).empty_table()


def _schema(columns: list[str]) -> Any:
    return pa.schema([SCHEMA.field(name) for name in columns])
