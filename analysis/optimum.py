"""The ratios that no other beats on dev: what may be said of the best one.

Not how often a ratio wins in resamples: with all ratios equal the first one "wins" more than half of the time.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.panel import Panel, Questions, by_question, noise_of_runs
from analysis.uncertainty import contrast, contrast_correlation, simultaneous_quantile

METRIC = "average_precision"


def optimum_rows(panel: Panel) -> Iterator[dict[str, Any]]:
    """Rows of `data.schema.OPTIMUM`, one a ratio; none unless two ratios were trained and scored on dev."""
    arms = [arm for arm in panel.arms if arm[0] == "hybrid"]
    if panel.identity["split"] != "dev" or len(arms) < 2:
        return
    seeds = [seed for seed in panel.arms[arms[0]] if all(seed in panel.arms[arm] for arm in arms)]
    if not seeds:
        return
    score_AN, cluster_N = objective(panel)
    ratio_KSN = np.array([[score_AN[panel.arms[arm][seed]] for seed in seeds] for arm in arms])
    value_K = ratio_KSN.mean(axis=(1, 2))
    beaten_K, note = beaten(ratio_KSN, cluster_N, panel, score_AN, seeds)
    for arm, value, is_beaten in zip(arms, value_K.tolist(), beaten_K.tolist(), strict=True):
        yield {
            "suite": panel.identity["suite"], "split": "dev", "control": panel.identity["control"],
            "strategy": arm[0], "ratio": arm[1], "ratio_unit": arm[2], "objective": value,
            "best": value == value_K.max(), "undecided": not is_beaten, "n_seeds": len(seeds),
            "n_questions": len(cluster_N), "n_clusters": int(cluster_N.max()) + 1, "note": note,
        }  # fmt: skip


def objective(panel: Panel) -> Questions:
    """Each question's mean over the settings of its mean average precision, on the questions that all settings ask."""
    settings, questions = panel.column("setting"), panel.column("question_id")
    has_value_R = ~np.isnan(panel.values[METRIC]).any(axis=0)
    names = np.unique(settings[has_value_R])
    everywhere = set(questions[has_value_R].tolist())
    for name in names:
        everywhere &= set(questions[has_value_R & (settings == name)].tolist())
    kept_R = has_value_R & np.isin(questions, sorted(everywhere))
    parts = [by_question(panel, kept_R & (settings == name), METRIC) for name in names]
    return Questions(np.mean([part.score_AN for part in parts], axis=0), parts[0].cluster_N)


def beaten(
    ratio_KSN: NDArray[np.float64],
    cluster_N: NDArray[np.int64],
    panel: Panel,
    score_AN: NDArray[np.float64],
    seeds: list[int | None],
) -> tuple[NDArray[np.bool_], str]:
    """Which ratios another one beats: the 95% bands of all pairwise differences hold at once (max-t)."""
    pairs = list(combinations(range(len(ratio_KSN)), 2))
    weight_PK = np.zeros((len(pairs), len(ratio_KSN)))
    for row, (one, other) in enumerate(pairs):
        weight_PK[row, [one, other]] = 1, -1
    difference_PSN = np.tensordot(weight_PK, ratio_KSN, 1)
    noise = noise_of_runs(panel, score_AN, seeds)
    intervals = [contrast(difference_SN, cluster_N, noise) for difference_SN in difference_PSN]
    beaten_K = np.zeros(len(ratio_KSN), bool)
    varies = np.array([interval.variance > 0 for interval in intervals])
    if not varies.any():
        return beaten_K, intervals[0].note
    shared_PP = (weight_PK @ weight_PK.T)[np.ix_(varies, varies)]
    correlation_PP = contrast_correlation(difference_PSN[varies], cluster_N, noise, shared_PP)
    least_df = min(interval.df for interval, kept in zip(intervals, varies, strict=True) if kept)
    quantile = simultaneous_quantile(correlation_PP, least_df)
    for (one, other), interval, kept in zip(pairs, intervals, varies, strict=True):
        reach = quantile * float(interval.variance**0.5)
        if kept and abs(interval.difference) > reach:
            beaten_K[other if interval.difference > 0 else one] = True
    return beaten_K, intervals[0].note
