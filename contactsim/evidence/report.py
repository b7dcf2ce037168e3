"""The ledger as one self-contained page with pictures, for a browser without a network."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from contactsim.evidence import beside, figures, summary, tried
from contactsim.evidence.entries import Entry
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
VERDICTS = (
    "<b>Reproduced</b>: the interval over seeds lies inside the band, and with each mechanism that must carry it "
    "off it lies outside. <b>Not reproduced</b>: the interval lies outside the band. <b>Not explained by the "
    "mechanism</b>: it is there, and stays when the mechanism is off. <b>Inconclusive</b>: this sample cannot say. "
    "A finding is called by the worst of its judged rows. Intervals of one folder hold together at 95 % "
    "(Bonferroni). Rows 'shown beside' have no say: other readings, or the other side of a dispute. <b>Roles and "
    "knock-outs</b>: a knock-out is the same world with one mechanism switched off; 'reported' knock-outs have no say. "
    "<b>Null actions</b>: an action that reaches nobody must fail its finding; a row which claims that something does "
    "<i>not</i> change cannot fail it, and has another row of the finding beside it which does. Effects in SD are in "
    "standard deviations of the people compared: .2 is often called small, .5 middling.")
STYLE = ("body{font:16px/1.5 system-ui,sans-serif;color:#111;background:#fff;margin:0}main{max-width:72rem;"
         "margin:auto;padding:1rem}table{border-collapse:collapse;font-size:.85rem}td,th{padding:.2rem .6rem;"
         "border-bottom:1px solid #ccc;text-align:left;vertical-align:top}.limits{border-left:4px solid #D55E00;"
         "padding-left:1rem}svg{max-width:100%;height:auto}dt{font-weight:600}figure{margin:1rem 0}"
         "section{border-top:1px solid #ccc;margin-top:2rem}.note{color:#a33}figcaption{font-size:.85rem;color:#444}"
         "nav ul{columns:2;margin:.3rem 0}h3{font-size:1.05rem}.sides td,.sides th{width:50%}")


def page(entries: Sequence[Entry], sample: str, provenance: dict[str, Any], gradient: Replayed | None = None,
         moved: Sequence[str] = ()) -> str:
    """The report. ``gradient`` adds what was read along polarisation's gradient; ``moved`` what no longer holds."""
    findings = [e for e in entries if not e.check]
    checks = [e for e in entries if e.check]
    chapters = [
        ("short", "In short", _short(entries, findings, sample, moved)),
        ("assumed", "What is assumed, and what comes out", f"{summary.roles(findings)}<p>{_e(HANGS_ON)}</p>"),
        ("read", "How to read this", f"<p>{VERDICTS}</p>"),
        ("disputes", "Where sources disagree", beside.disputed(entries)),
        ("findings", "Findings", "".join(_section(entry) for entry in findings)),
        ("checks", "Realism checks", "<p>No findings of the essays: does the made world look like surveyed ones?</p>"
         f"{''.join(_section(entry) for entry in checks)}" if checks else ""),
        ("along", "Along the gradient of diversity", "" if gradient is None else _along(gradient)),
        ("moving", "Which numbers move which findings", beside.moving()),
        ("fitted", "What was fitted", beside.fitted()),
        ("changes", "Changes since registration", _changes(entries)),
        ("from", "Provenance", _provenance(provenance))]
    chapters = [chapter for chapter in chapters if chapter[2]]
    parts = ["<h1>The ledger of findings</h1>", f"<p class=limits>{_e(LIMITS)}</p>", _contents(chapters, findings),
             *(f"<h2 id={to}>{title}</h2>{text}" for to, title, text in chapters)]
    return (f"<!doctype html><html lang=en><meta charset=utf-8><title>The ledger of findings</title>"
            f"<style>{STYLE}</style><main>{''.join(parts)}</main></html>\n")


def _e(text: str) -> str:
    return html.escape(text)


def _contents(chapters: Sequence[tuple[str, str, str]], findings: Sequence[Entry]) -> str:
    links = " · ".join(f"<a href=#{e.id}>{e.id}</a>" for e in findings)
    items = "".join(f"<li><a href=#{to}>{title}</a>{f': {links}' if to == 'findings' else ''}</li>"
                    for to, title, _ in chapters)
    return f"<nav aria-label=Contents><ul>{items}</ul></nav>"


def _short(entries: Sequence[Entry], findings: Sequence[Entry], sample: str, moved: Sequence[str]) -> str:
    notes = "".join(f"<p class=note>No longer holds: {_e(one)}.</p>" for one in moved)
    return (f"<p><b>{_e(count(list(entries)))}</b> ({_e(sample)} sample)</p>{notes}{summary.plain(findings)}"
            f"<h3>One by one</h3>{summary.table(findings)}")


def _provenance(provenance: dict[str, Any]) -> str:
    return f"<dl>{''.join(f'<dt>{_e(str(k))}</dt><dd>{_e(str(v))}</dd>' for k, v in provenance.items())}</dl>"


def _section(entry: Entry) -> str:
    facts = (f"{_e(entry.title)}. Source: {_e(entry.source)}; evidence {', '.join(entry.evidence) or 'none found'}; "
             f"rests on: {entry.grade}. Role: {entry.role}{': ' + _e(entry.role_note) if entry.role_note else ''}. "
             f"{entry.seeds} seeds, {entry.residents:,} residents; {entry.family} intervals hold together.")
    switches = "".join(f"<li>{_e(name.replace('_', ' '))}: {_e(text)}</li>" for name, text in entry.knock_outs.items())
    picture = _picture(figures.entry(entry), f"{entry.id}: each row's interval (dot), its knock-outs (crosses), the "
                                             f"band (shaded); purple rows are shown beside")
    why = f"<p><b>Why</b> (of the kept result): {_e(entry.diagnosis)}</p>" if entry.diagnosis else ""
    off = f"<p>Switched off:</p><ul>{switches}</ul>" if switches else ""
    return (f"<section id={entry.id}><h3>{entry.id}. {_e(entry.claim)}: {entry.verdict}</h3><p>{_e(entry.reading)}</p>"
            f"{picture}{_rows(entry)}{why}{off}<p>{facts}</p></section>")


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
    picture = _picture(figures.gradient(result), "Positive and negative contact, mean and spread of attitudes by share")
    return picture + readings(result).round(3).to_html(index=False, border=0) + _swept(result)


def _swept(result: Replayed) -> str:
    """Where polarisation's findings turn: of this replay, or as kept of the last full one."""
    rows, told = result.swept, ""
    kept = tried.read(f"{result.design.name}/swept")
    if not rows and kept is not None:
        rows = [{str(key): value for key, value in row.items()} for row in kept.table.to_dict("records")]
        told = "<p>From the last full replay that was kept.</p>" + (beside.OUTDATED if kept.outdated else "")
    if not rows:
        return ""
    bands = {o.id: o.band for o in result.design.outcomes}
    items = "".join(f"<li>{_e(sentence)}</li>" for sentence in breaks(rows))
    return (f"<h3>Where it breaks</h3>{told}<p>Base world after a lived history; 95 % intervals of each figure by "
            f"itself; the ring marks the value that the rest uses; bands are shaded.</p><ul>{items}</ul>"
            f"{_picture(figures.sweeps(rows, bands), 'Each outcome along each swept number')}")


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


def breaks(swept: list[dict[str, Any]]) -> list[str]:
    """Where a finding turns along each swept number, one sentence each."""
    rows = pd.DataFrame(swept)
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
