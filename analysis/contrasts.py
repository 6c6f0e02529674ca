"""Comparisons that hold all at once: every trained arm against `mixed`, with bands over the arms and p-values."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import stats

from analysis.curve import BASELINE, START
from analysis.panel import Arm, Bools, Panel, asked_rows, by_question, noise_of_runs
from analysis.uncertainty import contrast, contrast_correlation, simultaneous_quantile

DRAWS = 20_000  # of each quantile: its third figure is right, and a report asks for some hundred of them


def contrast_rows(panel: Panel, trained: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Rows of `data.schema.CONTRASTS` but for `p_holm`; none without `mixed`, or on a single document."""
    baseline = panel.arms.get((BASELINE, None, None), {})
    arms = [arm for arm in panel.arms if arm[0] not in (BASELINE, START)]
    seeds = [seed for seed in baseline if all(seed in panel.arms[arm] for arm in arms)]
    if arms and seeds:
        for asked, asked_R in asked_rows(panel, trained):
            for row in against_baseline(panel, asked_R, asked["metric"], arms, seeds):
                yield {**panel.identity, **asked, **row}


def against_baseline(
    panel: Panel, asked_R: Bools, metric: str, arms: list[Arm], seeds: list[int | None]
) -> Iterator[dict[str, Any]]:
    """One row an arm; an arm that never differs from the baseline has neither band nor p."""
    score_AN, cluster_N = by_question(panel, asked_R, metric)
    if cluster_N.max() < 1:
        return
    cells = np.array([[panel.arms[arm][seed] for seed in seeds] for arm in ((BASELINE, None, None), *arms)])
    difference_KSN = score_AN[cells[1:]] - score_AN[cells[0]]
    noise = noise_of_runs(panel, score_AN, seeds)
    intervals = [contrast(difference_SN, cluster_N, noise) for difference_SN in difference_KSN]
    varies = np.array([interval.variance > 0 for interval in intervals])
    quantile = np.nan
    if varies.any():
        correlation_KK = contrast_correlation(difference_KSN[varies], cluster_N, noise)
        least_df = min(interval.df for interval, kept in zip(intervals, varies, strict=True) if kept)
        quantile = simultaneous_quantile(correlation_KK, least_df, draws=DRAWS)
    for arm, interval, kept in zip(arms, intervals, varies, strict=True):
        error = float(interval.variance**0.5)
        yield {
            "strategy": arm[0], "ratio": arm[1], "ratio_unit": arm[2], "diff": interval.difference,
            "band_low": interval.difference - quantile * error if kept else None,
            "band_high": interval.difference + quantile * error if kept else None,
            "p": float(2 * stats.t.sf(abs(interval.difference) / error, interval.df)) if kept else None,
            "n_seeds": len(seeds), "n_questions": len(cluster_N), "n_clusters": int(cluster_N.max()) + 1,
            "note": interval.note,
        }  # fmt: skip


def add_holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add Holm's p-values (1979), each family being one split, control, language group and metric."""
    families: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(tuple(row[name] for name in ("split", "control", "lang_group", "metric")), []).append(row)
    return [row for family in families.values() for row in _holm(family)]


def _holm(family: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tested = sorted((row for row in family if row["p"] is not None), key=lambda row: row["p"])
    largest = 0.0
    for place, row in enumerate(tested):
        largest = max(largest, min(1.0, row["p"] * (len(tested) - place)))
        row["p_holm"] = largest
    return family
