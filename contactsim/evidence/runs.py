"""Running the ledger: what a store lacks is lived by processes side by side, one seed at a time each.

Every unit is stored by the process that lived it as soon as it is there (see :mod:`contactsim.evidence.shelf`): a
replay that is killed goes on where it was, losing the units in flight at most, and two at once do no harm.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from contactsim.errors import UserError
from contactsim.evidence import shelf, unit
from contactsim.evidence.ledger import Finding, Folder
from contactsim.evidence.shelf import Figures, Lived, Unit
from contactsim.parameters import ModelParameters
from contactsim.sweep.local import GOES_ON, processors
from contactsim.sweep.store import Store
from contactsim.sweep.sweeping import PACK_EVERY

#: Called with how many units are done and how many there are.
Progress = Callable[[int, int], None]
#: Times that units are lived which vanish from the store meanwhile, as by another replay's ``--no-cache``.
_TIMES = 3


@dataclass(frozen=True)
class Chunk:
    """What a process does in one go: units that share what is lived for them."""

    live: Callable[..., Iterator[tuple[Unit, Lived]]]
    """called with the units that are lacking and ``arguments``; takes a unit when it is about to live it"""
    units: list[Unit]
    arguments: tuple[Any, ...]


def seeds_of(folder: Folder, sample: str) -> range:
    """Seeds of a sample."""
    return range(folder.first_seed, folder.first_seed + folder.samples[sample].seeds)  # type: ignore[index]


def run(findings: Sequence[tuple[Folder, Finding]], base: ModelParameters, sample: str, store: Path,
        jobs: int | None = None, progress: Progress | None = None) -> Mapping[str, list[Figures]]:
    """Every finding's figures by id, one for each seed."""
    units = {finding.id: unit.of_seeds(finding, base, folder.residents(finding, sample), seeds_of(folder, sample))
             for folder, finding in findings}
    by_seed: dict[int, list[Unit]] = {}
    for of_finding in units.values():
        for one in of_finding:
            by_seed.setdefault(one.seed, []).append(one)
    by_id = {finding.id: finding for _, finding in findings}
    found = live([Chunk(unit.live_seed, of_seed, (base, seed, by_id)) for seed, of_seed in by_seed.items()], store,
                 jobs, progress)
    return {name: [found[one.id].figures for one in of_finding] for name, of_finding in units.items()}


def live(chunks: Sequence[Chunk], store: Path, jobs: int | None = None,
         progress: Progress | None = None) -> dict[str, Lived]:
    """What the chunks' units came to, by id; those that ``store`` lacks are lived first. Raises UserError."""
    folder = Store(store, missing=True)
    ids = {one.id for chunk in chunks for one in chunk.units}
    found, damaged = shelf.read(folder, ids)
    for _ in range(_TIMES):
        lacking = [replace(chunk, units=[one for one in chunk.units if one.id not in found]) for chunk in chunks]
        lacking = [chunk for chunk in lacking if chunk.units]
        if not lacking:
            return found
        folder.set_aside(damaged)
        folder.prepare()
        # the longest first, so that no process is left alone with one at the end
        spread(folder, sorted(lacking, key=lambda chunk: -len(chunk.units)), jobs, progress)
        found, damaged = shelf.read(folder, ids)
    if len(found) < len(ids):
        raise UserError(f"{len(ids) - len(found)} figures vanish from {folder.path} again and again: does another "
                        f"replay forget them (--no-cache)?")
    return found


def spread(store: Store, chunks: Sequence[Chunk], jobs: int | None, progress: Progress | None) -> None:
    """Run chunks in processes of their own (in this one, for one job); an error stops the rest."""
    total, done, packed = sum(len(chunk.units) for chunk in chunks), 0, 0
    tell = progress or (lambda done, total: None)
    tell(0, total)
    jobs = min(jobs or processors(), len(chunks))
    with closing(_here(store, chunks) if jobs <= 1 else _beside(store, chunks, jobs)) as ended:
        for chunk in ended:
            done += len(chunk.units)
            tell(done, total)
            if done - packed >= PACK_EVERY:
                packed = done
                with store.writing():
                    store.pack(at_least=PACK_EVERY // 2)
    with store.writing():
        store.pack()


def _here(store: Store, chunks: Sequence[Chunk]) -> Generator[Chunk, None, None]:
    for chunk in chunks:
        do(store.path, chunk)
        yield chunk


def _beside(store: Store, chunks: Sequence[Chunk], jobs: int) -> Generator[Chunk, None, None]:
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with closing(ours), ProcessPoolExecutor(jobs, context, _end_with, (theirs,)) as pool:
        of: dict[Future[None], Chunk] = {pool.submit(do, store.path, chunk): chunk for chunk in chunks}
        left = set(of)
        try:
            while left:
                finished, left = wait(left, return_when=FIRST_COMPLETED)
                for one in finished:
                    one.result()
                    yield of[one]
        except BrokenProcessPool:
            raise UserError(f"A process of this replay died, killed or out of memory. {GOES_ON}") from None
        except BaseException:
            ours.close()
            raise


def do(store: Path, chunk: Chunk) -> None:
    """Live what a store lacks of a chunk and store each unit as soon as it is there: what a process of its own does."""
    folder = Store(store)
    began = time.perf_counter()
    for one, lived in chunk.live((one for one in chunk.units if not shelf.has(folder, one)), *chunk.arguments):
        shelf.keep(folder, one, lived, time.perf_counter() - began)
        began = time.perf_counter()


def _end_with(other_end: Connection) -> None:
    """End this process when the other end of a pipe is closed: by a replay that stops, or as it is killed.

    A pool's own processes would first end what they are at, or wait for work for ever.
    """
    def watch() -> None:
        with suppress(EOFError, OSError):
            other_end.recv()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
