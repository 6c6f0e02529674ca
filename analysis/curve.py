"""The ratio curve: levels of every arm, and its paired differences to `mixed` with their intervals."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from analysis.uncertainty import THIS_RUN_ONLY, Interval, contrast, contrast_to_start, run_noise
from data.languages import is_low_resource
from data.schema import LANG_GROUPS, METRICS, RATIO_CURVE, write_table
from data.workspace import Workspace

BASELINE = "mixed"
START = "zero_shot"
KEYS = ["setting", "query_lang", "passage_lang", "query_id"]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Arm = tuple[str, float | None, str | None]


def write_ratio_curve(home: Path, sweep: str) -> Path:
    """Aggregate a sweep's per-query results into ``results/summaries/<sweep>/ratio_curve.parquet``.

    Cells that failed are left out; an arm is compared over the seeds that it shares with the baseline.
    """
    workspace = Workspace(home)
    record = json.loads(workspace.sweep(sweep).read_text())
    trained = frozenset(record["config"]["schedule"]["languages"])
    cells = [{**workspace.read_cell(cell), "per_query": results} for cell, results in record["results"].items()]
    rows: list[dict[str, Any]] = []
    for panel in read_panels(home, cells):
        rows += [{"sweep": sweep, **row} for row in panel_rows(panel, trained)]
    path = home / "results" / "summaries" / sweep / "ratio_curve.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    write_table(beside, pa.Table.from_pylist(rows, RATIO_CURVE), RATIO_CURVE)
    beside.replace(path)
    return path


@dataclass(frozen=True)
class Panel:
    """All cells on one suite, split and control, row by row.

    Parameters
    ----------
    identity : dict
        Suite, split and control.
    keys : pa.Table
        Setting, languages, question and document of each of the R rows.
    cells : sequence of dict
        Records of the cells.
    values : dict of str to array
        Each metric's values, [cells, R]; NaN where it does not apply.
    """

    identity: dict[str, str]
    keys: pa.Table
    cells: Sequence[dict[str, Any]]
    values: dict[str, Floats]

    @cached_property
    def arms(self) -> dict[Arm, dict[int | None, int]]:
        """Arm to seed to cell."""
        arms: dict[Arm, dict[int | None, int]] = {}
        for number, cell in enumerate(self.cells):
            arms.setdefault((cell["strategy"], cell["ratio"], cell["ratio_unit"]), {})[cell["seed"]] = number
        return arms

    def column(self, name: str) -> NDArray[np.str_]:
        """A key column as an array."""
        return np.array(self.keys[name].to_pylist(), dtype=np.str_)


def read_panels(home: Path, cells: Sequence[dict[str, Any]]) -> Iterator[Panel]:
    """Read the per-query results of all cells, lined up by query and setting."""
    found: dict[tuple[str, str, str], list[tuple[dict[str, Any], pa.Table]]] = {}
    for cell in cells:
        for name in cell["per_query"]:
            table = pq.read_table(home / "per_query" / name / "per_query.parquet")
            if table.num_rows:
                identity = (table["suite"][0].as_py(), table["split"][0].as_py(), table["control"][0].as_py())
                ordered = table.sort_by([(key, "ascending") for key in KEYS])
                found.setdefault(identity, []).append((cell, ordered))
    for (suite, split, control), entries in found.items():
        keys = entries[0][1].select([*KEYS, "question_id", "cluster_id"]).combine_chunks()
        for cell, table in entries:
            if not table.select(KEYS).combine_chunks().equals(keys.select(KEYS)):
                raise ValueError(f"cell {cell['cell_id']} was scored on other queries of {suite} than the first cell")
        values = {name: np.stack([table[name].to_numpy() for _, table in entries]) for name in METRICS}
        yield Panel({"suite": suite, "split": split, "control": control}, keys, [cell for cell, _ in entries], values)


def panel_rows(panel: Panel, trained: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Rows of the curve: every setting, language group, metric and arm."""
    settings = panel.column("setting")
    groups = language_groups(panel.column("query_lang"), panel.column("passage_lang"), trained)
    for setting in np.unique(settings).tolist():
        for group, in_group in groups.items():
            chosen_R = (settings == setting) & in_group
            for metric in METRICS:
                asked_R = chosen_R & ~np.isnan(panel.values[metric]).any(axis=0)
                if asked_R.any():
                    for row in curve_rows(panel, asked_R, metric):
                        yield {**panel.identity, "setting": setting, "lang_group": group, "metric": metric, **row}


