"""The folder that a study leaves: whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from contactsim.comparison.folder import write_json
from contactsim.errors import UserError
from contactsim.evaluate import study as study_module
from contactsim.evaluate.figures import save
from contactsim.evaluate.show import facts
from contactsim.evaluate.study import Study
from contactsim.runs.folder import write_table
from contactsim.storage.atomic import new_folder
from contactsim.storage.identity import digest_of
from contactsim.storage.provenance import provenance

UNITS = {"estimate": "SD of the first wave's scores", "low": "as estimate, 95 %", "high": "as estimate, 95 %",
         "true": "SD of true values", "bias": "estimate less true", "treated": "people", "control": "people",
         "alpha": "Cronbach's alpha, first wave", "total": "as estimate", "indirect": "as estimate",
         "indirect_low": "as estimate", "indirect_high": "as estimate", "direct": "as estimate", "people": "people"}


def write(study: Study, seconds: float) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the facts that it holds. Raises UserError where something stands there."""
    worlds, config = study.worlds, study.worlds.config
    digest = digest_of([worlds.digest(study.place), study.design.model_dump(mode="json")])
    name = re.sub(r"[^a-z0-9]+", "-", f"{study.place.name}-{'-'.join(config.actions)}".lower()).strip("-")[:60]
    target = Path(config.output).expanduser() if config.output else Path("evaluations") / f"{name}-{digest[:8]}"
    if target.exists() and not config.force and not (target / "evaluation.json").is_file():
        raise UserError(f"output={target} is there and is no evaluation of contactsim: choose another folder, or "
                        f"replace it with force=true.")
    found = facts(study, str(target))
    with new_folder(target, replace=True) as folder:
        write_table(folder / "of_studies.parquet", study.of_studies, UNITS)
        write_table(folder / "summary.parquet", study.summary, UNITS)
        if not study.paths.empty:
            write_table(folder / "paths.parquet", study.paths, UNITS)
        text = yaml.safe_dump({
            "evaluation": study.design.model_dump(mode="json"), "weeks": study.weeks, "seeds": list(worlds.seeds),
            **{side: one.model_dump(mode="json") for side, one in worlds.configs.items()}},
            sort_keys=False, allow_unicode=True)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        write_json(folder / "provenance.json", {**provenance(config, study.place, 1, study_module.__name__),
                                                "evaluation": digest, "seeds": list(worlds.seeds),
                                                "seconds": round(seconds, 3)})
        write_json(folder / "evaluation.json", found)
        save(study, folder / "figure.png")
    return target, found
