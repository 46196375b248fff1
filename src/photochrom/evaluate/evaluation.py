"""The whole evaluation: every truth set by every method, into one report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from photochrom.errors import EvaluationError, OptionError
from photochrom.evaluate.baselines import Baselines, donors, fit_baselines, read_baselines
from photochrom.evaluate.features import LEAST
from photochrom.evaluate.figures import FLICKER, METRICS, Figure
from photochrom.evaluate.judges import JudgeFiles, Judges
from photochrom.evaluate.methods import BASELINES, TRUTH, Folder, Matches, Method, match_results
from photochrom.evaluate.pictures import TruthSet, open_truth
from photochrom.evaluate.processes import Workers
from photochrom.evaluate.protocols import find_protocol
from photochrom.evaluate.render import Shown
from photochrom.evaluate.summary import ORDER, Choice, Summary
from photochrom.evaluate.work import Excluded, Measured, Settings, Task, names_of

__all__ = ["MIN_CHROMA", "RULES", "Evaluation", "Options", "evaluate"]

#: A truth picture of a lower mean chroma, in ab units, is near-grey and left out.
MIN_CHROMA = 2.0
#: How many pictures are tried as a source of colours before "random colours" gives up.
_LENDERS = 4
Progress = Callable[[str, int, int], None]
Sink = Callable[[str, Sequence[str], Sequence[Figure], Measured], None]

RULES = {
    "near-grey": "near-grey: the truth's mean chroma is below {min_chroma:g}",
    "unreadable": "unreadable: the truth or a result cannot be decoded, or holds NaN",
    "missing": "missing: a folder of results has no file of the picture's path",
    "ambiguous": "ambiguous: several files fit one picture, or one file several pictures",
    "size": "size: a result has neither the truth's size nor that of the protocol",
    "failed": "failed: a method or a metric gave up on the picture",
}
_OF_DISTANCES = (
    "A Fréchet distance's interval is of the distance expected at this number of pictures, which small sets raise: the same "
    f"bootstrap, of the infinitesimal jackknife's pseudo-values. Below {LEAST} pictures there is none."
)


@dataclass(frozen=True)
class Options:
    """How to evaluate. ``train``: photographs to fit the mean colours on, in place of the shipped ones.

    ``clip``: the pictures of each set are frames of a clip, in their order; then they flicker, too.
    """

    protocol: str = "centre-256"
    limit: int | None = None
    seed: int = 0
    jobs: int = 1
    resamples: int = 1000
    min_chroma: float = MIN_CHROMA
    train: Sequence[Path] = ()
    judges: JudgeFiles = JudgeFiles()  # noqa: RUF009  # it is frozen
    pictures: bool = True
    clip: bool = False

    def __post_init__(self) -> None:
        if self.clip and self.limit is not None:
            raise OptionError("--limit", self.limit, "no limit with --clip, whose frames must follow each other")
        for option, least in (("seed", 0), ("jobs", 1), ("resamples", 100)):
            if getattr(self, option) < least:
                raise OptionError(f"--{option}", getattr(self, option), f"{least} or more")


@dataclass(frozen=True)
class Evaluation:
    """The report (see docs/evaluation/README.md for its keys) and the pictures to show: {set: {picture: Shown}}."""

    report: dict[str, Any]
    pictures: dict[str, dict[str, Shown]] = field(repr=False)

    @property
    def failed(self) -> int:
        """How many pictures were left out for another reason than being near-grey."""
        return sum(row["rule"] != "near-grey" for one in self.report["sets"] for row in one["excluded"])


def evaluate(
    truths: Sequence[str | Path],
    methods: Sequence[Method],
    options: Options = Options(),  # it is frozen
    *,
    sink: Sink = lambda *_: None,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """Measure methods, and the baselines beside them, on one or more sets of truth pictures.

    Args:
        truths: see :func:`photochrom.evaluate.pictures.open_truth`; each is a set of its own.
        methods: see :func:`photochrom.evaluate.methods.parse_methods`.
        options: the protocol and the rest; the same ones give the same figures, whatever ``jobs`` is.
        sink: gets the set's name, its rows' names, the figures and every measured picture.
        progress: gets the set's name and how many pictures are done, of how many.

    A picture that cannot be used for one method is left out for all, and named in the report.
    Raises DataError, OptionError, MissingExtraError; EvaluationError where no picture is left, or a process died.
    """
    start = time.monotonic()
    if not truths:
        raise OptionError("TRUTH", None, "one or more folders, Parquet shards, lists or pictures")
    settings = Settings(
        find_protocol(options.protocol),
        tuple(methods),
        METRICS + options.judges.figures + ((FLICKER,) if options.clip else ()),
        _means(options.train),
        options.min_chroma,
        options.judges,
    )
    if options.jobs > 1:
        Judges(options.judges)  # absent weights are reported here, not by every process
    sets: list[dict[str, Any]] = []
    pictures: dict[str, dict[str, Shown]] = {}
    opened = [_Set(path, name, options, methods) for path, name in zip(truths, _names(truths), strict=True)]
    with Workers(settings, options.jobs) as workers:
        for number, one in enumerate(opened):
            report, shown = _measure(one, number, settings, options, workers, sink, progress)
            sets.append(report)
            pictures[one.name] = shown
    rules = [rule.format(min_chroma=options.min_chroma) for rule in RULES.values()]
    return Evaluation(
        {
            "format": 1,
            "about": {
                "jobs": options.jobs,
                "seconds": round(time.monotonic() - start, 1),
                "seed": options.seed,
                "resamples": options.resamples,
                "limit": options.limit,
                "mean_colours": f"of {settings.means.pictures} training pictures"
                + (f" in {', '.join(map(str, options.train))}" if options.train else " of the model card"),
            },
            "protocol": {"name": settings.protocol.name, "rule": settings.protocol.rule},
            "rules": [
                "A picture is left out, for all methods alike, where it is " + "; ".join(rules) + ".",
                f"Figures are means over pictures, every picture weighing the same; brackets are 95 % intervals over pictures "
                f"(Poisson bootstrap, {options.resamples} resamples, seed {options.seed}).",
                *([_OF_DISTANCES] if options.judges.fid or options.judges.lite2 else []),
                "Models see the truth's L* as a grey 8-bit picture of the protocol's size; what is measured is the finished "
                "picture, 8-bit sRGB, that of the baselines with their chroma limited to sRGB.",
            ],
            "metrics": [asdict(figure) for figure in settings.figures],
            "sets": sets,
        },
        pictures,
    )


def _means(train: Sequence[Path]) -> Baselines:
    if not train:
        return read_baselines()
    return fit_baselines(picture.rgb for picture in open_truth(train, "centre-64"))


def _names(truths: Sequence[str | Path]) -> list[str]:
    """A name for each set: the last part of its path, numbered where that is taken."""
    names: list[str] = []
    for path in map(Path, truths):
        stem = path.resolve().name if path.is_dir() else path.stem
        name, number = stem, 1
        while name in names:
            number += 1
            name = f"{stem} {number}"
        names.append(name)
    return names


class _Set:
    """One truth set, its pictures matched with the folders of results."""

    def __init__(self, path: str | Path, name: str, options: Options, methods: Sequence[Method]) -> None:
        self.path, self.name = str(path), name
        self.truth: TruthSet = open_truth([path], options.protocol, options.limit)
        names = self.truth.names
        self._matches: dict[str, Matches] = {
            method.name: match_results(method.of_set(name), names) for method in methods if isinstance(method, Folder)
        }
        self._lenders = donors(len(names), options.seed) if len(names) > 1 else None

    @property
    def random(self) -> bool:
        """Whether another picture can lend its colours."""
        return self._lenders is not None

    @property
    def notes(self) -> list[str]:
        """Notes on the folders of results."""
        return [note for matches in self._matches.values() for note in matches.notes]

    @property
    def unmatched(self) -> list[Excluded]:
        """Pictures that have no result of their own in one of the folders."""
        return [
            Excluded(index, self.truth.rows[index].name, method, rule, reason)
            for method, matches in self._matches.items()
            for index, (rule, reason) in matches.problems.items()
        ]

    def task(self, index: int, *, clip: bool = False) -> Task:
        """What a process needs for one picture; of a clip also the frame before, where all methods have it."""
        lenders: list[int] = []
        if self._lenders is not None:
            following = int(self._lenders[index])
            while following != index and len(lenders) < _LENDERS:
                lenders.append(following)
                following = int(self._lenders[following])
        rows = self.truth.rows
        files = {name: file for name, matches in self._matches.items() if (file := matches.files[index]) is not None}
        before = clip and index > 0 and not any(index - 1 in matches.problems for matches in self._matches.values())
        return Task(
            index,
            rows[index],
            tuple(rows[lender] for lender in lenders),
            files,
            self.task(index - 1) if before else None,
        )


def _measure(
    one: _Set,
    number: int,
    settings: Settings,
    options: Options,
    workers: Workers,
    sink: Sink,
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, Shown]]:
    names, figures = names_of(settings, one.random), settings.figures
    summary = Summary(names, figures, options.resamples, (options.seed, number))
    choice = Choice(names, figures, (options.seed, number, 1))
    excluded = one.unmatched
    count = len(one.truth)
    skipped = {row.index for row in excluded}
    tasks = (one.task(index, clip=options.clip) for index in range(count) if index not in skipped)
    progress(one.name, len(skipped), count)
    for done, measured in enumerate(workers.measure(tasks), len(skipped) + 1):
        if isinstance(measured, Excluded):
            excluded.append(measured)
        else:
            summary.add(measured)
            choice.offer(measured)
            sink(one.name, names, figures, measured)
        progress(one.name, done, count)
    excluded.sort(key=lambda row: row.index)
    if not summary.pictures:
        first = f"; the first: {excluded[0].picture}: {excluded[0].reason}"
        raise EvaluationError(f"all {count} pictures are left out{first}", one.path)
    chosen = choice.chosen()
    shown = _shown(one, chosen, workers) if options.pictures else {}
    return _report(one, names, settings, summary, excluded, chosen), shown


def _shown(one: _Set, chosen: Sequence[Mapping[str, Any]], workers: Workers) -> dict[str, Shown]:
    tasks: Iterator[Task] = (one.task(row["index"]) for row in chosen)
    return {row["picture"]: shown for row, shown in zip(chosen, workers.show(tasks), strict=True)}


def _report(
    one: _Set,
    names: Sequence[str],
    settings: Settings,
    summary: Summary,
    excluded: Sequence[Excluded],
    chosen: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    result = summary.report()
    about = {
        TRUTH: ("truth", "the pictures themselves"),
        **{name: ("baseline", what) for name, what in BASELINES.items()},
    }
    about |= {method.name: (method.kind, method.what) for method in settings.methods}
    return {
        "name": one.name,
        "path": one.path,
        "pictures": len(one.truth),
        "measured": summary.pictures,
        "excluded": [
            {"picture": row.picture, "method": row.method, "rule": row.rule, "reason": row.reason} for row in excluded
        ],
        "notes": one.notes,
        "methods": [
            {
                "name": name,
                "kind": about[name][0],
                "what": about[name][1],
                "seconds": result["seconds"].get(name),
                "figures": result["figures"][name],
            }
            for name in names
        ],
        "comparisons": result["comparisons"],
        "histograms": result["histograms"],
        "shown": [{key: value for key, value in row.items() if key != "index"} for row in chosen],
        "order": {"metric": ORDER},
    }
