"""Why kept results are as they are: the items under 'Diagnosis' in a folder's README, so that they are written once."""

from __future__ import annotations

import re
from functools import cache

from contactsim.paths import experiments_folder

#: ``- **F6, F12**: text``, its further lines indented.
_ITEM = re.compile(r"^- \*\*((?:[FR]\d+)(?:, [FR]\d+)*)\*\*: (.+(?:\n  .+)*)", re.MULTILINE)


@cache
def read(folder: str) -> dict[str, str]:
    """{finding: plain text} of ``experiments/FOLDER/README.md``; empty where it has none."""
    file = experiments_folder() / folder / "README.md"
    if not file.is_file():
        return {}
    found: dict[str, str] = {}
    for ids, text in _ITEM.findall(file.read_text(encoding="utf-8")):
        plain = re.sub(r"[*`]", "", " ".join(text.split()))
        plain = plain[0].upper() + plain[1:]
        for name in ids.split(", "):
            found[name] = f"{found[name]} {plain}" if name in found else plain
    return found
