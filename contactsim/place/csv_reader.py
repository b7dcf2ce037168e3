"""Reads delimited text files as rows of text, and text as counts of residents."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contactsim.errors import UserError, nearest

_DELIMITERS = ",|;\t"
#: Residents of every area of a table that gives shares and no totals.
EQUAL = 10_000


@dataclass(frozen=True)
class Lines:
    """The non-blank lines of a file, split into fields without surrounding blanks."""

    path: str
    sha256: str
    rows: list[list[str]]
    numbers: list[int]
    """(rows,) number of the line in the file that ends the row, from 1"""


def read_lines(path: Path, shown: str) -> Lines:
    """Read a text file, plain or gzipped; see :func:`lines_of`. ``shown`` is the path as given by the user."""
    try:
        return lines_of(path.read_bytes(), shown)
    except FileNotFoundError:
        raise UserError(f"place.file={shown} does not exist.") from None
    except OSError as error:
        raise UserError(f"place.file={shown} cannot be read ({error}).") from None


def lines_of(raw: bytes, shown: str) -> Lines:
    """The lines of a text file's bytes, plain or gzipped: UTF-8 with or without byte order mark, else Windows-1252.

    Lines that begin with # are left out, as are blank ones.
    """
    try:
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"place.file={shown} cannot be read ({error}).") from None
    if b"\0" in data[:4096]:
        raise UserError(f"place.file={shown} is not a text file: save the table as CSV.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    rows, numbers = [], []
    try:
        for fields in reader:
            row = [field.strip() for field in fields]
            if any(row) and not row[0].startswith("#"):
                rows.append(row)
                numbers.append(reader.line_num)
    except csv.Error as error:
        raise UserError(f"place.file={shown} is not a readable table: line {reader.line_num}, {error}."
                        ) from None
    if not rows:
        raise UserError(f"place.file={shown} is empty.")
    return Lines(shown, hashlib.sha256(raw).hexdigest(), rows, numbers)


def _delimiter(text: str) -> str:
    """The delimiter that gives the most fields in any line, outside quotes."""
    sample = text[:20000].splitlines()

    def most(delimiter: str) -> int:
        try:
            return max((len(row) for row in csv.reader(sample, delimiter=delimiter)), default=0)
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=most)


@dataclass(frozen=True)
class Body:
    """A table below its heading: rows of text as wide as the heading."""

    path: str
    sha256: str
    heading: list[str]
    rows: list[list[str]]
    numbers: list[int]
    notes: tuple[str, ...]

    def column(self, name: str) -> list[str]:
        """The text of a column; raises UserError naming a missing one and the nearest."""
        if name not in self.heading:
            raise UserError(f"{self.path} has no column '{name}'; its columns are "
                            f"{', '.join(self.heading[:8])}{' ...' if len(self.heading) > 8 else ''}."
                            f"{nearest(name, self.heading)}")
        position = self.heading.index(name)
        return [row[position] for row in self.rows]


def body_below(lines: Lines, heading_at: int, columns: list[str]) -> Body:
    """The rows below the heading in row ``heading_at``; ``columns`` are those that hold counts.

    Rows without any count (footers, notes) are left out and reported; missing last fields are blank.
    """
    heading = lines.rows[heading_at]
    repeated = sorted({name for name in columns if heading.count(name) > 1})
    if repeated:
        raise UserError(f"{lines.path} has the column '{repeated[0]}' more than once.")
    positions = [heading.index(name) for name in columns]
    rows, numbers, left_out = [], [], 0
    for row, number in zip(lines.rows[heading_at + 1:], lines.numbers[heading_at + 1:], strict=True):
        full = row + [""] * (len(heading) - len(row))
        if any(full[p] for p in positions):
            rows.append(full)
            numbers.append(number)
        else:
            left_out += 1
    if not rows:
        raise UserError(f"{lines.path} has a heading but no areas below it.")
    notes = []
    if heading_at:
        notes.append(f"{_lines(heading_at)} above the heading left out.")
    if left_out:
        notes.append(f"{_lines(left_out)} without any count left out (footers or notes).")
    return Body(lines.path, lines.sha256, heading, rows, numbers, tuple(notes))


def _lines(n: int) -> str:
    return f"{n:,} line{'' if n == 1 else 's'}"


def counts_of(body: Body, columns: list[str]) -> NDArray[np.int64]:
    """(rows, columns) whole numbers >= 0; raises UserError naming line, column and text otherwise."""
    out = np.empty((len(body.rows), len(columns)), np.int64)
    for i, column in enumerate(columns):
        out[:, i] = _integers(body, column)
    return out


def shares_as_counts(body: Body, columns: list[str], total: str | None) -> NDArray[np.int64]:
    """(rows, columns) whole residents from shares that add up to 1, of the column ``total`` or of :data:`EQUAL`.

    Fractions go to the groups with the largest remainders, so each row adds up to its total. Raises UserError for a
    share below 0, above 1 or not a number, and for a row that does not add up to 1 within .01.
    """
    shares = np.column_stack([pd.to_numeric(pd.Series(body.column(column), dtype=object), errors="coerce")
                              for column in columns]).astype(np.float64)
    for row, position in np.argwhere(~((shares >= 0) & (shares <= 1)))[:1]:
        text = body.column(columns[position])[row]
        raise UserError(f"{body.path}, line {body.numbers[row]}, column '{columns[position]}': "
                        f"{repr(text) if text else 'an empty field'} is not a share (from 0 to 1).")
    sums = shares.sum(axis=1)
    for row in np.flatnonzero(np.abs(sums - 1) > 0.01)[:1]:
        raise UserError(f"{body.path}, line {body.numbers[row]}: the shares of the groups add up to "
                        f"{sums[row]:.4g}; they must add up to 1.")
    totals = np.full(len(body.rows), EQUAL) if total is None else counts_of(body, [total])[:, 0]
    return largest_remainders(shares / sums[:, None], totals)


def largest_remainders(shares: NDArray[np.float64], totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """(rows, columns) whole numbers near shares * totals, which add up to (rows,) totals; shares add up to 1."""
    exact = shares * totals[:, None]
    whole = np.floor(exact).astype(np.int64)
    rank = np.argsort(np.argsort(whole - exact, axis=1, kind="stable"), axis=1, kind="stable")
    whole += rank < (totals - whole.sum(axis=1))[:, None]
    return whole


def _integers(body: Body, column: str) -> NDArray[np.int64]:
    texts = pd.Series(body.column(column), dtype=object)
    values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    odd = np.flatnonzero(np.isnan(values))
    if odd.size:  # thousands separators, non-breaking blanks
        cleaned = texts.iloc[odd].str.replace(r"(?<=\d)[, \u00a0\u202f](?=\d{3}(\D|$))", "", regex=True)
        values[odd] = pd.to_numeric(cleaned, errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0) & (values == np.floor(values))
                             & (values < 2**31)))
    if wrong.size:
        first = int(wrong[0])
        text = texts.iloc[first]
        raise UserError(f"{body.path}, line {body.numbers[first]}, column '{column}': "
                        f"{repr(text) if text else 'an empty field'} is not a count of residents "
                        f"(a whole number of at least 0).")
    return values.astype(np.int64)
