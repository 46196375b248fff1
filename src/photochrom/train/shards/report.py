"""What was taken, what was left out and why: for programs as JSON, for people as Markdown."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from photochrom.train.files import replacing
from photochrom.train.shards.choose import Choice, Known
from photochrom.train.shards.survey import Survey

__all__ = ["write_report"]


def write_report(
    out: Path, surveys: list[Survey], choice: Choice, old: Known, failed: dict[str, str], shards: list[Path]
) -> None:
    """Write ``report.json`` and ``report.md`` into ``out``. Raises OutputWriteError."""
    sources = [_about(survey, *pair) for survey, *pair in zip(surveys, choice.chosen, choice.reasons, strict=True)]
    gone = [[*old.names[index], why] for index, why in sorted(choice.dropped.items())]
    report = {
        "sources": sources,
        "failed": failed,
        "old": {"pictures": len(old.names), "dropped": gone},
        "shards": {path.relative_to(out).as_posix(): path.stat().st_size for path in shards},
        "left_out": {
            survey.source.name: [
                [blob.path.encode("utf-8", "replace").decode(), why]
                for blob, why in zip(survey.blobs, reasons, strict=True)
                if why
            ]
            for survey, reasons in zip(surveys, choice.reasons, strict=True)
        },
    }
    for name, text in (("report.json", json.dumps(report)), ("report.md", _readable(report))):
        with replacing(out / name) as part:
            part.write_text(text, "utf-8")


def _about(survey: Survey, chosen: list[int], reasons: list[str]) -> dict[str, Any]:
    source = survey.source
    short = survey.short[chosen]
    kinds = Counter(reason.partition(":")[0] for reason in reasons if reason)
    return {
        "name": source.name,
        "place": source.place,
        "commit": source.commit,
        "role": source.role,
        "use": source.use,
        "terms": source.terms,
        "content": source.content,
        "side": source.side,
        "found": len(survey.blobs),
        "taken": len(chosen),
        "taken_from_200": int((short >= 200).sum()),
        "taken_from_384": int((short >= 384).sum()),
        "left_out": dict(sorted(kinds.items())),
    }


def _readable(report: dict[str, Any]) -> str:
    rows = report["sources"]
    lines = ["# Shards", "", "| source | role | found | taken | of 384 px and more | left out | use |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        why = ", ".join(f"{count} {kind}" for kind, count in row["left_out"].items())
        lines.append(
            f"| {row['name']} | {row['role']} | {row['found']} | {row['taken']} | {row['taken_from_384']} | {why} | {row['use']} |"
        )
    for role in sorted({row["role"] for row in rows}):
        mine = [row for row in rows if row["role"] == role]
        total = {key: sum(row[key] for row in mine) for key in ("taken", "taken_from_200", "taken_from_384")}
        lines += ["", f"**{role}**: {total['taken']} pictures of {len(mine)} sources, {total['taken_from_200']} of 200 px and more, "
                  f"{total['taken_from_384']} of 384 px and more."]  # fmt: skip
    old = report["old"]
    if old["pictures"]:
        larger = sum("larger" in why for *_, why in old["dropped"])
        lines += ["", f"**Older pictures**: {old['pictures'] - len(old['dropped'])} of {old['pictures']} stay; {larger} gave way to a "
                  f"larger copy, {len(old['dropped']) - larger} are in a test."]  # fmt: skip
    if report["failed"]:
        lines += ["", "**Passed over**", "", *(f"- {name}: {why}" for name, why in report["failed"].items())]
    return "\n".join(lines) + "\n"
