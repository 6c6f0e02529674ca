"""The ratio curve: levels of every arm, and its paired differences to `mixed` with their intervals."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.panel import Arm, Bools, Floats, Panel, asked_rows, by_question, means_by, noise_of_runs
from analysis.uncertainty import THIS_RUN_ONLY, Interval, contrast, contrast_to_start, finite

BASELINE = "mixed"
START = "zero_shot"


def panel_rows(panel: Panel, trained: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Rows of the curve: every setting, language group, metric and arm."""
    for asked, asked_R in asked_rows(panel, trained):
        for row in curve_rows(panel, asked_R, asked["metric"]):
            yield {**panel.identity, **asked, **row}


def curve_rows(panel: Panel, asked_R: Bools, metric: str) -> Iterator[dict[str, Any]]:
    """One row an arm, on the rows that are asked."""
    score_AN, cluster_N = by_question(panel, asked_R, metric)
    pair_R = np.char.add(np.char.add(panel.column("query_lang"), ">"), panel.column("passage_lang"))[asked_R]
    level_A = means_by(panel.values[metric][:, asked_R], np.unique(pair_R, return_inverse=True)[1]).mean(axis=1)
    for arm, cell_of in panel.arms.items():
        difference = arm_difference(panel, arm, score_AN, cluster_N)
        low, high = difference.bounds() if difference and arm[0] != BASELINE else (None, None)
        yield {
            "strategy": arm[0], "ratio": arm[1], "ratio_unit": arm[2],
            "value": float(np.mean([level_A[cell] for cell in cell_of.values()])),
            "diff": difference.difference if difference else None,
            "ci_low": finite(low), "ci_high": finite(high),
            "mdd": finite(difference.detectable()) if difference and arm[0] != BASELINE else None,
            "n_seeds": 0 if arm[0] == START else len(cell_of),
            "n_questions": len(cluster_N), "n_clusters": int(cluster_N.max()) + 1,
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
    return contrast(difference_SN, cluster_N, noise_of_runs(panel, score_AN, seeds))
