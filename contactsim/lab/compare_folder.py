"""The folder that a comparison leaves: whole or not at all."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from contactsim.errors import UserError
from contactsim.lab.asked import Asked
from contactsim.lab.compare import Comparison
from contactsim.lab.compare_show import summary
from contactsim.lab.effects import PARTS
from contactsim.lab.provenance import model_digest, provenance
from contactsim.lab.run import write_table
from contactsim.lab.store import new_folder
from contactsim.observers.panel import OUTCOMES
from contactsim.place import Place

FILES = ("effects.parquet", "of_seeds.parquet", "precision.parquet", "reach.parquet", "seeds.parquet",
         "comparison.json", "config.yaml", "provenance.json", "figure.png")
UNITS = {
    "side": "what is held against the untreated world", "week": "weeks lived since the history ended",
    "part": "; ".join(f"{name}: {text}" for name, text in PARTS.items()), "outcome": str(OUTCOMES),
    "by": "cut", "level": "level of the cut", "residents": "people, mean over seeds", "seeds": "seeds with a value",
    "effect": "standard deviations of the own group in the untreated world", "low": "as effect, 95 % interval",
    "high": "as effect, 95 % interval", "raw": "the outcome's unit", "raw_low": "as raw", "raw_high": "as raw",
    "without": "mean in the untreated world, the outcome's unit", "told": "the interval of raw does not include 0",
    "twins": "variance of one seed's effect", "independent": "the same with independent seeds",
    "ratio": "independent over twins", "differing": "share in whom any bit differs",
    "moved": "share whose attitude to some group differs by more than 0.01",
    "reachable": "share that the week could reach", "stray": "residents who differ outside that set",
    "cost": "pounds", "history": "weeks",
}


def target_of(asked: Asked, place: Place) -> Path:
    """Where the comparison goes: ``output``, or ``comparisons/PLACE-WHAT-DIGEST``."""
    if asked.config.output:
        return Path(asked.config.output).expanduser()
    what = "-".join(asked.config.actions) or "parameters"
    name = re.sub(r"[^a-z0-9]+", "-", f"{place.name}-{what}".lower()).strip("-")[:60]
    return Path("comparisons") / f"{name}-{asked.digest(place)[:8]}"


def stands(asked: Asked, place: Place) -> dict[str, Any] | None:
    """The summary of this very comparison where it stands already; raises UserError if something else does."""
    target = target_of(asked, place)
    if not target.exists() or asked.config.force:
        return None
    try:
        record = json.loads((target / "provenance.json").read_text(encoding="utf-8"))
        found: dict[str, Any] = json.loads((target / "comparison.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"output={target} is there and is no comparison of contactsim: choose another "
                        f"folder.") from None
    if record.get("comparison") != asked.digest(place) or record.get("model_sources") != model_digest():
        raise UserError(f"output={target} holds another comparison, or one by another version of the model: choose "
                        f"another folder, or replace it with force=true.")
    return found


def write(comparison: Comparison, seconds: float) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the summary that it holds."""
    from contactsim.lab.compare_figures import save

    asked, place = comparison.asked, comparison.place
    target = target_of(asked, place)
    found = summary(comparison, str(target))
    with new_folder(target, replace=asked.config.force) as folder:
        for name in ("effects", "of_seeds", "precision", "reach", "seeds"):
            table: pd.DataFrame = getattr(comparison, name)
            write_table(folder / f"{name}.parquet", table, UNITS)
        config = {"seeds": list(asked.seeds), "read_at": list(asked.read_at),
                  **{name: side.model_dump(mode="json") for name, side in asked.configs.items()}}
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
                                            encoding="utf-8")
        write_json(folder / "provenance.json", {
            **provenance(asked.config, place, 1), "comparison": asked.digest(place), "seeds": list(asked.seeds),
            "weeks": asked.weeks, "seconds": round(seconds, 3)})
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
    try:
        return {name: pd.read_parquet(path / f"{name}.parquet")
                for name in ("effects", "of_seeds", "precision", "reach", "seeds")}
    except (OSError, ValueError):
        raise UserError(f"{path} is no folder of a finished comparison (contactsim compare).") from None


