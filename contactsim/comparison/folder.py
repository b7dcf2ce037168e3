"""The folder that a comparison leaves: whole or not at all."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from contactsim.comparison import compare
from contactsim.comparison.compare import Comparison
from contactsim.comparison.design import Design
from contactsim.comparison.effects import PARTS
from contactsim.comparison.show import summary
from contactsim.errors import UserError
from contactsim.observers.panel import OUTCOMES
from contactsim.place import Place
from contactsim.runs.folder import read_table, write_table
from contactsim.storage.atomic import new_folder
from contactsim.storage.provenance import provenance, run_code

FILES = ("effects.parquet", "of_seeds.parquet", "precision.parquet", "reach.parquet", "seeds.parquet",
         "comparison.json", "config.yaml", "provenance.json", "figure.png")
UNITS = {
    "side": "what is held against the untreated world", "week": "weeks lived since the burn-in ended",
    "part": "; ".join(f"{name}: {text}" for name, text in PARTS.items()), "outcome": str(OUTCOMES),
    "by": "cut", "level": "level of the cut", "residents": "people, mean over seeds", "seeds": "seeds with a value",
    "effect": "standard deviations of the own group in the untreated world", "low": "as effect, 95 % interval",
    "high": "as effect, 95 % interval", "raw": "the outcome's unit", "raw_low": "as raw", "raw_high": "as raw",
    "without": "mean in the untreated world, the outcome's unit",
    "shown": "which interval is reported: effect, or raw where nothing varies without",
    "significant": "the interval that is reported leaves out 0",
    "twins": "variance of one seed's effect", "independent": "the same with independent seeds",
    "ratio": "independent over twins", "differing": "share in whom any bit differs",
    "moved": "share whose attitude to some group differs by more than 0.01",
    "reachable": "share that the week could reach", "stray": "residents who differ outside that set",
    "cost": "pounds", "burn_in": "weeks",
}


def target_of(design: Design, place: Place) -> Path:
    """Where the comparison goes: ``output``, or ``comparisons/PLACE-WHAT-DIGEST``."""
    if design.config.output:
        return Path(design.config.output).expanduser()
    what = "-".join(design.config.actions) or "parameters"
    name = re.sub(r"[^a-z0-9]+", "-", f"{place.name}-{what}".lower()).strip("-")[:60]
    return Path("comparisons") / f"{name}-{design.digest(place)[:8]}"


def stands(design: Design, place: Place) -> dict[str, Any] | None:
    """The summary of this very comparison where it stands already; raises UserError if something else does."""
    target = target_of(design, place)
    if not target.exists() or design.config.force:
        return None
    try:
        record = json.loads((target / "provenance.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = json.loads((target / "comparison.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"output={target} is there and is no comparison of contactsim: choose another "
                        f"folder.") from None
    if record.get("comparison") != design.digest(place) or record.get("model_sources") != _code(design):
        raise UserError(f"output={target} holds another comparison, or one by another version of the model: choose "
                        f"another folder, or replace it with force=true.")
    return found


def _code(design: Design) -> str:
    """Digest of all code that decides the numbers."""
    sections = {f"{side}.{name}": one for side, config in design.configs.items()
                for name, one in config.actions.items()}
    return run_code(sections, compare.__name__)


def write(comparison: Comparison, seconds: float) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the summary that it holds."""
    from contactsim.comparison.plots import save

    design, place = comparison.design, comparison.place
    target = target_of(design, place)
    found = summary(comparison, str(target))
    with new_folder(target, replace=design.config.force) as folder:
        for name in ("effects", "of_seeds", "precision", "reach", "seeds"):
            table: pd.DataFrame = getattr(comparison, name)
            write_table(folder / f"{name}.parquet", table, UNITS)
        config = {"seeds": list(design.seeds), "read_at": list(design.read_at),
                  **{name: side.model_dump(mode="json") for name, side in design.configs.items()}}
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
                                            encoding="utf-8")
        write_json(folder / "provenance.json", {
            **provenance(design.config, place, 1), "model_sources": _code(design), "comparison": design.digest(place),
            "seeds": list(design.seeds), "weeks": design.weeks, "seconds": round(seconds, 3)})
        write_json(folder / "comparison.json", found)
        save(comparison, folder / "figure.png")
    return target, found


def write_json(path: Path, values: Any) -> None:
    """Write JSON without numbers that JSON does not know."""
    path.write_text(f"{json.dumps(finite(values), indent=2, ensure_ascii=False, allow_nan=False)}\n", encoding="utf-8")


def finite(value: Any) -> Any:
    """The same with null for what is no finite number."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def load(folder: Path | str) -> dict[str, pd.DataFrame]:
    """The tables of a comparison's folder by name; raises UserError where it is none."""
    path = Path(folder)
    if not (path / "comparison.json").is_file():
        raise UserError(f"{path} is no folder of a finished comparison (contactsim compare).")
    try:
        return {name: read_table(path / f"{name}.parquet")
                for name in ("effects", "of_seeds", "precision", "reach", "seeds")}
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged: {str(error).splitlines()[0]}.") from None


