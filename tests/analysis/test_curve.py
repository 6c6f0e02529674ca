from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.choose import best_cell
from analysis.curve import language_groups
from analysis.query import run_sql
from data.errors import BadInput


def curve(home: Path, where: str) -> list[dict[str, object]]:
    names, rows = run_sql(home / "results.duckdb", f"select * from ratio_curve where {where} order by strategy, ratio")
    return [dict(zip(names, row, strict=True)) for row in rows]


MULTI = "split = 'test' and setting = 'multi' and lang_group = 'all' and metric = 'average_precision'"


def test_levels_are_means_over_languages_and_seeds(workspace: Path) -> None:
    rows = {(row["strategy"], row["ratio"]): row for row in curve(workspace, MULTI)}
    # arm + seeds 0 and .01 + languages (.04 + .02 + 0) / 3 + .0035 x (place % 3)
    assert rows["hybrid", 0.5]["value"] == pytest.approx(0.40 + 0.005 + 0.02 + 0.0035)
    assert rows["mixed", None]["value"] == pytest.approx(0.20 + 0.005 + 0.02)
    assert rows["zero_shot", None]["value"] == pytest.approx(0.10 + 0.02 + 0.0035)
    assert rows["hybrid", 0.5]["diff"] == pytest.approx(0.40 + 0.0035 - 0.20)
    assert rows["zero_shot", None]["diff"] == pytest.approx(0.10 + 0.0035 - 0.20 - 0.005)
    assert (rows["mixed", None]["diff"], rows["mixed", None]["ci_low"]) == (0.0, None)
    assert [rows[key]["n_seeds"] for key in (("hybrid", 0.0), ("zero_shot", None))] == [2, 0]
    assert (rows["hybrid", 0.0]["n_questions"], rows["hybrid", 0.0]["n_clusters"]) == (8, 4)


def test_one_seed_is_labelled_and_its_interval_is_over_documents(one_seed: Path) -> None:
    row = next(row for row in curve(one_seed, MULTI) if row["ratio"] == 0.5)
    assert row["note"] == "this run only"
    # The difference of question n is .2 + .001 n; two questions a document: cluster sums of deviations -6, -2, 2, 6.
    variance = 4 / 3 * (36 + 4 + 4 + 36) * 1e-6 / 64
    reach = stats.t.ppf(0.975, 3) * variance**0.5
    assert row["ci_low"] == pytest.approx(0.2035 - reach)
    assert row["ci_high"] == pytest.approx(0.2035 + reach)


def test_groups_partition_the_rows() -> None:
    query = np.array(["en", "yo", "en", "de", "yo"])
    passage = np.array(["en", "en", "yo", "en", "*"])
    groups = language_groups(query, passage, frozenset({"en"}))
    assert groups["low_resource"].tolist() == [False, True, True, False, True]
    assert groups["high_resource"].tolist() == [True, False, False, True, False]
    assert groups["unseen"].tolist() == [False, True, True, True, True]
    assert groups["seen"].tolist() == [True, False, False, False, False]
    assert groups["all"].all()


def test_a_group_is_averaged_over_its_own_languages(workspace: Path) -> None:
    (row,) = curve(workspace, MULTI.replace("'all'", "'low_resource'") + " and ratio = 0.5")
    assert row["value"] == pytest.approx(0.40 + 0.005 + 0.0 + 0.0035)


def test_the_best_cell_is_chosen_on_dev(workspace: Path) -> None:
    best = best_cell(workspace / "results.duckdb")
    assert (best.sweep, best.strategy, best.ratio, best.cell_id) == ("toy", "hybrid", 0.5, "half0")


def test_no_results_no_best(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="run `babelmix sweep` first"):
        best_cell(tmp_path / "results.duckdb")
