from pathlib import Path
from typing import Any

import pytest

from data.errors import BadInput
from data.store import Store
from flows.config import SweepConfig
from flows.plan import plan_sweep
from tasks.cell import CellSpec
from tasks.prepare import check_cells, check_length, prepare_source, prepare_start
from tests.toy import LANGUAGES, toy_sweep, write_toy_corpus


def prepared(folder: Path, **changes: Any) -> tuple[Store, tuple[CellSpec, ...]]:
    """A store with the toy source, and the cells of a toy sweep with changes."""
    config = SweepConfig.model_validate(toy_sweep(write_toy_corpus(folder / "corpus"), **changes))
    plan = plan_sweep(config, as_tasks=False)
    store = Store(folder / "workspace")
    for source in plan.sources:
        prepare_source.fn(store, source, plan.cells[0].source_step(source))
    return store, plan.cells


def test_a_sound_sweep_passes(tmp_path: Path) -> None:
    check_cells.fn(*prepared(tmp_path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": {"steps": 3, "batch_size": 6, "languages": ["en"]}}, "give more languages"),
        ({"schedule": {"steps": 3, "batch_size": 5, "languages": ["en", "de"]}}, "more than half"),
    ],
)
def test_rows_that_cannot_be_dealt_are_said_before_a_cell_starts(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    store, cells = prepared(tmp_path, strategies=[{"name": "cross"}], **changes)
    with pytest.raises(BadInput, match=said):
        check_cells.fn(store, cells)


def test_a_suite_without_queries_in_a_split_is_said_before_a_cell_starts(tmp_path: Path) -> None:
    corpus = write_toy_corpus(tmp_path / "corpus")
    pairs = (corpus / "pairs.jsonl").read_text().replace('"dev"', '"train"')
    store, cells = prepared(tmp_path)
    (corpus / "pairs.jsonl").write_text(pairs)
    config = SweepConfig.model_validate(toy_sweep(corpus))
    plan = plan_sweep(config, as_tasks=False)
    prepare_source.fn(store, plan.sources[0], plan.cells[0].source_step(plan.sources[0]))
    assert plan.cells[0].source_step(plan.sources[0]) != cells[0].source_step(plan.sources[0])
    with pytest.raises(BadInput, match="suite toy has no dev queries"):
        check_cells.fn(store, plan.cells)


def test_texts_longer_than_the_encoder_takes_are_refused(tmp_path: Path) -> None:
    store, cells = prepared(tmp_path, training={"max_length": 129})
    prepare_start.fn(store, "tiny", cells[0].encoder_step)
    check_length.fn(store, cells[0].encoder_step, 128)
    with pytest.raises(BadInput, match="max_length 129 is more than the 128 tokens"):
        check_length.fn(store, cells[0].encoder_step, cells[0].training.max_length)


def test_another_folder_is_an_unseen_task_and_another_language_of_the_same_one_is_not(tmp_path: Path) -> None:
    other = write_toy_corpus(tmp_path / "other")
    (other / "passages.jsonl").write_text((other / "passages.jsonl").read_text().replace("passage en", "other en"))
    base = toy_sweep(write_toy_corpus(tmp_path / "corpus"))
    narrow = {**base["train_source"], "languages": list(LANGUAGES[:2])}
    suite = {"settings": ["mono"], "languages": list(LANGUAGES[:2])}
    evaluations = [
        {"source": narrow, "suite": {**suite, "name": "own"}, "split": "test"},
        {"source": {**narrow, "path": str(other)}, "suite": {**suite, "name": "elsewhere"}, "split": "test"},
    ]
    config = SweepConfig.model_validate({**base, "evaluations": evaluations})
    mixed = next(cell for cell in plan_sweep(config, as_tasks=False).cells if cell.strategy.name == "mixed")
    unseen = [mixed.per_query_step(evaluation).config["task_unseen"] for evaluation in mixed.evaluations]
    assert unseen == [False, True]
