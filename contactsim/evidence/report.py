"""The replay for people: a table for the terminal, and one self-contained page with pictures."""

from __future__ import annotations

import html
import io
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from rich.box import SIMPLE_HEAD
from rich.table import Table

from contactsim.evidence import figures
from contactsim.evidence.judge import Interval
from contactsim.evidence.replay import BASE, Judged, Replayed

LIMITS = ("This replay shows what follows from the model's assumptions, and on which of them it hangs. The model "
          "explains and explores; it does not predict a real town, and reproducing a cross-section says nothing "
          "about cause in the world.")
HANGS_ON = ("Two assumptions carry the spread of attitudes, and neither has a source with a number: "
            "self-confirming appraisal (psychology.appraisal: a warm person lives through the same meeting as "
            "better than a cold one) and exposure spread (residents.exposure_spread: some people are far more "
            "exposed to bad events than others). Both are knocked out in the table and swept in the full replay. "
            "The weight of negative against positive meetings (psychology.negative_weight) is contested: A9 and "
            "A11 find bad stronger than good, A11b finds no clear tendency.")


def number(found: Interval) -> str:
    """``0.123 [0.100, 0.150]``"""
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"


def band(limits: tuple[float | None, float | None]) -> str:
    """``0.05 or more``, ``-0.05 or less``, ``0.03 to 0.25``"""
    low, high = limits
    if low is None:
        return "any" if high is None else f"{high:g} or less"
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def _of(result: Replayed, outcome: str, history: str) -> Judged:
    return next(j for j in result.judged if j.id == outcome and j.history == history)


def table(result: Replayed, history: str) -> Table:
    """Effect with interval, band, role, grade and verdict of each outcome and its knock-outs, for one history."""
    out = Table(title=f"{result.design.title}: {figures.HISTORY[history]} ({result.sample} sample)",
                title_justify="left", pad_edge=False, box=SIMPLE_HEAD)
    for column in ("finding", "effect", "band", "role", "grade", "verdict"):
        out.add_column(column, no_wrap=column in ("finding", "effect", "band"))
    for outcome in result.design.outcomes:
        judged = _of(result, outcome.id, history)
        out.add_row(outcome.id, number(judged.effect), band(outcome.band), outcome.role, outcome.grade,
                    judged.verdict, style="bold")
        for name, rule in outcome.knock_outs.items():
            out.add_row(f"  {name}", number(judged.knock_outs[name]),
                        "must leave" if rule == "leaves" else "reported", style="dim")
    return out


def csv(result: Replayed) -> pd.DataFrame:
    """One row for each outcome, history and world."""
    rows = []
    for judged in result.judged:
        outcome = next(o for o in result.design.outcomes if o.id == judged.id)
        common = {"outcome": judged.id, "claim": outcome.claim, "history": judged.history, "unit": outcome.unit,
                  "band_low": outcome.band[0], "band_high": outcome.band[1], "role": outcome.role,
                  "grade": outcome.grade}
        for world, found in {BASE: judged.effect, **judged.knock_outs}.items():
            rows.append({**common, "world": world, "mean": found.mean, "low": found.low, "high": found.high,
                         "seeds": found.seeds, "verdict": judged.verdict if world == BASE else ""})
    return pd.DataFrame(rows)


def readings(result: Replayed) -> pd.DataFrame:
    """Mean readings of the base world by history and share."""
    frame = pd.DataFrame(result.readings)
    frame = frame[frame["world"] == BASE].drop(columns=["world", "seed"])
    return frame.groupby(["history", "share"]).mean().reset_index()


def breaks(result: Replayed) -> list[str]:
    """Where a finding turns along each swept number, one sentence each."""
    rows = pd.DataFrame(result.swept)
    said: list[str] = []
    if rows.empty:
        return said
    for (parameter, outcome), found in rows.groupby(["parameter", "outcome"], sort=False):
        out = [_value(v) for v in found.loc[found["outside"], "value"]]
        unclear = [_value(v) for v in found.loc[~found["outside"] & ~found["inside"], "value"]]
        if out or unclear:
            parts = [f"outside its band at {', '.join(out)}"] if out else []
            parts += [f"not decided at {', '.join(unclear)}"] if unclear else []
            said.append(f"{outcome} along {parameter}: {'; '.join(parts)}.")
    return said


def _value(value: float | None) -> str:
    return "known cells" if pd.isna(value) else f"{value:g}"


