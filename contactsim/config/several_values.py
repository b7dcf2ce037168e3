"""Several values of one key, as in ``place.dissimilarity=0.2,0.6``: shared by sweeps and by grids of comparisons."""

from __future__ import annotations

from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, QuotedString
from omegaconf import OmegaConf

from contactsim.config.hydra_adapter import Composition
from contactsim.errors import UserError


def listed_values(composition: Composition, override: Override) -> dict[str, Any]:
    """The values of an override with several (a list, range or pattern), by their text; in the given order.

    Raises UserError if there is none, or the same one twice.
    """
    key, line, value = str(override.key_or_group), str(override.input_line), override.value()
    if isinstance(value, Glob):
        found = [(name, name) for name in value.filter(composition.options(key))]
    else:
        found = [(text, value_of(key, text)) for text in override.sweep_string_iterator()]
    if len({repr(one) for _, one in found}) < len(found):
        raise UserError(f"'{line}' (command line) contains a value twice.")
    if not found:
        raise UserError(f"'{line}' (command line) contains no value.")
    return dict(found)


def value_of(key: str, text: str) -> Any:
    """One value as the configuration has it."""
    value = OverridesParser.create().parse_override(f"{key}={text}").value()
    if isinstance(value, QuotedString):
        return value.text
    return OmegaConf.to_container(OmegaConf.create({"v": value}))["v"]  # type: ignore[index, call-overload]
