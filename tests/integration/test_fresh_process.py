"""The same bits in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.test_contract import digest, eventful

ROOT = Path(__file__).parents[2]


def test_a_fresh_process_gives_the_same_bits() -> None:
    """With other salts for Python's own hashes and another number of threads."""
    code = "from tests.unit.test_contract import digest, eventful; print(digest(eventful(threads=2)))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True,
                         env={**os.environ, "PYTHONHASHSEED": "77"})
    assert out.stdout.strip() == digest(eventful())
