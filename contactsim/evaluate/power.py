"""Statistical power of survey designs: by closed forms if there are any, and by simulating the survey.

Effects are in standard deviations of true values; an item of reliability r shows sqrt(r) of them. With a stability s
of true values between waves, answers correlate by r s. In units of the answers' standard deviation the noise of

- after: 1; before_after and did: sqrt(2 (1 - r s)); ancova: sqrt(1 - (r s)^2);
- two_pretests: sqrt(6 - 8 r s + 2 r s^2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from contactsim.comparison.folder import write_json
from contactsim.comparison.paired_runs import TREATMENT
from contactsim.config.ensemble import SET
from contactsim.config.sentences import sentence
from contactsim.draws import Decision, name_key, normals, stream
from contactsim.errors import UserError
from contactsim.evaluate.design import a_list, known
from contactsim.evaluate.estimators import ESTIMATORS
from contactsim.instruments.catalogue import shipped
from contactsim.instruments.states import Rating
from contactsim.parameters import Section, parameter
from contactsim.runs.folder import write_table
from contactsim.stats import detectable_effect, required_number
from contactsim.storage.atomic import new_folder
from contactsim.storage.identity import digest_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import RenderableType

DESIGNS = ("after", "did", "ancova", "before_after", "two_pretests", "matched")
#: Designs of one sample; the others compare it with as many controls.
ONE_SAMPLE = ("before_after", "two_pretests")
#: Standard deviation of answers as a share of the scale (assumed; .23 in the ESS items of attitude).
SPREAD = 0.25


class Power(Section):
    """A power analysis."""

    effect: float = parameter(0.2, 0.001, 5, "SD", "assumed", "effect to be detected, in SD of true values")
    sample: list[int] = Field(default=[20, 50, 200], description="participants; as many controls",
                              json_schema_extra={"unit": "people"})
    item: str = Field(default="attitude", description="survey item that is asked, a rating: see docs/instruments.md")
    reliability: list[float] = Field(
        default=[0.6, 0.8, 0.9], description="of the item: share of the variance of answers that is of true values",
        json_schema_extra={"unit": "share of variance"})
    stability: float = parameter(
        0.85, 0, 0.999, "correlation", "assumed", "of true values before and after", "order of A25")
    power: float = parameter(0.8, 0.05, 0.999, "chance", "assumed", "of detecting the effect")
    level: float = parameter(0.05, 0.0001, 0.5, "chance", "assumed", "of a false positive, two-sided")
    designs: list[str] = Field(default=["after", "did", "ancova", "before_after", "two_pretests"],
                               description=f"of {', '.join(DESIGNS)}, as in an evaluation's methods")
    studies: int = parameter(100, 0, 100_000, "studies", "assumed", "simulated for each combination; 0 for none")
    seed: int = parameter(1, 0, 2**31 - 1, "integer", "assumed", "fixes the simulated studies")
    output: str | None = Field(
        default=None, description="folder; power/DIGEST if null", json_schema_extra={"unit": "path"})
    force: bool = Field(default=False, description="replace what is in the folder")

    @field_validator("sample", "reliability", "designs", mode="before")
    @classmethod
    def _listed(cls, value: Any, info: ValidationInfo) -> Any:
        kinds = {"sample": int, "reliability": float, "designs": str}
        return a_list(value, kinds[str(info.field_name)], str(info.field_name))

    @model_validator(mode="after")
    def _fits(self) -> Power:
        known("designs", self.designs, DESIGNS)
        known("item", [self.item], ratings())
        if not self.sample or min(self.sample) < 4 or max(self.sample) > 1_000_000:
            raise ValueError(f"sample={self.sample} must be numbers from 4 to 1000000, as in sample=[20,50,200]")
        if not self.reliability or not 0.05 <= min(self.reliability) <= max(self.reliability) <= 1:
            raise ValueError(f"reliability={self.reliability} must be numbers from 0.05 to 1, as in [0.6,0.8]")
        if not self.designs:
            raise ValueError("designs must name one design at least")
        return self


def ratings() -> dict[str, Rating]:
    """The shipped survey items that are ratings, by name."""
    return {name: one for name, one in shipped().items() if isinstance(one, Rating)}


def true_spread(question: Power, reliability: float) -> float:
    """Standard deviation of true values in points of the item."""
    item = ratings()[question.item]
    return SPREAD * (item.high - item.low) * sqrt(reliability)


def check(values: dict[str, Any]) -> Power:
    """A power analysis from plain data; raises UserError with one sentence."""
    try:
        return Power.model_validate(values)
    except ValidationError as error:
        raise UserError(sentence(error, lambda key: "command line", Power)) from None


def noise(design: str, reliability: float, stability: float) -> float:
    """Standard deviation of what a design compares, in SD of the answers; nan without a closed form."""
    r = reliability * stability
    forms: dict[str, Callable[[], float]] = {
        "after": lambda: 1.0, "did": lambda: sqrt(2 * (1 - r)), "before_after": lambda: sqrt(2 * (1 - r)),
        "ancova": lambda: sqrt(1 - r * r),
        "two_pretests": lambda: sqrt(6 - 8 * r + 2 * reliability * stability**2)}
    return forms[design]() if design in forms else float("nan")


def smallest(question: Power, design: str, sample: int, reliability: float) -> float:
    """Smallest effect (SD of true values) that ``sample`` participants detect; nan without a closed form."""
    spread = noise(design, reliability, question.stability)
    if np.isnan(spread):
        return float("nan")
    detectable = detectable_effect(sample, question.power, question.level, _samples(design))
    return float(detectable * spread / sqrt(reliability))


def needed(question: Power, design: str, reliability: float) -> float:
    """Participants needed to detect the effect; nan without a closed form."""
    spread = noise(design, reliability, question.stability)
    if np.isnan(spread):
        return float("nan")
    effect = question.effect * sqrt(reliability) / spread
    return required_number(effect, question.power, question.level, _samples(design))


def _samples(design: str) -> int:
    """Number of samples that a design compares."""
    return 1 if design in ONE_SAMPLE else 2


def simulate(question: Power, design: str, sample: int, reliability: float, effect: float) -> float:
    """Share of simulated studies that detect the effect (in its direction).

    True values are normal around the middle of the scale; people answer the item; the design's estimator is that of an
    evaluation, at 95 %.
    """
    hits = 0
    for number in range(question.studies):
        found = ESTIMATORS[design](_study(question, design, sample, reliability, effect, number))
        hits += int(found.low > 0)
    return hits / question.studies if question.studies else float("nan")


def _study(question: Power, design: str, sample: int, reliability: float, effect: float, number: int) -> pd.DataFrame:
    arms = 1 if design in ONE_SAMPLE else 2
    uid = np.arange(arms * sample)
    treated = (uid < sample).astype(float)
    s, waves = question.stability, ("earlier", "before", "after")
    fresh = [normals(stream(question.seed, Decision.RESPONSE, name_key("power", wave), number), uid) for wave in waves]
    true = [fresh[0]]
    for k in (1, 2):
        true.append(s * true[-1] + sqrt(1 - s * s) * fresh[k])
    true[2] = true[2] + effect * treated
    table = pd.DataFrame({wave: _answers(question, value, uid, reliability, wave, number)
                          for wave, value in zip(waves, true, strict=True)})
    return table.assign(treated=treated, x_before=table["before"])


def _answers(question: Power, true: NDArray[np.float64], uid: NDArray[np.int64], reliability: float, wave: str,
             number: int) -> NDArray[np.float64]:
    """(n,) answers in points of people with standardised true values."""
    item = ratings()[question.item].model_copy(update={"reliability": reliability})
    spread = true_spread(question, reliability)
    key = question.seed * 1_000_003 + number
    return item.reported((item.low + item.high) / 2 + spread * true, spread**2, lambda k: normals(
        stream(key, Decision.ITEM, name_key(f"power/{wave}"), k), uid))


def table(question: Power) -> pd.DataFrame:
    """By design, sample and reliability: smallest effect, participants needed for ``effect``, and the simulated power
    at that smallest effect (at ``effect`` without a closed form)."""
    rows = []
    for design in question.designs:
        for reliability in question.reliability:
            for sample in question.sample:
                least = smallest(question, design, sample, reliability)
                at = question.effect if np.isnan(least) else least
                rows.append({"design": design, "reliability": reliability, "sample": sample, "smallest": least,
                             "smallest_points": least * true_spread(question, reliability),
                             "needed": needed(question, design, reliability), "simulated_at": at,
                             "simulated": simulate(question, design, sample, reliability, at)})
    return pd.DataFrame(rows)


def seeds_needed(question: Power, by_seed: pd.DataFrame, effects: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1),
                 week: int | None = None) -> pd.DataFrame:
    """Seeds needed to detect an average effect, with paired runs and with independent seeds, from a comparison's own
    variance over seeds (``by_seed.parquet``; within parameter sets): part, outcome, effect, paired, independent."""
    last = int(by_seed["week"].max()) if week is None else week
    whole = by_seed[(by_seed["by"] == "all") & (by_seed["week"] == last) & (by_seed["arm"] == TREATMENT)]
    rows = []
    for (part, outcome), cell in whole.groupby(["part", "outcome"], sort=False):
        with np.errstate(invalid="ignore", divide="ignore"):
            sd = float(np.nanmedian(cell["raw"] / cell["effect"])) if (cell["effect"] != 0).any() else float("nan")
        paired = sqrt(_variance(cell, cell["raw"]))
        if cell["raw"].count() < 3 or not sd > 0 or not paired > 0:
            continue
        independent = sqrt((_variance(cell, cell["raw"] + cell["control"]) + _variance(cell, cell["control"])) / 2)
        for effect in effects:
            needs = {samples: required_number(effect * sd / scatter, question.power, question.level, samples)
                     for samples, scatter in ((1, paired), (2, independent))}
            rows.append({"part": part, "outcome": outcome, "effect": effect, "paired": needs[1],
                         "independent": needs[2]})
    return pd.DataFrame(rows, columns=["part", "outcome", "effect", "paired", "independent"])


def _variance(cell: pd.DataFrame, values: pd.Series[Any]) -> float:
    """Variance of values over seeds; where parameter sets are pooled, the mean of those within the sets."""
    return float(values.groupby(cell[SET]).var().mean() if SET in cell else values.var())


# --- report

UNITS = {"sample": "participants; as many controls", "reliability": "share of the variance of answers",
         "smallest": "SD of true values", "smallest_points": "points of the item", "needed": "participants",
         "simulated": "share of studies that detect it",
         "simulated_at": "SD of true values", "effect": "SD", "paired": "seeds", "independent": "seeds in each arm",
         "sets": "parameter sets", "mean": "chance of detecting the effect, mean over sets",
         **{name: f"{name} over sets, as mean" for name in ("p10", "median", "p90")}}
#: Effects on attitudes in evaluations of the youth scheme (F14), drawn for comparison.
BAND = (0.02, 0.2)


def write(question: Power, table: pd.DataFrame, seeds: pd.DataFrame | None,
          over_sets: dict[str, Any] | None = None) -> tuple[Path, dict[str, Any]]:
    """Write the folder; returns it and the facts. Raises UserError if it holds something else.

    ``over_sets`` is what :func:`contactsim.evaluate.power_over_sets.facts` gives.
    """
    values = question.model_dump(mode="json", exclude={"output", "force"})
    target = Path(question.output).expanduser() if question.output else Path("power") / digest_of(values)[:8]
    if target.exists() and not question.force and not (target / "power.json").is_file():
        raise UserError(f"output={target} is there and is no folder of contactsim power: choose another, or replace "
                        f"it with force=true.")
    facts = {"folder": str(target), "question": values, "table": table.to_dict("records"),
             "seeds": [] if seeds is None else seeds.to_dict("records"), "over_sets": over_sets}
    with new_folder(target, replace=True) as folder:
        write_table(folder / "power.parquet", table, UNITS)
        if seeds is not None:
            write_table(folder / "seeds.parquet", seeds, UNITS)
        if over_sets is not None:
            write_table(folder / "over_sets.parquet", pd.DataFrame(over_sets["power"]), UNITS)
        (folder / "config.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        write_json(folder / "power.json", facts)
        figure(question, table).savefig(folder / "figure.png")
    return target, facts


def render(question: Power, table: pd.DataFrame, seeds: pd.DataFrame | None, folder: Path,
           over_sets: Sequence[RenderableType] = ()) -> RenderableType:
    """The tables for a terminal; ``over_sets`` stands before the seeds."""
    from rich.console import Group
    from rich.table import Column, Table
    from rich.text import Text

    shown = Table("design", "reliability", *(Column(f"{n}", justify="right") for n in question.sample),
                  Column(f"needed for {question.effect:g}", justify="right"), box=None, pad_edge=False,
                  padding=(0, 2, 0, 0))
    for (design, reliability), cell in table.groupby(["design", "reliability"], sort=False):
        shown.add_row(str(design), f"{reliability:g}", *(_cell(row) for _, row in cell.iterrows()),
                      "–" if np.isnan(cell["needed"].iloc[0]) else f"{cell['needed'].iloc[0]:,.0f}")
    head = (f"Smallest effect (SD of true values) that a number of participants, and as many controls, detect with "
            f"{question.power:.0%} power; in brackets the share of {question.studies} simulated studies that detect it")
    spreads = ", ".join(f"{true_spread(question, one):.2f}" for one in question.reliability)
    last = (f"Item {question.item}: {ratings()[question.item].scale}; an SD of true values is {spreads} points (by "
            f"reliability). Their stability: {question.stability:g}. "
            f"Evaluations of the youth scheme report {BAND[0]:g} to {BAND[1]:g} SD (F14).")
    return Group(Text(head), shown, Text(last, style="dim"), *over_sets, *_seeds(seeds),
                 Text(f"{folder}: table and figure"))


def _cell(row: pd.Series[Any]) -> str:
    share = "" if np.isnan(row["simulated"]) else f" ({row['simulated']:.0%})"
    return f"at {row['simulated_at']:.2f}{share}" if np.isnan(row["smallest"]) else f"{row['smallest']:.2f}{share}"


def _seeds(seeds: pd.DataFrame | None) -> list[RenderableType]:
    from rich.table import Column, Table
    from rich.text import Text

    if seeds is None:
        return [Text("For the number of seeds, give the folder of a comparison: --from comparisons/...", style="dim")]
    if seeds.empty:
        return [Text("The comparison gives no number of seeds: it needs an outcome that differs, and 3 seeds.")]
    effects = sorted(seeds["effect"].unique())
    shown = Table("part", "outcome", *(Column(f"{e:g} SD", justify="right") for e in effects), box=None, pad_edge=False,
                  padding=(0, 2, 0, 0))
    for (part, outcome), cell in seeds[seeds["outcome"].isin(["attitude", "positive", "belonging"])].groupby(
            ["part", "outcome"], sort=False):
        by = cell.set_index("effect")
        shown.add_row(str(part), str(outcome), *(f"{by.loc[e, 'paired']:,.0f} / {by.loc[e, 'independent']:,.0f}"
                                                 for e in effects))
    return [Text(""), Text("Seeds needed to detect a mean effect: paired runs / independent seeds in each arm"), shown]


def figure(question: Power, table: pd.DataFrame) -> Figure:
    """Smallest effect against sample size, one line per design, one panel per reliability."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from contactsim.runs.plots import COLOURS

    layout = ConstrainedLayoutEngine(rect=(0.005, 0.02, 0.985, 0.9))
    canvas = Figure(figsize=(max(5.5, 3.6 * len(question.reliability)), 4.4), dpi=130, layout=layout)
    axes = canvas.subplots(1, len(question.reliability), sharey=True, squeeze=False)[0]
    samples = np.unique(np.geomspace(max(8, min(question.sample) / 2), 2 * max(question.sample), 25).astype(int))
    for axis, reliability in zip(axes, question.reliability, strict=True):
        axis.axhspan(*BAND, color="#bbbbbb", alpha=0.4, linewidth=0, label="youth scheme (F14)")
        for design, colour in zip(question.designs, COLOURS, strict=False):
            line = [smallest(question, design, int(n), reliability) for n in samples]
            if not np.isnan(line).all():
                axis.loglog(samples, line, color=colour, label=design)
        axis.set_title(f"reliability {reliability:g}", fontsize=10)
        axis.set_xlabel("participants (and as many controls)")
        axis.grid(which="both", color="#eeeeee")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("smallest effect, SD of true values")
    axes[0].legend(frameon=False, fontsize=8)
    canvas.text(0.01, 0.98, f"Smallest effect that a study detects with {question.power:.0%} power", fontsize=12,
                fontweight="bold", va="top")
    return canvas
