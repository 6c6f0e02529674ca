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
from retrieval.trainer import NonFiniteLoss, StepReport, learning_rate, start_warnings, train

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


def full_training(rows: pa.Table, tokens: Tokens, config: TrainConfig) -> Encoder:
    """A reference written without our shortcuts: the whole vocabulary, padded texts, every row on its own."""
    encoder = tiny_encoder().train()
    decayed = [parameter for parameter in encoder.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in encoder.parameters() if parameter.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    )
    for step in range(STEPS):
        batch = rows.slice(step * SIZE, SIZE).to_pydict()
        sides = [
            torch.cat([encode_alone(encoder, getattr(tokens, side)[text]) for text in batch[f"{side}_id"]])
            for side in ("query", "passage")
        ]
        scores = sides[0] @ sides[1].T / config.temperature
        torch.nn.functional.cross_entropy(scores, torch.arange(SIZE)).backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), config.clip)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, STEPS, config)
        optimizer.step()
        optimizer.zero_grad()
    return encoder


def encode_alone(encoder: Encoder, ids: np.ndarray) -> torch.Tensor:
    one = torch.from_numpy(ids.astype(np.int64))[None]
    return encoder(one, torch.ones_like(one))


@pytest.mark.parametrize("change", [{}, {"clip": 0.05}, {"weight_decay": 20.0}, {"warmup": 0.5}])
def test_training_equals_a_plain_loop_over_the_whole_vocabulary(change: dict[str, float]) -> None:
    rows, tokens, relevance = corpus()
    config = CONFIG.model_copy(update={"learning_rate": 1e-4, **change})
    ours = tiny_encoder()
    train(ours, rows, tokens, relevance, config, 0)
    theirs = full_training(rows, tokens, config)
    used = np.union1d(tokens.query.vocabulary(), tokens.passage.vocabulary())
    start = weights(tiny_encoder())
    for name, expected in weights(theirs).items():
        if name.endswith(
            "key.bias"
        ):  # softmax does not see it: its gradient is rounding, of which AdamW takes the sign
            continue
        embedding = name.endswith("word_embeddings.weight")
        rows_of = torch.from_numpy(used.astype(np.int64)) if embedding else slice(None)
        torch.testing.assert_close(weights(ours)[name][rows_of], expected[rows_of], atol=1e-5, rtol=0)
        if embedding:
            assert not torch.equal(expected[rows_of], start[name][rows_of])


def test_a_text_that_occurs_twice_is_encoded_once_and_learns_from_both_rows() -> None:
    rows, tokens, relevance = corpus()
    batch = rows.slice(0, SIZE).to_pylist()
    batch[1] = {**batch[1], "query_id": batch[0]["query_id"]}
    table_ = pa.Table.from_pylist(batch, BATCH_ROWS)
    log = train(tiny_encoder(), table_, tokens, relevance, CONFIG, 0)
    lengths = [len(tokens.query[row["query_id"]]) for row in batch]
    passages = [len(tokens.passage[row["passage_id"]]) for row in batch]
    assert log.stats["tokens"] == sum(lengths) - lengths[0] + sum(passages)


def test_a_gradient_that_is_not_finite_stops_before_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, tokens, relevance = corpus()
    encoder = tiny_encoder()
    before = weights(encoder)
    monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", lambda *_: torch.tensor(torch.nan))
    with pytest.raises(NonFiniteLoss, match="gradient of step 0"):
        train(encoder, rows, tokens, relevance, CONFIG, 0)
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(encoder).items())


def test_dropout_changes_what_is_learnt_and_not_the_start_figures() -> None:
    rows, tokens, relevance = corpus()
    logs, learnt = [], []
    for dropout in (0.0, 0.5):
        encoder = tiny_encoder()
        encoder.backbone.config.hidden_dropout_prob = dropout
        logs.append(train(encoder, rows, tokens, relevance, CONFIG, 0))
        learnt.append(weights(encoder))
    assert logs[0].stats["start"] == logs[1].stats["start"]
    assert any(not torch.equal(learnt[0][name], learnt[1][name]) for name in learnt[0])


def test_starts_that_are_too_easy_or_too_unequal_are_said() -> None:
    assert start_warnings({"mono": {"loss": 1.0}, "cross": {"loss": 2.9}}) == []
    easy, unequal = start_warnings({"mono": {"loss": 0.03}, "cross": {"loss": 0.83}})
    assert "kind mono start at a loss of 0.03" in easy
    assert "mono 0.03, cross 0.83" in unequal
