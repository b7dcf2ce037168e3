"""The ledger as one self-contained page with pictures, for a browser without a network."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from contactsim.evidence import figures
from contactsim.evidence.entries import Entry
from contactsim.evidence.judge import REPRODUCED
from contactsim.evidence.replay import BASE, Replayed
from contactsim.evidence.tables import band, count, number

LIMITS = ("This replay shows what follows from the model's assumptions, and on which of them it hangs. The model "
          "explains and explores; it does not predict a real town, and reproducing a claim says nothing about cause in "
          "the world, least of all where the claim rests on a cross-section, on testimony or on argument.")
HANGS_ON = ("Two assumptions carry the spread of attitudes, and neither has a source with a number: "
            "self-confirming appraisal (psychology.appraisal: a warm person lives through the same meeting as "
            "better than a cold one) and exposure spread (residents.exposure_spread: some people are far more "
            "exposed to bad events than others). The weight of negative against positive meetings "
            "(psychology.negative_weight) is contested: A9 and A11 find bad stronger than good, A11b finds no clear "
            "tendency.")
ROLES = {
    "assumed": "Built in. The replay shows that it is in, and how large; it proves nothing.",
    "calibrated": "A parameter was or may be fitted to it. It proves nothing either.",
    "implied": "Follows in one step from something built in. What is tested is its size.",
    "emergent": "No single number's sign states it. These rows are what the model claims to explain, each as far as "
                "its knock-out makes it vanish."}
VERDICTS = (
    "<b>Reproduced</b>: the interval over seeds lies inside the band, and with each mechanism that must carry it "
    "off it lies outside. <b>Not reproduced</b>: the interval lies outside the band. <b>Not explained by the "
    "mechanism</b>: it is there, and stays when the mechanism is off. <b>Inconclusive</b>: this sample cannot say. "
    "A finding is called by the worst of its judged rows. Intervals of one folder hold together at 95 % "
    "(Bonferroni). Rows 'shown beside' have no say: other readings, or the other side of a dispute.")
STYLE = ("body{font:16px/1.5 system-ui,sans-serif;color:#111;background:#fff;margin:0}main{max-width:72rem;"
         "margin:auto;padding:1rem}table{border-collapse:collapse;font-size:.85rem}td,th{padding:.2rem .6rem;"
         "border-bottom:1px solid #ccc;text-align:left;vertical-align:top}.limits{border-left:4px solid #D55E00;"
         "padding-left:1rem}svg{max-width:100%;height:auto}dt{font-weight:600}figure{margin:1rem 0}"
         "section{border-top:1px solid #ccc;margin-top:2rem}.note{color:#a33}figcaption{font-size:.85rem;color:#444}")


def page(entries: Sequence[Entry], sample: str, provenance: dict[str, Any], gradient: Replayed | None = None,
         moved: Sequence[str] = ()) -> str:
    """The report. ``gradient`` adds what was read along polarisation's gradient; ``moved`` what no longer holds."""
    findings = [e for e in entries if not e.check]
    checks = [e for e in entries if e.check]
    parts = ["<h1>The ledger of findings</h1>", f"<p class=limits>{_e(LIMITS)}</p>",
             _contents(findings, checks, gradient),
             "<h2 id=short>In short</h2>", f"<p><b>{_e(count(list(entries)))}</b> ({_e(sample)} sample)</p>",
             *(f"<p class=note>No longer holds: {_e(one)}.</p>" for one in moved), _summary(findings),
             "<h2 id=assumed>What is assumed, and what comes out</h2>", _roles(findings), f"<p>{_e(HANGS_ON)}</p>",
             "<h2 id=read>How to read this</h2>", f"<p>{VERDICTS}</p>", "<h2 id=findings>Findings</h2>",
             *(_section(entry) for entry in findings)]
    if checks:
        parts += ["<h2 id=checks>Realism checks</h2>", "<p>No findings of the essays: does the made world look like "
                  "surveyed ones?</p>", *(_section(entry) for entry in checks)]
    if gradient is not None:
        parts += [_along(gradient)]
    parts += ["<h2 id=changes>Changes since registration</h2>", _changes(entries), "<h2 id=from>Provenance</h2><dl>",
              *(f"<dt>{_e(str(k))}</dt><dd>{_e(str(v))}</dd>" for k, v in provenance.items()), "</dl>"]
    return (f"<!doctype html><html lang=en><meta charset=utf-8><title>The ledger of findings</title>"
            f"<style>{STYLE}</style><main>{''.join(parts)}</main></html>\n")


def _e(text: str) -> str:
    return html.escape(text)


def _contents(findings: list[Entry], checks: list[Entry], gradient: Replayed | None) -> str:
    links = [("short", "In short"), ("assumed", "Assumed or emergent"), ("read", "How to read")]
    links += [("findings", "Findings")]
    links += [("checks", "Realism checks")] if checks else []
    links += [("along", "Along the gradient")] if gradient is not None else []
    links += [("changes", "Changes"), ("from", "Provenance")]
    return f"<nav>{' · '.join(f'<a href=#{to}>{text}</a>' for to, text in links)}</nav>"


