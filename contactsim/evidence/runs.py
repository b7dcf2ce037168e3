"""Running the ledger: what a store lacks is lived by processes side by side, one seed at a time each.

A store is a folder of small files, each written whole under the digest of what decides it (see
:mod:`contactsim.evidence.unit`): a replay that is killed goes on where it was, and two at once do no harm.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import platformdirs

from contactsim.evidence import unit
from contactsim.evidence.ledger import Finding, Folder
from contactsim.parameters import ModelParameters

#: Called with how many units are done and how many there are.
Progress = Callable[[int, int], None]
#: What a process does, with what, and how many units that is.
Chunk = tuple[Callable[..., Any], tuple[Any, ...], int]


def store_folder() -> Path:
    """Where figures are kept."""
    return Path(platformdirs.user_cache_dir("contactsim")) / "replays"


def forget(store: Path) -> None:
    """Delete a store's figures, and nothing else that may lie in the folder."""
    for file in store.glob("*.json"):
        if re.fullmatch(r"[0-9a-f]{16}", file.stem):
            file.unlink(missing_ok=True)


def seeds_of(folder: Folder, sample: str) -> range:
    """Seeds of a sample."""
    return range(folder.first_seed, folder.first_seed + folder.samples[sample].seeds)  # type: ignore[index]


def run(findings: Sequence[tuple[Folder, Finding]], base: ModelParameters, sample: str, store: Path,
        jobs: int | None = None, progress: Progress | None = None) -> Mapping[str, list[unit.Figures]]:
    """Every finding's figures by id, one for each seed."""
    names: dict[tuple[str, int], str] = {}
    lacking: dict[int, list[tuple[Finding, int, str]]] = {}
    for folder, finding in findings:
        residents = folder.residents(finding, sample)
        for seed in seeds_of(folder, sample):
            name = names[finding.id, seed] = unit.name_of(finding, base, residents, seed)
            if unit.kept(store, name) is None:
                lacking.setdefault(seed, []).append((finding, residents, name))
    chunks: list[Chunk] = [
        (unit.live_seed, (str(store), base, seed, work), len(work)) for seed, work in lacking.items()]
    # the longest first, so that no process is left alone with one at the end
    chunks.sort(key=lambda chunk: -chunk[2])
    spread(chunks, jobs, progress)
    return {finding.id: [read(store, names[finding.id, seed]) for seed in seeds_of(folder, sample)]
            for folder, finding in findings}


def read(store: Path, name: str) -> unit.Figures:
    found = unit.kept(store, name)
    assert found is not None, "a unit that was just run is in the store"
    return found


def spread(chunks: list[Chunk], jobs: int | None, progress: Progress | None) -> None:
    """Run chunks in processes of their own (in this one, for one job); an error stops the rest."""
    total, done = sum(size for *_, size in chunks), 0
    tell = progress or (lambda done, total: None)
    tell(0, total)
    jobs = min(jobs or os.cpu_count() or 1, len(chunks))
    if jobs <= 1:
        for work, arguments, size in chunks:
            work(*arguments)
            done += size
            tell(done, total)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _end_with_parent) as pool:
        sizes: dict[Future[Any], int] = {pool.submit(work, *arguments): size for work, arguments, size in chunks}
        left = set(sizes)
        try:
            while left:
                finished, left = wait(left, return_when=FIRST_COMPLETED)
                for one in finished:
                    one.result()
                    done += sizes[one]
                    tell(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """A replay that is killed takes its processes along: a pool's own would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a process of the pool"

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
