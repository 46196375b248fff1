"""The tables of the page: figures, differences, pictures left out, and what the figures mean. Real tables, with headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from photochrom.evaluate.html.text import ARROWS, best_rows, hidden, interval, number

__all__ = ["comparisons", "excluded", "figures", "glossary"]

Metrics = Sequence[Mapping[str, Any]]
_KINDS = {"truth": "reference", "baseline": "baseline"}


def _scroll(table: str, label: str) -> str:
    """A table that may be wider than the window, for the keyboard, too."""
    return f'<div class="scroll" role="region" aria-label="{escape(label)}" tabindex="0">{table}</div>'


def figures(one: Mapping[str, Any], metrics: Metrics, id_: str) -> str:
    """The table of all figures with their intervals; sorted by the script. Figures beside the headline ones can be hidden."""
    used = [metric for metric in metrics if any(metric["key"] in method["figures"] for method in one["methods"])]
    head = "".join(_column(metric) for metric in used)
    best = {metric["key"]: best_rows(one, metric) for metric in used}
    rows = "".join(_row(method, used, best) for method in one["methods"])
    table = f"""<table class="figures sortable" id="{id_}">
<caption><span>Means over {one["measured"]} pictures, with 95 % intervals. <span class="mark">●</span> best of all rows,
<span class="mark own">○</span> best of the methods. Arrows show which direction is better.</span></caption>
<thead><tr><th scope="col" data-first="ascending"><button type="button">Method</button></th>{head}
<th scope="col" class="n" data-first="ascending"><button type="button">CPU time <small>s a picture</small></button></th></tr>
</thead>
<tbody>{rows}</tbody></table>"""
    choice = f'<label><input type="checkbox" class="all-figures" aria-controls="{id_}"> All figures</label>'
    return f'<p class="choice" hidden>{choice}</p>' + _scroll(table, f"Figures of {one['name']}")


def _arrow(metric: Mapping[str, Any]) -> str:
    """Which direction is better: a sign for the eye, words for the ear."""
    sign, meaning = ARROWS[metric["direction"]]
    return f'<span class="arrow" aria-hidden="true">{sign}</span>{hidden(meaning)}'


def _column(metric: Mapping[str, Any]) -> str:
    unit = f" <small>{escape(metric['unit'])}</small>" if metric["unit"] else ""
    first = "descending" if metric["direction"] == "higher" else "ascending"
    extra = "" if metric["headline"] else " extra"
    return (
        f'<th scope="col" class="n{extra}" data-first="{first}" title="{escape(metric["what"])}"><button type="button">'
        f"{escape(metric['title'])} {_arrow(metric)}{unit}</button></th>"
    )


def _row(method: Mapping[str, Any], metrics: Metrics, best: Mapping[str, tuple[str | None, str | None]]) -> str:
    kind = _KINDS.get(method["kind"], "")
    label = f" <small>{kind}</small>" if kind else ""
    cells = [
        f'<tr class="{escape(method["kind"])}"><th scope="row" data-value="{escape(method["name"])}" '
        f'title="{escape(method["what"])}">{escape(method["name"])}{label}</th>'
    ]
    for metric in metrics:
        extra = "" if metric["headline"] else " extra"
        figure = method["figures"].get(metric["key"])
        if figure is None:
            cells.append(f'<td class="n{extra}"><span class="none">–</span></td>')
            continue
        mark = ""
        of_all, of_own = best[metric["key"]]
        if method["name"] == of_all:
            mark = f'<span class="mark" aria-hidden="true">●</span>{hidden("best of all rows")}'
        elif method["name"] == of_own:
            mark = f'<span class="mark own" aria-hidden="true">○</span>{hidden("best of the methods")}'
        bold = " best" if mark else ""
        ends = interval(figure["low"], figure["high"], metric["decimals"])
        less = f"over {figure['n']} pictures" if figure.get("n") else ""
        cells.append(
            f'<td class="n{extra}{bold}" data-value="{figure["value"]}" title="{less}">'
            f'<span class="value">{mark}{number(figure["value"], metric["decimals"])}</span>'
            f'<span class="ends">{ends}</span></td>'
        )
    seconds = method.get("seconds")
    value = f' data-value="{seconds}"' if seconds is not None else ""
    cells.append(f'<td class="n"{value}>{number(seconds, 2)}</td></tr>')
    return "".join(cells)


def comparisons(one: Mapping[str, Any], metrics: Metrics, id_: str) -> str:
    """Differences on the same pictures: a row for each pair of methods, a column for each figure that was tested."""
    found = {(row["first"], row["second"], row["metric"]): row for row in one["comparisons"]["pairs"]}
    pairs = list(dict.fromkeys((first, second) for first, second, _ in found))
    tested = [metric for metric in metrics if any(key == metric["key"] for _, _, key in found)]
    if not pairs:
        return ""
    head = "".join(
        f'<th scope="col" class="n" title="{escape(metric["what"])}">{escape(metric["title"])} {_arrow(metric)}</th>'
        for metric in tested
    )
    rows = "".join(
        f'<tr><th scope="row"><strong>{escape(first)}</strong> <span class="against">against</span> {escape(second)}</th>'
        + "".join(_difference(found.get((first, second, metric["key"])), metric) for metric in tested)
        + "</tr>"
        for first, second in pairs
    )
    table = f"""<table class="differences" id="{id_}">