def page(result: Replayed, provenance: dict[str, Any]) -> str:
    """The report as one HTML page that needs nothing else."""
    design = result.design
    parts = [f"<h1>{_e(design.title)}</h1>", f"<p class=limits>{_e(LIMITS)}</p>",
             "<nav><a href='#short'>In short</a> · <a href='#seen'>What was seen</a> · <a href='#judged'>Judged</a>"
             " · <a href='#sweeps'>Where it breaks</a> · <a href='#design'>Design</a> · "
             "<a href='#from'>Provenance</a></nav>",
             "<h2 id=short>In short</h2>", _summary(result), f"<p>{_e(HANGS_ON)}</p>",
             "<h2 id=seen>What was seen along the gradient</h2>", _picture(
                 figures.gradient(result), "Positive and negative contact, mean and spread of attitudes by diversity"),
             readings(result).round(3).to_html(index=False, border=0)]
    for history in design.histories:
        parts += [f"<h2 id={'judged' if history == design.histories[0] else 'judged-' + history}>Judged, "
                  f"{_e(figures.HISTORY[history])}</h2>",
                  _picture(figures.outcomes(result, history), "Each outcome and its knock-outs against the band"),
                  _ledger(result, history)]
    parts += ["<h2 id=sweeps>Where it breaks</h2>", _swept(result), "<h2 id=design>Design</h2>", _design(result),
              "<h2 id=from>Provenance</h2><dl>"]
    parts += [f"<dt>{_e(str(k))}</dt><dd>{_e(str(v))}</dd>" for k, v in provenance.items()]
    return (f"<!doctype html><html lang=en><meta charset=utf-8><title>{_e(design.title)}</title>"
            f"<style>{STYLE}</style><main>{''.join(parts)}</dl></main></html>\n")


STYLE = ("body{font:16px/1.5 system-ui,sans-serif;color:#111;background:#fff;margin:0}main{max-width:72rem;"
         "margin:auto;padding:1rem}table{border-collapse:collapse;font-size:.85rem}td,th{padding:.2rem .6rem;"
         "border-bottom:1px solid #ccc;text-align:left;vertical-align:top}.limits{border-left:4px solid #D55E00;"
         "padding-left:1rem}img{max-width:100%}dt{font-weight:600}figure{margin:1rem 0}")


def _e(text: str) -> str:
    return html.escape(text)


def _summary(result: Replayed) -> str:
    items = []
    for outcome in result.design.outcomes:
        words = " / ".join(f"{figures.HISTORY[h]}: <b>{_e(_of(result, outcome.id, h).verdict)}</b>"
                           for h in result.design.histories)
        items.append(f"<li>{_e(outcome.id)}. {_e(outcome.claim)} ({outcome.role}). {words}</li>")
    return f"<ul>{''.join(items)}</ul>"


def _ledger(result: Replayed, history: str) -> str:
    rows = ["<table><tr><th>finding<th>claim<th>effect, interval<th>band<th>knock-outs<th>verdict and reason</tr>"]
    for outcome in result.design.outcomes:
        judged = _of(result, outcome.id, history)
        knocked = "<br>".join(f"{_e(n)}: {number(i)}" for n, i in judged.knock_outs.items())
        rows.append(f"<tr><td>{_e(outcome.id)}<br>{outcome.role}, {_e(outcome.grade)}<td>{_e(outcome.claim)}"
                    f"<td>{number(judged.effect)}<br>{_e(outcome.unit)}<td>{band(outcome.band)}<br>"
                    f"{_e(outcome.band_source)}<td>{knocked}<td><b>{_e(judged.verdict)}</b>: {_e(judged.reason)}</tr>")
    return "".join(rows) + "</table>"


def _swept(result: Replayed) -> str:
    if not result.swept:
        return "<p>The quick replay does not sweep; the full one does (leave out --quick).</p>"
    bands = {o.id: o.band for o in result.design.outcomes}
    items = "".join(f"<li>{_e(s)}</li>" for s in breaks(result))
    return (f"<p>Base world after a lived history; 95 % intervals of each figure by itself; the ring marks the "
            f"value that the rest of the report uses; bands are shaded.</p><ul>{items}</ul>"
            + _picture(figures.sweeps(result.swept, bands), "Each outcome along each swept number"))


def _design(result: Replayed) -> str:
    design = result.design
    size = design.samples[result.sample]  # type: ignore[index]
    worlds = "".join(f"<li>{_e(n)}: {_e(v.text)}</li>" for n, v in design.worlds.items())
    changes = "".join(f"<li>{_e(str(c['date']))}: {_e(c['what'])} ({_e(c['why'])})</li>" for c in design.changes)
    return (f"<p>Registered {design.registered}. {_e(design.population)} {size.seeds} seeds, {size.residents:,} "
            f"residents a place, {design.weeks} weeks; intervals hold together at 95 % over {result.family} "
            f"figures (Bonferroni).</p><p>Worlds:</p><ul>{worlds}</ul><p>Changes since registration:</p>"
            f"<ul>{changes or '<li>none</li>'}</ul>")


def _picture(figure: Figure, alternative: str) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return (f"<figure role=img aria-label='{html.escape(alternative, quote=True)}'>{svg[svg.index('<svg'):]}"
            f"<figcaption>{_e(alternative)}</figcaption></figure>")
