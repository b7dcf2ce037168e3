"""Reading a command's options: mistakes become one sentence."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from contactsim.errors import UserError, nearest


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UserError instead of printing its usage, and guesses nothing."""

    def __init__(self, name: str, **options: object) -> None:
        super().__init__(prog=f"contactsim {name}", allow_abbrev=False, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: (\S+)", message)
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            long = ", ".join(option for option in known if option.startswith("--"))
            raise UserError(f"{unknown.group(1)} is no option of {self.prog}: allowed are {long}."
                            f"{nearest(unknown.group(1), known)}")
        raise UserError(f"{message} ({self.prog} --help).")