<caption><span>What the first method has more than the second, with 95 % intervals.
<span class="better key">▲ better</span> <span class="worse key">▼ worse</span>
<span class="same key">· not significant at 0.05</span></span>
</caption><thead><tr><th scope="col">Pair</th>{head}</tr></thead><tbody>{rows}</tbody></table>"""
    return (
        _scroll(table, f"Differences in {one['name']}") + f'<p class="note">{escape(one["comparisons"]["tested"])}.</p>'
    )


def _difference(row: Mapping[str, Any] | None, metric: Mapping[str, Any]) -> str:
    if row is None:
        return '<td class="n"><span class="none">–</span></td>'
    kind, sign, meaning = ("same", "·", "no significant difference")
    if row["better"] == row["first"]:
        kind, sign, meaning = "better", "▲", "better"
    elif row["better"] is not None:
        kind, sign, meaning = "worse", "▼", "worse"
    decimals = metric["decimals"]
    p = row["p_holm"]
    title = "" if p is None else f"p = {p:.2g} after Holm's correction"
    return (
        f'<td class="n {kind}" title="{title}"><span class="value"><span aria-hidden="true">{sign}</span> '
        f"{number(row['difference'], decimals, sign=True)}{hidden(meaning)}</span>"
        f'<span class="ends">{interval(row["low"], row["high"], decimals, sign=True)}</span></td>'
    )


def excluded(one: Mapping[str, Any]) -> str:
    """Every picture that was left out and why, and notes on the folders of results."""
    notes = "".join(f"<li>{escape(note)}</li>" for note in one["notes"])
    rows = "".join(
        f'<tr><th scope="row">{escape(row["picture"])}</th><td>{escape(row["method"] or "truth")}</td>'
        f"<td>{escape(row['rule'])}</td><td>{escape(row['reason'])}</td></tr>"
        for row in one["excluded"]
    )
    listed = f"<ul>{notes}</ul>" if notes else ""
    if rows:
        table = f"""<table class="plain"><thead><tr><th scope="col">Picture</th><th scope="col">Of</th>
<th scope="col">Rule</th><th scope="col">Reason</th></tr></thead><tbody>{rows}</tbody></table>"""
        count = len({row["picture"] for row in one["excluded"]})
        plural = "" if count == 1 else "s"
        listed += f"<details><summary>{count} picture{plural}</summary>{_scroll(table, 'Pictures left out')}</details>"
    return listed


def glossary(metrics: Metrics) -> str:
    """What each figure is."""
    rows = "".join(
        f'<tr><th scope="row">{escape(metric["title"])}</th><td>{escape(metric["unit"]) or "–"}</td>'
        f"<td>{ARROWS[metric['direction']][1]}</td><td>{escape(metric['what'])}</td></tr>"
        for metric in metrics
    )
    table = f"""<table class="plain"><thead><tr><th scope="col">Figure</th><th scope="col">Unit</th><th scope="col">Direction</th>
<th scope="col">What it is</th></tr></thead><tbody>{rows}</tbody></table>"""
    return (
        '<section class="part glossary" aria-labelledby="glossary-head"><h2 id="glossary-head">What the figures are</h2>'
        f"<details><summary>{len(metrics)} figures: unit, direction and source</summary>"
        f"{_scroll(table, 'What the figures are')}</details></section>"
    )
