"""The catalogue of survey items: one file each, shipped or in a folder of the user."""

from __future__ import annotations

from collections.abc import Iterable

from contactsim.config.sentences import for_users
from contactsim.instruments.base import Instrument
from contactsim.instruments.catalogue import GROUP, files, instruments_of
from contactsim.paths import group_files


def names(config_dir: str | None = None) -> list[str]:
    """Names of all items that have a file, in alphabetical order. Raises UserError for a wrong ``config_dir``."""
    return sorted(group_files(GROUP, config_dir))


def load(chosen: Iterable[str] | None = None, config_dir: str | None = None) -> dict[str, Instrument]:
    """Instruments by name from their files, with those that they follow.

    Args:
        chosen: names of shipped files, or of ``config_dir/instrument/NAME.yaml``; None for all.
        config_dir: a folder of the user's own.

    Raises UserError for an unknown name, and with the file, key and value for a file that cannot be used.
    """
    paths = group_files(GROUP, config_dir)

    def origin(key: str) -> str:
        return str(paths.get(key.split(".")[0], "instruments"))

    found = files(chosen, config_dir)
    with for_users(origin):
        made: dict[str, Instrument] = instruments_of(found, "")
    return made
