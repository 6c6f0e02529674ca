import json
from pathlib import Path

import pytest

from analysis.lake import build_lake
from analysis.query import run_sql
from analysis.summaries import write_summaries
from data.store import Store
from data.workspace import Workspace
from flows.config import SweepConfig
from flows.plan import plan_sweep
from tasks.cell import CellSpec
from tasks.evaluate import index_suite, score_cell
from tasks.prepare import prepare_source, prepare_start
from tasks.record import cell_is_done, record_done, record_failed, record_sweep
from tasks.train import load_checkpoint
from tests.toy import LANGUAGES, toy_sweep, write_toy_corpus


def run_start(store: Store, corpus: Path, name: str, queries: int) -> tuple[SweepConfig, CellSpec]:
    """Score the untrained start on a suite of some size, as a sweep of that name."""
    base = toy_sweep(corpus)
    suite = {"name": "toy", "settings": ["mono"], "languages": list(LANGUAGES), "queries_per_language": queries}
    evaluations = [{"source": base["train_source"], "suite": suite, "split": "test"}]
    changes = {"name": name, "strategies": [{"name": "zero_shot"}], "evaluations": evaluations}
    config = SweepConfig.model_validate({**base, **changes})
    plan = plan_sweep(config, as_tasks=False)
    (cell,) = plan.cells
    prepare_source.fn(store, plan.sources[0], cell.source_step(plan.sources[0]))
    prepare_start.fn(store, "tiny", cell.encoder_step)
    for evaluation in cell.evaluations:
        index_suite.fn(store, cell, evaluation, lambda: load_checkpoint(store, cell))
        score_cell.fn(store, cell, evaluation, lambda: load_checkpoint(store, cell))
    record_done(store, cell)
    return config, cell


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "workspace")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_toy_corpus(tmp_path / "corpus")


def test_sweeps_that_share_a_cell_keep_their_own_results(store: Store, corpus: Path) -> None:
    cells = []
    for name, queries in (("few", 3), ("many", 7), ("few", 3)):
        config, cell = run_start(store, corpus, name, queries)
        record_sweep(store, config, name, [cell], {})
        write_summaries(store.home, name)
        cells.append(cell.cell_id)
    assert len(set(cells)) == 1
    lake = build_lake(store.home)
    asked = "select sweep, count(*) from per_query join sweep_results using (cell_id, result) group by 1 order by 1"
    assert run_sql(lake, asked)[1] == [("few", 3 * 3), ("many", 7 * 3)]
    curve = "select distinct sweep, n_questions from ratio_curve order by 1"
    assert run_sql(lake, curve)[1] == [("few", 3), ("many", 7)]


def test_a_report_is_made_again_only_when_something_changed(store: Store, corpus: Path) -> None:
    config, cell = run_start(store, corpus, "few", 3)
    assert record_sweep(store, config, "few", [cell], {})
    assert not record_sweep(store, config, "few", [cell], {})
    assert record_sweep(store, config, "few", [cell], {cell.cell_id: "killed"})


def test_a_failure_elsewhere_does_not_undo_a_finished_cell(store: Store, corpus: Path) -> None:
    _, cell = run_start(store, corpus, "few", 3)
    record_failed(store, cell, "out of memory")
    assert Workspace(store.home).read_cell(cell.cell_id)["status"] == "done"
    assert cell_is_done(store, cell)


def test_a_failed_cell_is_recorded_with_its_error(store: Store, corpus: Path) -> None:
    (cell,) = plan_sweep(
        SweepConfig.model_validate({**toy_sweep(corpus), "strategies": [{"name": "mixed"}]}), as_tasks=False
    ).cells
    record_failed(store, cell, "out of memory")
    record = json.loads(Workspace(store.home).cell(cell.cell_id).read_text())
    assert (record["status"], record["error"]) == ("failed", "out of memory")
    assert not cell_is_done(store, cell)


@pytest.mark.parametrize("room", ["per_query", "indexes", "encoders"])
def test_a_cell_with_a_damaged_artefact_is_not_done(store: Store, corpus: Path, room: str) -> None:
    _, cell = run_start(store, corpus, "few", 3)
    assert cell_is_done(store, cell)
    largest = max((store.home / room).glob("*/*"), key=lambda path: path.stat().st_size)
    with largest.open("ab") as file:
        file.write(b"!")
    assert not cell_is_done(Store(store.home), cell)
