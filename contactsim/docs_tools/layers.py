"""Draws the layers of the package from the import contract in ``pyproject.toml``.

``python -m contactsim.docs_tools.layers`` in a checkout writes ``docs/pictures/layers.svg``; ``--check`` only tests
whether it is up to date (exit code 1 if not).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

_WIDTH, _ROW, _GAP, _LEFT = 680, 30, 8, 70


def layers(project: str) -> list[tuple[str, ...]]:
    """The layers of the contract in the text of a ``pyproject.toml``, highest first, each with its modules by name."""
    contracts = tomllib.loads(project)["tool"]["importlinter"]["contracts"]
    rows = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [tuple(name.strip() for name in re.split("[|:]", row)) for row in rows]


def draw(rows: Sequence[Sequence[str]]) -> str:
    """An SVG with one row of boxes for each layer, highest first, and an arrow that shows the direction of imports."""
    height = len(rows) * (_ROW + _GAP) + _GAP
    parts = [_head(height)]
    for number, names in enumerate(rows):
        top = _GAP + number * (_ROW + _GAP)
        width = (_WIDTH - _LEFT - _GAP * len(names)) / len(names)
        for place, name in enumerate(names):
            parts.append(_box(_LEFT + place * (width + _GAP), top, width, name))
    return "\n".join([*parts, "</svg>", ""])


def _head(height: int) -> str:
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"
     font-family="sans-serif" font-size="14" text-anchor="middle">
<title>The layers of contactsim: a module imports from its own layer or a lower one</title>
<style>rect {{ fill: #e8eef7; stroke: #5b7db1; }} text {{ fill: #1f2d45; dominant-baseline: central; }}</style>
<rect width="{_WIDTH}" height="{height}" style="fill: #ffffff; stroke: none"/>
<path d="M 52 {_GAP} V {height - 14} m -6 -8 l 6 10 l 6 -10" fill="none" stroke="#5b7db1" stroke-width="2"/>
<text x="28" y="{height / 2:g}" transform="rotate(-90 28 {height / 2:g})">imports run one way</text>"""


def _box(left: float, top: float, width: float, name: str) -> str:
    text = f'<text x="{left + width / 2:.1f}" y="{top + _ROW / 2:g}">{name}</text>'
    return f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_ROW}" rx="4"/>{text}'


def main(arguments: Sequence[str]) -> int:
    """Write the picture of the checkout in the working directory, or check it with ``--check``."""
    picture = Path("docs/pictures/layers.svg")
    made = draw(layers(Path("pyproject.toml").read_text(encoding="utf-8")))
    if "--check" in arguments:
        return int(picture.read_text(encoding="utf-8") != made)
    picture.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
