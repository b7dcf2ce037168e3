"""Sections of parameters: fields with range, unit, role, source and prior range.

Validation, ``--help``, the tables of the ODD and error messages are generated from these definitions.
The role says where a value comes from:

- ``assumed``: chosen by us; no source gives it,
- ``contested``: sources disagree; the range spans them, and reports vary it,
- ``calibrated``: fitted to the evidence named,
- ``sourced``: taken from the evidence named.

Evidence ids (A1 ...) are listed in ``docs/evidence.md``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Role = Literal["assumed", "contested", "calibrated", "sourced"]


class Section(BaseModel):
    """A group of parameters: frozen, finite numbers only, no unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _real_numbers(cls, values: Any) -> Any:
        """YAML writes 1 for 1.0: accept an integer (not a boolean) for a real number."""
        if not isinstance(values, dict):
            return values
        real = {name for name, field in cls.model_fields.items() if field.annotation is float}
        return {key: float(value) if key in real and isinstance(value, int) and not isinstance(value, bool)
                else value for key, value in values.items()}


class MisconfiguredError(ValueError):
    """An invalid field of a section that was chosen by name.

    It carries the key of the section until the caller can name the file that it comes from.
    """

    def __init__(self, key: str, model: type[Section], error: ValidationError) -> None:
        super().__init__(f"{key} is not allowed")
        self.key, self.model, self.error = key, model, error


def parameter(default: Any, low: float | None, high: float | None, unit: str, role: Role, text: str,
              source: str = "none", prior: tuple[float, float] | None = None, off: float | None = None) -> Any:
    """A field with its range [low, high], unit, role, source and one line of explanation.

    ``prior`` is the range that is thought plausible, from which calibration draws (None: not varied). ``off`` is the
    value that switches the mechanism off (None: the parameter switches nothing).
    """
    extra: dict[str, Any] = {"unit": unit, "role": role, "source": source}
    extra |= {} if prior is None else {"prior": list(prior)}
    extra |= {} if off is None else {"off": off}
    return Field(default=default, ge=low, le=high, description=text, json_schema_extra=extra)