def _summary(findings: list[Entry]) -> str:
    lines = ["<table><tr><th>finding<th>claim<th>rests on<th>role<th>verdict<th>rows reproduced</tr>"]
    lines += [f"<tr><td><a href=#{e.id}>{e.id}</a><td>{_e(e.claim)}<td>{e.grade}<td>{e.role}<td><b>{e.verdict}</b>"
              f"<td>{e.counted}</tr>" for e in findings]
    return "".join(lines) + "</table>"


def _roles(findings: list[Entry]) -> str:
    """What the model only assumes, and what it claims, by role of the rows."""
    parts = []
    for role, text in ROLES.items():
        rows = [row for e in findings for row in e.rows if row.judged and row.role == role]
        good = [row.id for row in rows if row.verdict == REPRODUCED]
        parts.append(f"<dt>{role}: {len(good)} of {len(rows)} rows reproduced</dt><dd>{_e(text)} "
                     f"{_e(', '.join(good) or 'None came out')}.</dd>")
    return f"<dl>{''.join(parts)}</dl>"


def _section(entry: Entry) -> str:
    facts = (f"{_e(entry.title)}. Source: {_e(entry.source)}; evidence {', '.join(entry.evidence) or 'none found'}; "
             f"rests on: {entry.grade}. Role: {entry.role}{': ' + _e(entry.role_note) if entry.role_note else ''}. "
             f"{entry.seeds} seeds, {entry.residents:,} residents; {entry.family} intervals hold together.")
    switches = "".join(f"<li>{_e(name.replace('_', ' '))}: {_e(text)}</li>" for name, text in entry.knock_outs.items())
    picture = _picture(figures.entry(entry), f"{entry.id}: each row's interval (dot), its knock-outs (crosses), the "
                                             f"band (shaded); purple rows are shown beside")
    off = f"<p>Switched off:</p><ul>{switches}</ul>" if switches else ""
    return (f"<section id={entry.id}><h3>{entry.id}. {_e(entry.claim)}: {entry.verdict}</h3><p>{_e(entry.reading)}</p>"
            f"{picture}{_rows(entry)}{off}<p>{facts}</p></section>")


def _rows(entry: Entry) -> str:
    lines = ["<table><tr><th>row<th>what<th>effect, interval<th>band<th>knock-outs<th>verdict and reason</tr>"]
    for row in entry.rows:
        knocked = "<br>".join(
            f"{_e(name.replace('_', ' '))}{'' if rule == 'leaves' else ' (reported)'}: {number(found)}"
            for name, (rule, found) in row.knock_outs.items())
        word = row.verdict if row.judged else f"shown beside ({row.verdict})"
        note = f"<br><span class=note>{_e(row.note)}</span>" if row.note else ""
        lines.append(f"<tr><td>{_e(row.id)}<br>{row.role}<td>{_e(row.says)}<td>{number(row.effect)}<br>{_e(row.unit)}"
                     f"<td>{band(row.band)}<br>{_e(row.band_source)}<td>{knocked}<td><b>{_e(word)}</b>: "
                     f"{_e(row.reason)}{note}</tr>")
    return "".join(lines) + "</table>"


def _along(result: Replayed) -> str:
    parts = ["<h2 id=along>Along the gradient of diversity</h2>", _picture(
        figures.gradient(result), "Positive and negative contact, mean and spread of attitudes by diversity"),
        readings(result).round(3).to_html(index=False, border=0)]
    if result.swept:
        bands = {o.id: o.band for o in result.design.outcomes}
        items = "".join(f"<li>{_e(s)}</li>" for s in breaks(result))
        parts += ["<h3>Where it breaks</h3><p>Base world after a lived history; 95 % intervals of each figure by "
                  f"itself; the ring marks the value that the rest uses; bands are shaded.</p><ul>{items}</ul>",
                  _picture(figures.sweeps(result.swept, bands), "Each outcome along each swept number")]
    return "".join(parts)


def _changes(entries: Sequence[Entry]) -> str:
    by_folder = {entry.folder: entry.changes for entry in entries}
    items = [f"<li>{_e(folder)}, {_e(str(c['date']))}: {_e(c['what'])} ({_e(c['why'])})</li>"
             for folder, changes in by_folder.items() for c in changes]
    return f"<ul>{''.join(items) or '<li>none</li>'}</ul>"


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


def _value(value: Any) -> str:
    return "known cells" if pd.isna(value) else f"{value:g}"


def _picture(figure: Figure, alternative: str) -> str:
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "contactsim"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return (f"<figure role=img aria-label='{html.escape(alternative, quote=True)}'>{svg[svg.index('<svg'):]}"
            f"<figcaption>{_e(alternative)}</figcaption></figure>")
