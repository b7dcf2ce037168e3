"""The steps that are written in LLVM by hand, and the plain ones in their place, give the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from contactsim import compiled

ROOT = Path(__file__).parents[2]

#: Runs a small world of two groups and one of four, with sessions, and prints a digest of all columns.
RUN = """
import hashlib
import numpy as np
from contactsim import compiled
from tests.worlds import columns_of, four_groups, make_parameters, make_world, odd_psychology, session, two_groups

digest = hashlib.blake2b(digest_size=16)
for place in (two_groups(), four_groups()):
    world = make_world(place, make_parameters(psychology=odd_psychology(1)), seed=5)
    for week in range(4):
        world.step()
        world.convene(session(np.flatnonzero(world.people.active)[week::3], name=f"s{week}"), None)
    for name, column in sorted(columns_of(world).items()):
        digest.update(name.encode() + np.ascontiguousarray(column).tobytes())
plain = compiled.ahead is compiled._plain_ahead and compiled.sized is compiled._plain_sized
print("plain" if plain else "by hand", digest.hexdigest())
"""


def run(plain: str) -> tuple[str, str]:
    """Which steps a process took, and the digest of its worlds."""
    env = {**os.environ, "CONTACTSIM_PLAIN_KERNELS": plain}
    done = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    kind, digest = done.stdout.strip().rsplit(" ", 1)
    return kind, digest


def test_both_give_the_same_bits() -> None:
    by_hand, plain = run("0"), run("1")
    assert (by_hand[0], plain[0]) == ("by hand", "plain")
    assert by_hand[1] == plain[1]


def test_plain_kernels_have_a_cache_folder_of_their_own() -> None:
    assert compiled._cache_folder(plain=True) != compiled._cache_folder(plain=False)


def _refused(typing: Any, array: Any, row: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        raise AttributeError("an older or newer Numba has no such function")

    return types.void(array, row), generate


def _misspelt(typing: Any, array: Any, row: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
        builder.call(ir.Function(builder.module, kind, "llvm.prefetch.p0i8"), [ir.IntType(32)(0)])
        return context.get_dummy_value()

    return types.void(array, row), generate


def _wrong(typing: Any, array: Any, inner: Any) -> Any:
    """The array with a wrong length of its inner axis: it can be built and reads the wrong element."""
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = context.make_array(signature.args[0])(context, builder, arguments[0])
        found.shape = builder.insert_value(found.shape, context.get_constant(types.intp, 1), 1)
        return found._getvalue()

    return array(array, inner), generate


def test_a_step_that_cannot_be_built_is_noticed() -> None:
    ahead, sized = intrinsic(compiled._ahead), intrinsic(compiled._sized)
    assert compiled._can_be_built(ahead, sized)
    assert not compiled._can_be_built(intrinsic(_refused), sized)
    assert not compiled._can_be_built(intrinsic(_misspelt), sized)
    assert not compiled._can_be_built(ahead, intrinsic(_wrong))


def test_what_cannot_be_built_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_FOLDER", None)  # put back at the end
    monkeypatch.setattr(compiled, "_known_to_build", lambda ahead, sized: False)
    assert compiled._steps() == (compiled._plain_ahead, compiled._plain_sized)
    assert compiled._cache_folder(plain=True) == compiled._FOLDER


@pytest.mark.parametrize(("version", "tested"), [
    ("0.60.9", False), ("0.61.0", True), ("0.68.1", True), ("0.69.0rc1", False), ("1.0.0", False)])
def test_versions_outside_the_range_take_the_plain_steps(version: str, tested: bool) -> None:
    assert compiled._numba_is_tested(version) == tested


def test_the_range_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (low, high) = (".".join(map(str, version)) for version in compiled.TESTED_NUMBA)
    assert f"numba>={low},<{high}" in project["dependencies"]
