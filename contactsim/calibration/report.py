"""The results of a calibration as files: the ensemble, its diagnoses as JSON, and one self-contained HTML page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from contactsim.calibration import diagnostics
from contactsim.calibration.waves import Calibration
from contactsim.config.ensemble import NUMBER, digest
from contactsim.storage.atomic import new_folder

BLUE, GREY = "#0072B2", "#c4c4c4"
METHOD = (
    "History matching. A first wave of parameter sets covers the prior ranges; emulators (a ridge regression with a "
    "Gaussian process on what it leaves) predict each figure elsewhere; sets whose expected figure lies more than "
    "{cutoff:g} standard deviations from any target are ruled out, counting the target's own error, a discrepancy of "
    "the model ({discrepancy:g} of half of the interval's width, assumed), the emulator's error and the noise of a "
    "seed; the next wave comes from what is left. At the end {candidates} sets that agreed were run again in the full "
    "nation on {seeds} new seeds with new samples of areas; those that miss no target by {cutoff:g} and at most "
    "{misses} by {near:g} standard deviations are kept.")


def write(of: Calibration, left: Mapping[str, str], target: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``ensemble.csv``, ``ensemble.yaml``, ``calibration.json`` and ``report.html``; returns the diagnoses.

    Args:
        left: targets that were not asked, with the reason.
        target: folder, replaced if it exists.
        about: command, version, design and seconds.
    """
    found = diagnostics.everything(of)
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target, replace=True) as folder:
        write_ensemble(of, folder / "ensemble", about)
        (folder / "calibration.json").write_text(json.dumps(
            {"summary": summary(of), **about, "waves": _waves(of), **found, "not_asked": dict(left)}, indent=1) + "\n",
            encoding="utf-8")
        (folder / "report.html").write_text(page(of, found, left, about), encoding="utf-8")
    return found


def write_ensemble(of: Calibration, path: Path, about: Mapping[str, Any]) -> None:
    """Write the ensemble's table and its description, ``path`` with the suffixes .csv and .yaml."""
    columns = [*of.space.names, *of.design.instruments]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([NUMBER, *columns])
    for number, values in enumerate(of.ensemble, 1):
        writer.writerow([number, *(f"{values[name]:.6g}" for name in columns)])
    content = lines.getvalue().encode()
    path.with_suffix(".csv").write_bytes(content)
    record = {"title": of.design.title, "sets": len(of.kept), "runs": len(of.runs.sets),
              "checked": len(of.candidates.sets), "agreed_before_the_check": _agreed(of),
              "targets": [one.id for one in of.targets], "command": about["command"], "digest": digest(content)}
    path.with_suffix(".yaml").write_text(yaml.safe_dump(record, sort_keys=False, allow_unicode=True), encoding="utf-8")


def summary(of: Calibration) -> str:
    """What came out, in one sentence."""
    kept, checked = len(of.kept), len(of.candidates.sets)
    return (f"Of {len(of.runs.sets)} parameter sets {_agreed(of)} agree with the {len(of.targets)} targets; {checked} "
            f"were run again with new seeds and samples of areas, and {kept} of these make up the ensemble.")


def page(of: Calibration, found: Mapping[str, Sequence[Mapping[str, Any]]], left: Mapping[str, str],
         about: Mapping[str, Any]) -> str:
    """The page as HTML."""
    design, tables = of.design, {name: _html(rows) for name, rows in found.items()}
    recovered = [bool(row["recovered"]) for row in found["recovery"]]
    environment = Environment(loader=PackageLoader("contactsim.calibration"), autoescape=True,
                              undefined=StrictUndefined)
    return environment.get_template("report.html.j2").render(
        title=design.title, summary=summary(of), waves=_html(_waves(of)), left=left, strong=diagnostics.STRONG,
        method=METHOD.format(cutoff=design.cutoff, discrepancy=design.discrepancy, misses=design.misses,
                             near=design.near, candidates=len(of.candidates.sets), seeds=of.sample.check_seeds),
        picture_targets=_svg(_picture_of_targets(of)), picture_parameters=_svg(_picture_of_parameters(of)),
        targets=tables["targets"], parameters=tables["parameters"], left_out=tables["left_out"],
        trade_offs=tables["trade_offs"] if found["trade_offs"] else "",
        recovery=f"{sum(recovered)} of {len(recovered)} known parameter sets are not ruled out by their own data "
                 f"(a set that is true should be ruled out in about one case of a hundred).",
        command=about["command"], version=about["version"], design=about["design"], seconds=about["seconds"])


def _agreed(of: Calibration) -> int:
    from contactsim.calibration.waves import agrees

    return int(agrees(of.runs.deviation, of.design).sum())


def _waves(of: Calibration) -> list[dict[str, Any]]:
    """What each wave did: what was left before it, how well figures are emulated, which targets rule out most."""
    rows = []
    for wave in of.waves:
        most = sorted(zip(wave.ruled_out, (one.quantity for one in of.targets), strict=True), reverse=True)[:3]
        rows.append({"wave": wave.number, "sets": wave.sets, "agree": wave.agree,
                     "share of the prior left before": f"{wave.share:.2g}",
                     "variance predicted, median over targets": f"{np.median(wave.r2):.2f}",
                     "least": f"{min(wave.r2):.2f}",
                     "targets that rule out most": "; ".join(f"{name} ({share:.0%})" for share, name in most)})
    return rows


def _html(rows: Sequence[Mapping[str, Any]]) -> Markup:
    if not rows:
        return Markup("")
    frame = pd.DataFrame(rows)
    return Markup(frame.to_html(index=False, border=0, na_rep="", float_format=lambda x: f"{x:.3g}"))


def _svg(figure: Figure) -> Markup:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return Markup(text[text.index("<svg"):])


def _picture_of_targets(of: Calibration) -> Figure:
    figure = Figure(figsize=(8.5, 0.26 * len(of.targets) + 0.8), layout="constrained")
    axes = figure.subplots()
    for k, target in enumerate(reversed(of.targets)):
        half = (target.high - target.low) / 2
        got = (np.array([of.candidates.figures[n][target.figure] for n in of.kept]) - target.low) / half - 1
        axes.plot([-1, 1], [k, k], color=GREY, linewidth=7, solid_capstyle="butt", zorder=1)
        axes.plot([(target.value - target.low) / half - 1], [k], "|", color="#333333", markersize=11, zorder=2)
        axes.plot(np.clip(got, -2.5, 2.5), np.full(got.size, k), "o", color=BLUE, markersize=3.5, alpha=0.5, zorder=3,
                  markeredgewidth=0)
    axes.set_yticks(range(len(of.targets)), [one.quantity for one in reversed(of.targets)], fontsize=8)
    axes.set(xlim=(-2.6, 2.6), xlabel="from one end of the interval (-1) to the other (1)")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _picture_of_parameters(of: Calibration) -> Figure:
    rows = diagnostics.pinned(of)
    figure = Figure(figsize=(8.5, 0.24 * len(rows) + 0.8), layout="constrained")
    axes = figure.subplots()
    for k, path in enumerate(reversed(rows["parameter"].tolist())):
        units = np.array([of.space.priors[path].unit(one[path]) for one in of.ensemble])
        axes.plot([0, 1], [k, k], color=GREY, linewidth=5, solid_capstyle="butt", zorder=1)
        axes.plot(units, np.full(units.size, k), "|", color=BLUE, markersize=8, zorder=2)
    names = [path.partition(".")[2] for path in reversed(rows["parameter"].tolist())]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set(xlim=(-0.02, 1.02), xlabel="prior range, from its lower to its upper end")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
