"""Errors of users, each with a message of one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake of the user. The message is one sentence that names the key, the value, what is allowed and the file.

    The command line prints it without a traceback and exits with 2.
    """


def nearest(name: str, allowed: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the allowed name closest to ``name``, or an empty string."""
    found = difflib.get_close_matches(str(name), [str(a) for a in allowed], n=1, cutoff=0.5)
    return f" Did you mean '{found[0]}'?" if found else ""
