import math

import numpy as np
import pyarrow as pa
import pytest
import torch

from data.relevance import Relevance
from data.schema import BATCH_ROWS, PAIRS, TEXTS
from retrieval.batch import Tokens
from retrieval.encoder import Encoder
from retrieval.tiny import tiny_encoder
from retrieval.tokens import TokenTable, tokenise
from retrieval.train_config import TrainConfig
from retrieval.trainer import NonFiniteLoss, StepReport, learning_rate, train

CONFIG = TrainConfig(precision="fp32", learning_rate=1e-3)
STEPS, SIZE = 6, 4


def corpus() -> tuple[pa.Table, Tokens, Relevance]:
    """Six batches of four pairs; pair n asks "query n" and is answered by "passage n"; odd batches are cross."""
    pairs = [f"{n}" for n in range(STEPS * SIZE)]
    rows = [
        {
            "batch_idx": n // SIZE, "slot": n % SIZE, "kind": "cross" if n // SIZE % 2 else "mono",
            "query_lang": "en", "passage_lang": "de" if n // SIZE % 2 else "en", "pair_id": f"pair {n}",
            "query_id": f"q{n}", "passage_id": f"p{n}",
            "query_parallel_id": f"query {n}", "passage_parallel_id": f"passage {n}",
        }
        for n in range(STEPS * SIZE)
    ]  # fmt: skip
    encoder = tiny_encoder()
    tables = [
        table([f"{side[0]}{n}" for n in pairs], encoder, side, [f"{side} {n}" for n in pairs])
        for side in ("query", "passage")
    ]
    pair_rows = [
        {"pair_id": f"pair {n}", "query_parallel_id": f"query {n}", "passage_parallel_id": f"passage {n}",
         "doc_id": "d", "split": "train"}
        for n in pairs
    ]  # fmt: skip
    relevance = Relevance.from_pairs(pa.Table.from_pylist(pair_rows, PAIRS), TEXTS.empty_table())
    return pa.Table.from_pylist(rows, BATCH_ROWS), Tokens(*tables), relevance


def table(ids: list[str], encoder: Encoder, side: str, texts: list[str]) -> TokenTable:
    tokens = tokenise(encoder.tokenizer, encoder.prefixes[side], texts, 64).input_ids
    offsets = np.cumsum([0, *map(len, tokens)]).astype(np.int32)
    return TokenTable(ids, offsets, np.concatenate(tokens).astype(np.int32))


def weights(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in encoder.state_dict().items()}


def test_training_lowers_the_loss_and_reports_every_step() -> None:
    rows, tokens, relevance = corpus()
    reports: list[StepReport] = []
    log = train(tiny_encoder(), rows, tokens, relevance, CONFIG, 0, reports.append)
    assert [report.step for report in reports] == list(range(STEPS))
    assert log.table["kind"].to_pylist() == ["mono", "cross"] * 3
    losses = log.table["loss"].to_pylist()
    assert sum(losses[3:]) < sum(losses[:3])
    assert set(log.stats["start"]) == {"mono", "cross"}
    assert log.stats["tokens"] == sum(tokens.query.lengths().values()) + sum(tokens.passage.lengths().values())


def test_the_same_seed_gives_the_same_bytes() -> None:
    rows, tokens, relevance = corpus()
    first, second = tiny_encoder(), tiny_encoder()
    train(first, rows, tokens, relevance, CONFIG, 0)
    train(second, rows, tokens, relevance, CONFIG, 0)
    ours, theirs = weights(first), weights(second)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert any(not torch.equal(ours[name], tensor) for name, tensor in weights(tiny_encoder()).items())


def test_chunks_change_nothing_but_the_order_of_the_work() -> None:
    rows, tokens, relevance = corpus()
    whole, chunked = tiny_encoder(), tiny_encoder()
    logs = [
        train(encoder, rows, tokens, relevance, CONFIG.model_copy(update={"chunk_tokens": chunk}), 0)
        for encoder, chunk in ((whole, 100_000), (chunked, 128))
    ]
    assert max(logs[0].table["tokens"].to_pylist()) > 128  # otherwise nothing was chunked
    np.testing.assert_allclose(logs[0].table["loss"], logs[1].table["loss"], rtol=1e-4)


def test_a_loss_that_is_not_finite_stops_before_the_step() -> None:
    rows, tokens, relevance = corpus()
    encoder = tiny_encoder()
    with torch.no_grad():
        encoder.backbone.encoder.layer[1].output.dense.bias[0] = torch.inf
    before = weights(encoder)
    with pytest.raises(NonFiniteLoss, match=r"step 0 is nan.*learning rate"):
        train(encoder, rows, tokens, relevance, CONFIG, 0)
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(encoder).items())


def test_translations_of_the_positive_are_no_negatives() -> None:
    """Two rows that hold the same pair: with the mask each row is alone with its positive, and the loss is 0."""
    rows, tokens, relevance = corpus()
    first = rows.slice(0, 1).to_pylist()[0]
    twice = pa.Table.from_pylist([first, {**first, "slot": 1, "query_id": "q1", "passage_id": "p1"}], BATCH_ROWS)
    log = train(tiny_encoder(), twice, tokens, relevance, CONFIG, 0)
    assert log.table["loss"].to_pylist() == [0.0]


def test_the_learning_rate_rises_and_falls_linearly() -> None:
    config = TrainConfig(learning_rate=1.0, warmup=0.2)
    rates = [learning_rate(step, 10, config) for step in range(10)]
    np.testing.assert_allclose(rates, [0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert not math.isclose(rates[-1], 0)
