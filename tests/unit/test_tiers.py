"""Tests are in the tier that CONTRIBUTING.md describes: unit tests start no other process and do not wait."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROCESSES = re.compile(r"(?m)^\s*(?:import|from) (?:subprocess|multiprocessing|concurrent\.futures|distributed|dask)\b"
                       r"|\btime\.sleep[(]")


def test_every_tier_is_described() -> None:
    tiers = {path.name for path in TESTS.iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    described = re.findall(r"(?m)^\| `tests/(\w+)` \|", (TESTS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert sorted(described) == sorted(tiers)


@pytest.mark.parametrize("path", sorted((TESTS / "unit").glob("test_*.py")), ids=lambda path: path.stem)
def test_unit_tests_start_no_process_and_do_not_wait(path: Path) -> None:
    assert PROCESSES.search(path.read_text(encoding="utf-8")) is None, "this belongs to tests/integration"


def test_what_is_looked_for_is_found() -> None:
    assert PROCESSES.search("    import subprocess\n") and PROCESSES.search("    time." + "sleep(1)")
    assert PROCESSES.search("# subprocess") is None
