"""Fixtures for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactsim import compiled

_CENSUS = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _nothing_about_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands print the same whether or not the kernels are compiled yet."""
    monkeypatch.setattr(compiled, "cache_is_cold", lambda: False)


@pytest.fixture(scope="session")
def census() -> Path:
    """The folder of census tables beside the checkout; the test is skipped where it is absent."""
    if not _CENSUS.is_dir():
        pytest.skip("REAL CENSUS TABLES ARE ABSENT: no ../shared/data beside this checkout, not tested")
    return _CENSUS
