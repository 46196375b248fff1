"""The head of the page: what was measured, on what, under which rules, by which command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any

__all__ = ["head", "making"]


def head(report: Mapping[str, Any]) -> str:
    """Title, protocol, sets with their counts, the choice of set, rules and the command."""
    about, protocol = report["about"], report["protocol"]
    rows = "".join(_set_row(one) for one in report["sets"])
    command = about.get("command")
    words = [
        about.get("date", "")[:10],
        f"Photochrom {about['photochrom']}" if "photochrom" in about else "",
        _commit(about),
    ]
    choice = ""
    if len(report["sets"]) > 1:
        buttons = "".join(
            f'<button type="button" data-show="set-{number}">{escape(one["name"])}</button>'
            for number, one in enumerate(report["sets"])
        )
        choice = f'<nav class="sets" aria-label="Set to look at" hidden>{buttons}</nav>'
    return f"""<header class="page-head">
<p class="kicker">{" · ".join(escape(word) for word in words if word)}</p>
<h1>Evaluation of colourisations</h1>
<p class="lead"><strong>{escape(protocol["name"])}</strong>: {escape(protocol["rule"])}</p>
<div class="scroll" role="region" aria-label="Sets" tabindex="0"><table class="plain">
<thead><tr><th scope="col">Set</th><th scope="col" class="n">Found</th>
<th scope="col" class="n">Measured</th><th scope="col">Left out</th></tr></thead><tbody>{rows}</tbody></table></div>
{f'<pre class="command" aria-label="Command" tabindex="0"><code>{escape(command)}</code></pre>' if command else ""}
<ul class="rules">{"".join(f"<li>{escape(rule)}</li>" for rule in report["rules"])}</ul>
</header>
{choice}"""


def _commit(about: Mapping[str, Any]) -> str:
    if not about.get("commit"):
        return ""
    return f"commit {about['commit'][:10]}" + (" with changes" if about.get("changed") else "")


def _set_row(one: Mapping[str, Any]) -> str:
    # A picture that several methods lack is one picture.
    by_rule = Counter(rule for _, rule in {(row["picture"], row["rule"]) for row in one["excluded"]})
    out = ", ".join(f"{count} {escape(rule)}" for rule, count in by_rule.most_common()) or "none"
    return (
        f'<tr><th scope="row">{escape(one["name"])}<br><small>{escape(str(one["path"]))}</small></th>'
        f'<td class="n">{one["pictures"]}</td><td class="n">{one["measured"]}</td><td>{out}</td></tr>'
    )


def making(report: Mapping[str, Any]) -> str:
    """Versions, machine, seed, and the rest of how the report was made."""
    words = {
        "seconds": "Seconds taken",
        "jobs": "Processes",
        "resamples": "Bootstrap resamples",
        "mean_colours": "Mean colours",
    }
    rows = []
    for key, value in report["about"].items():
        if key == "command" or value is None:
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{name} {part}" for name, part in value.items() if part is not None)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        name = words.get(key, key.replace("_", " ").capitalize())
        rows.append(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>")
    return (
        '<section class="part making" aria-labelledby="making-head"><h2 id="making-head">How this was made</h2>'
        f'<dl class="facts">{"".join(rows)}</dl></section>'
    )
