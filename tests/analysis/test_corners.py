"""The 2x2: effects by hand, their intervals, and when there are none."""

import numpy as np
import pytest
from scipy import stats

from analysis.corners import CORNERS, corner_rows
from analysis.panel import Panel, views
from tests.analysis.panels import make_panel

# mono, mixed, cross_per_batch, cross; six questions of three documents.
LEVELS = (0.50, 0.40, 0.30, 0.45)


def panel(seeds: int, corners: int = 4, noise: float = 0.0) -> Panel:
    generator = np.random.default_rng(1)
    arms = dict(list(zip(CORNERS, LEVELS, strict=True))[:corners])
    scores = {arm: level + noise * generator.standard_normal((seeds, 1)) + np.zeros(6) for arm, level in arms.items()}
    return make_panel(scores, [f"d{n // 2}" for n in range(6)])


def rows_of(given: Panel) -> dict[str, dict[str, object]]:
    asked = [view for view in views(given, frozenset({"en"})) if view.lang_group == "all"]
    return {str(row["effect"]): row for view in asked for row in corner_rows(view)}


def test_effects_are_those_of_a_2x2() -> None:
    rows = rows_of(panel(seeds=1))
    assert rows["positive in another language"]["value"] == pytest.approx((0.30 + 0.45) / 2 - (0.50 + 0.40) / 2)
    assert rows["many languages in the batch"]["value"] == pytest.approx((0.40 + 0.45) / 2 - (0.50 + 0.30) / 2)
    assert rows["interaction"]["value"] == pytest.approx((0.45 - 0.30) - (0.40 - 0.50))
    assert {row["note"] for row in rows.values()} == {"this run only"}
    assert {(row["n_seeds"], row["n_questions"], row["n_clusters"]) for row in rows.values()} == {(1, 6, 3)}


def test_run_noise_counts_by_the_squared_weights() -> None:
    given = panel(seeds=4, noise=0.05)
    scores_KS = given.values["average_precision"].mean(axis=1).reshape(4, 4)
    residual = scores_KS - scores_KS.mean(0) - scores_KS.mean(1, keepdims=True) + scores_KS.mean()
    variance = (residual**2).sum() / 9
    for name, squares in (("positive in another language", 1.0), ("interaction", 4.0)):
        row = rows_of(given)[name]
        reach = stats.t.ppf(0.975, 9) * (squares * variance / 4) ** 0.5  # no question differs: the runs are all
        assert row["ci_high"] - row["value"] == pytest.approx(reach)


def test_without_all_four_corners_there_are_no_effects() -> None:
    assert rows_of(panel(seeds=1, corners=3)) == {}