def language_groups(
    query_R: NDArray[np.str_], passage_R: NDArray[np.str_], trained: frozenset[str]
) -> dict[str, Bools]:
    """Which rows belong to which group of languages.

    A row has its query's language and, between two collections, its passage's. It is low-resource or unseen when any
    of its languages is, high-resource or seen when all are.
    """
    langs = np.unique(np.concatenate([query_R, passage_R]))

    def either(holds: Any) -> Bools:
        holding = langs[[lang != "*" and holds(lang) for lang in langs.tolist()]]
        return np.isin(query_R, holding) | np.isin(passage_R, holding)

    low, unseen = either(is_low_resource), either(lambda lang: lang not in trained)
    everything = np.ones(len(query_R), bool)
    return dict(zip(LANG_GROUPS, (everything, low, ~low, ~unseen, unseen), strict=True))


def curve_rows(panel: Panel, asked_R: Bools, metric: str) -> Iterator[dict[str, Any]]:
    """One row an arm, on the rows that are asked."""
    question_R = np.unique(panel.column("question_id")[asked_R], return_inverse=True)[1]
    first_N = np.unique(question_R, return_index=True)[1]
    cluster_N = np.unique(panel.column("cluster_id")[asked_R][first_N], return_inverse=True)[1]
    pair_R = np.char.add(np.char.add(panel.column("query_lang"), ">"), panel.column("passage_lang"))[asked_R]
    values_AR = panel.values[metric][:, asked_R]
    level_A = means_by(values_AR, np.unique(pair_R, return_inverse=True)[1]).mean(axis=1)
    score_AN = means_by(values_AR, question_R)
    for arm, cell_of in panel.arms.items():
        difference = arm_difference(panel, arm, score_AN, cluster_N)
        low, high = difference.bounds() if difference and arm[0] != BASELINE else (None, None)
        yield {
            "strategy": arm[0], "ratio": arm[1], "ratio_unit": arm[2],
            "value": float(np.mean([level_A[cell] for cell in cell_of.values()])),
            "diff": difference.difference if difference else None,
            "ci_low": _finite(low), "ci_high": _finite(high),
            "mdd": _finite(difference.detectable()) if difference and arm[0] != BASELINE else None,
            "n_seeds": 0 if arm[0] == START else len(cell_of),
            "n_questions": len(first_N), "n_clusters": int(cluster_N.max()) + 1,
            "note": difference.note if difference else "",
        }  # fmt: skip


def arm_difference(panel: Panel, arm: Arm, score_AN: Floats, cluster_N: NDArray[np.int64]) -> Interval | None:
    """Paired difference of an arm to the baseline over their common seeds; None without a baseline."""
    baseline = panel.arms.get((BASELINE, None, None))
    if baseline is None:
        return None
    own = panel.arms[arm]
    if arm[0] == BASELINE:
        return Interval(0.0, 0.0, 1, THIS_RUN_ONLY if len(own) == 1 else "")
    if arm[0] == START:
        seeds = list(baseline)
        return contrast_to_start(score_AN[[own[None]] * len(seeds)] - score_AN[list(baseline.values())], cluster_N)
    seeds = [seed for seed in own if seed in baseline]
    if not seeds:
        return None
    difference_SN = score_AN[[own[seed] for seed in seeds]] - score_AN[[baseline[seed] for seed in seeds]]
    complete = [arm_cells for arm_cells in panel.arms.values() if set(seeds) <= set(arm_cells)]  # the start has no seed
    scores_KS = np.array([[score_AN[arm_cells[seed]].mean() for seed in seeds] for arm_cells in complete])
    return contrast(difference_SN, cluster_N, run_noise(scores_KS))


def means_by(values_AR: Floats, code_R: NDArray[np.int64]) -> Floats:
    """Mean of each row of values over the entries of each code; [A, codes]."""
    count = np.bincount(code_R)
    return np.stack([np.bincount(code_R, weights=values_R) for values_R in values_AR]) / count


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
