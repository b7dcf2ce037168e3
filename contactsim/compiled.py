"""Compiled kernels: one decorator, and a cache that notices an edit in any kernel file.

Numba's own cache checks only the file of the function itself, so an edit of a helper in another file would leave stale
machine code. The name of the cache folder therefore contains a digest of all kernel sources.

Two steps of the kernels, :data:`ahead` and :data:`sized`, are written in LLVM. They make kernels faster and change no
bit. Plain versions replace them if ``CONTACTSIM_PLAIN_KERNELS=1`` is set, if the version of Numba is not one of those
tested, or if they cannot be built.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba
import numpy as np
import platformdirs
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic
from numpy.typing import NDArray

_ROOT = Path(__file__).parent
#: Every file with a compiled function, and every file from which one takes a constant or the fields of a tuple, since
#: these become part of the compiled code. A test checks that the list is complete.
KERNEL_SOURCES = (
    "compiled.py",
    "draws.py",
    "psychology.py",
    "residents.py",
    "encounters/arrays.py",
    "encounters/appraisal.py",
    "encounters/meeting.py",
    "encounters/learning.py",
    "encounters/ties.py",
    "settings/pairing.py",
    "observers/weekly.py",
)


def sources_digest() -> str:
    """Hexadecimal digest of all kernel sources and of Numba's version (16 characters)."""
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for name in KERNEL_SOURCES:
        digest.update((_ROOT / name).read_bytes())
    return digest.hexdigest()


def _cache_folder(plain: bool) -> str | None:
    """The folder for this version of the kernels, or None where nothing can be written."""
    name = f"kernels-{sources_digest()}{'-plain' if plain else ''}"
    folder = Path(platformdirs.user_cache_dir("contactsim")) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
    except OSError:
        return None
    return str(folder)


#: Versions of Numba with which the hand-written steps are tested: from the first, up to but excluding the second.
TESTED_NUMBA = ((0, 61), (0, 69))


def _numba_is_tested(version: str) -> bool:
    major, minor = version.split(".")[:2]
    return TESTED_NUMBA[0] <= (int(major), int(minor)) < TESTED_NUMBA[1]


_PLAIN = os.environ.get("CONTACTSIM_PLAIN_KERNELS") == "1" or not _numba_is_tested(numba.__version__)
_FOLDER = _cache_folder(_PLAIN)


def cache_is_cold() -> bool:
    """Whether no kernel of this version is compiled yet: the first run will take up to a minute longer."""
    return _FOLDER is None or not any(Path(_FOLDER).rglob("*.nbi"))


def _compile(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    before = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = _FOLDER or before  # type: ignore[attr-defined]
    try:
        options |= {"nogil": True, "cache": _FOLDER is not None, "error_model": "numpy", "_nrt": False,
                    "no_cfunc_wrapper": True}
        return numba.njit(**options)(function)
    finally:
        config.CACHE_DIR = before  # type: ignore[attr-defined]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function`` (serial, without the interpreter lock, IEEE arithmetic without fast-math).

    A kernel allocates nothing; all arrays are arguments. Numba therefore need not count references to them, which took
    a fifth of the time of a meeting (``_nrt=False``).

    Parallel work is done by calling a kernel on disjoint ranges from several Python threads
    (:class:`Threads`), so no Numba threading layer is involved.
    """
    return _compile(function)


class _Step(CPUDispatcher):  # type: ignore[misc]
    """A function that only kernels can call, since there is no code that takes its arguments from Python objects."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"{self.py_func.__name__} is a step of kernels and cannot be called from Python")


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a step of a kernel into its callers, since passing tuples of arrays costs more than the step itself.

    Python cannot call it: code that takes some forty arrays from Python objects is half of what there is to compile.
    """
    step = _compile(function, forceinline=True, no_cpython_wrapper=True)
    step.__class__ = _Step  # type: ignore[assignment]
    return step


def inlined_and_callable(function: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`inlined`, for small functions of numbers that Python calls, too."""
    return _compile(function, forceinline=True)


def _ahead(typing, array, row):  # type: ignore[no-untyped-def]
    """Prefetch a row of an array that will soon be needed. This changes running time only.

    A processor cannot predict which row comes next where rows are visited in random order.
    """
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        found = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = builder.extract_value(found.strides, 0)
        start = builder.bitcast(found.data, ir.IntType(8).as_pointer())
        address = builder.gep(start, [builder.mul(arguments[1], stride)])
        number = ir.IntType(32)
        prefetch = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [address.type, number, number, number]),
            "llvm.prefetch.p0i8")
        builder.call(prefetch, [address, number(0), number(3), number(1)])  # to read, into the nearest cache, data
        return context.get_dummy_value()

    return types.void(array, row), generate


