"""The regression: a fixed part of the outcomes in one parameter set, whose means are compared with the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from contactsim.evidence import baseline, runs
from contactsim.evidence.baseline import Measured
from contactsim.evidence.design import BASE, Finding, Folder
from contactsim.evidence.loading import Selection, regression_outcomes, regression_samples, select
from contactsim.evidence.numbers import swept
from contactsim.evidence.runs import Progress, base_only
from contactsim.parameters import ModelParameters


def selection() -> Selection:
    """The findings of the regression with its outcomes alone: no knock-outs, alternatives, gradients and sweeps."""
    rows, sizes = regression_outcomes(), regression_samples()
    found: list[tuple[Folder, Finding]] = []
    for folder in select([]).folders:
        findings = [one for one in (base_only(finding, rows) for finding in folder.findings) if one.outcomes]
        samples = {name: size.model_copy(update=sizes.get(name, {})) for name, size in folder.samples.items()}
        part = folder.model_copy(update={"findings": findings, "alternatives": {}, "gradient": None, "sweeps": None,
                                         "samples": samples})
        found += [(part, finding) for finding in findings]
    return Selection("regression", found)


def measure(findings: Sequence[tuple[Folder, Finding]], base: ModelParameters, sample: str, store: Path,
            jobs: int | None = None, progress: Progress | None = None) -> list[Measured]:
    """The figures of all outcomes of these findings in their base worlds; what ``store`` has is not computed again."""
    figures = runs.run(findings, base, sample, store, jobs, progress)
    return [Measured(folder.name, finding.id, outcome.id, outcome.statement, outcome.unit,
                     [one[outcome.id][BASE] for one in figures[finding.id]])
            for folder, finding in findings for outcome in finding.outcomes]


def frame(measured: Sequence[Measured], sample: str) -> pd.DataFrame:
    """One line for each outcome: finding, outcome, statement, unit, mean, and the baseline's mean and tolerance."""
    return pd.DataFrame([
        {"finding": one.finding, "outcome": one.id, "statement": one.statement, "unit": one.unit, "mean": one.mean,
         "seeds": len(one.values), **{f"baseline_{key}": baseline.read(one.folder, sample).get(one.id, {}).get(key)
                                      for key in ("mean", "tolerance")}} for one in measured])


def table(lines: pd.DataFrame) -> Table:
    """Each outcome with its mean and the baseline's mean and tolerance."""
    found = Table(pad_edge=False, box=SIMPLE_HEAD, title="Regression: means, not judged", title_justify="left")
    for column in ("outcome", "statement", "mean", "baseline"):
        found.add_column(column, no_wrap=column != "statement")
    for line in lines.to_dict("records"):
        before = "-" if pd.isna(line["baseline_mean"]) else (
            f"{line['baseline_mean']:.3f} ± {swept(line['baseline_tolerance'], '-')}")
        found.add_row(str(line["outcome"]), str(line["statement"]), f"{line['mean']:.3f}", before)
    return found
