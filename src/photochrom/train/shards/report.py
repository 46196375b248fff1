"""What was taken, what was left out and why, as JSON and as Markdown; and sources and terms for a model card."""

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
    """Write ``report.json``, ``report.md`` and ``sources.md`` into ``out``. Raises OutputWriteError."""
    each = zip(surveys, choice.chosen, choice.reasons, strict=True)
    sources = [_about(survey, chosen, reasons) for survey, chosen, reasons in each]
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
    texts = {"report.json": json.dumps(report), "report.md": _readable(report), "sources.md": _card(report)}
    for name, text in texts.items():
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
    rows, old = report["sources"], report["old"]
    columns = ["source", "role", "found", "taken", "of 384 px and more", "left out", "use"]
    lines = ["# Shards", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        why = ", ".join(f"{count} {kind}" for kind, count in row["left_out"].items())
        cells = [row["name"], row["role"], row["found"], row["taken"], row["taken_from_384"], why, row["use"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for role in sorted({row["role"] for row in rows}):
        mine = [row for row in rows if row["role"] == role]
        total = {key: sum(row[key] for row in mine) for key in ("taken", "taken_from_200", "taken_from_384")}
        lines += [
            "",
            f"**{role}**: {total['taken']} pictures of {len(mine)} sources, {total['taken_from_200']} of 200 px and more, "
            f"{total['taken_from_384']} of 384 px and more.",
        ]
    if old["pictures"]:
        larger = sum("larger" in why for *_, why in old["dropped"])
        lines += [
            "",
            f"**Older pictures**: {old['pictures'] - len(old['dropped'])} of {old['pictures']} stay; {larger} gave way to a "
            f"larger copy, {len(old['dropped']) - larger} are in a test or excluded.",
        ]
    if report["failed"]:
        lines += ["", "**Passed over**", "", *(f"- {name}: {why}" for name, why in report["failed"].items())]
    return "\n".join(lines) + "\n"


def _card(report: dict[str, Any]) -> str:
    """Sources and terms of the pictures that were taken, as a table for a model card."""
    lines = ["| source | pictures | what | origin | use | terms as stated |", "|---|---|---|---|---|---|"]
    for row in report["sources"]:
        origin = row["place"] if row["commit"] is None else f"github {row['place']} at {row['commit'][:10]}"
        role = "" if row["role"] == "train" else f" (held back: {row['role']})"
        cells = [row["name"] + role, row["taken"], row["content"], origin, row["use"], row["terms"]]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"