def _sized(typing, array, inner):  # type: ignore[no-untyped-def]
    """The array with the lengths of its inner axes known at compile time, which makes the address of a row cheaper.

    ``inner`` must be the lengths that the array has, and its inner axes must lie in order without gaps; this is not
    checked.
    """
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        found = context.make_array(signature.args[0])(context, builder, arguments[0])
        lengths = cgutils.unpack_tuple(builder, arguments[1])
        stride = found.itemsize
        for axis, length in reversed([*enumerate(lengths, start=1)]):
            found.shape = builder.insert_value(found.shape, length, axis)
            found.strides = builder.insert_value(found.strides, stride, axis)
            stride = builder.mul(stride, length)
        return found._getvalue()

    return array(array, inner), generate


@inlined
def _plain_ahead(array, row):  # type: ignore[no-untyped-def]
    """Do nothing: :func:`_ahead` changes running time only."""


@inlined
def _plain_sized(array, inner):  # type: ignore[no-untyped-def]
    """The array itself, whose lengths are those that :func:`_sized` receives."""
    return array


def _can_be_built(ahead: Any, sized: Any) -> bool:
    """Whether a kernel with these two steps can be built on this machine and reads the right element."""
    def second(array):  # type: ignore[no-untyped-def]
        ahead(array, 1)
        return sized(array, (2,))[1, 0]

    options: dict[str, Any] = {"_nrt": False}
    try:
        return bool(numba.njit(**options)(second)(np.array([[1.0, 2.0], [3.0, 4.0]])) == 3.0)
    except Exception:  # whatever a compiler raises: the plain versions do not need it
        return False


def _known_to_build(ahead: Any, sized: Any) -> bool:
    """As :func:`_can_be_built`; a success is recorded in the cache folder, since the test takes two seconds."""
    note = Path(_FOLDER) / f".built-{platform.machine()}" if _FOLDER else None
    if note and note.exists():
        return True
    built = _can_be_built(ahead, sized)
    if built and note:
        note.touch()
    return built


def _steps() -> tuple[Any, Any]:
    """The hand-written ``ahead`` and ``sized`` if they are allowed and can be built, else the plain versions."""
    global _FOLDER
    by_hand = intrinsic(_ahead), intrinsic(_sized)
    if not _PLAIN and _known_to_build(*by_hand):
        return by_hand
    _FOLDER = _cache_folder(plain=True)
    return _plain_ahead, _plain_sized


#: In a kernel: ``ahead(array, row)`` and ``array = sized(array, (G, 4))``.
ahead, sized = _steps()


def _processors() -> int:
    """Number of processors that this process may use (1 where the system does not say)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Threads:
    """Runs kernels over disjoint ranges on a fixed number of threads; the ranges never change the result."""

    def __init__(self, number: int | None = None) -> None:
        """``number`` of threads; None: one for each processor that this process may use."""
        self.number = number or _processors()
        self._pool = ThreadPoolExecutor(self.number) if self.number > 1 else None

    def run(self, work: Callable[[int, int, int], None], edges: Sequence[int]) -> None:
        """Call ``work(thread, lo, hi)`` for each pair of neighbouring edges, at most one for each thread."""
        spans = [(k, lo, hi) for k, (lo, hi) in enumerate(pairwise(edges)) if hi > lo]
        if self._pool is None or len(spans) < 2:
            for span in spans:
                work(*span)
            return
        for future in [self._pool.submit(work, *span) for span in spans]:
            future.result()

    def split(self, start: NDArray[np.integer]) -> list[int]:
        """Edges that cut the mixing groups ``start`` (P + 1,) into one range of about equal seats for each thread."""
        targets = np.linspace(start[0], start[-1], self.number + 1)[1:-1]
        inner = np.searchsorted(start, targets)
        return [0, *inner.tolist(), start.shape[0] - 1]
