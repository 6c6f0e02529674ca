"""Where the time goes: shares of a training and of a scoring, for docs/BENCHMARKS.md. No peer, no bar.

python -m benchmarks.profiles
"""

import cProfile
import pstats
import tempfile
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.fixture import batch_rows, quickstart, source_table, start_folder
from benchmarks.score import IDENTITY, suite, vectors
from data.relevance import Relevance
from retrieval.encoder import Encoder
from retrieval.index import CollectionIndex
from retrieval.score import score_suite
from retrieval.trainer import train
from tasks.train import open_tokens

TRAINING = {
    "matrix products of linear layers": ("aten::mm", "aten::addmm"),
    "copies and concatenations": ("aten::copy_", "aten::cat"),
    "GELU": ("aten::gelu", "aten::gelu_backward"),
    "attention's products and softmax": ("aten::bmm", "aten::_softmax", "aten::_softmax_backward_data"),
}
SCORING = {
    "the matrix product": ("<built-in method torch.mm>",),
    "who is ahead": (
        "count_ahead",
        "_ahead",
        "<listcomp>",
        "<built-in method numpy._core._multiarray_umath.count_nonzero>",
    ),
    "the first ten": ("<method 'topk' of 'torch._C.TensorBase' objects>", "_top_languages"),
}
STEPS, BATCH = 6, 32


def training() -> dict[str, float]:
    """Own seconds by operation of a short training on one thread, the start figures before it included."""
    store, cell = quickstart()
    torch.set_num_threads(1)
    encoder, tokens = Encoder.load(start_folder()), open_tokens(store, cell)
    relevance = Relevance.from_pairs(source_table("pairs"), source_table("texts"))
    with profile(activities=[ProfilerActivity.CPU]) as taken:
        train(encoder, batch_rows().slice(0, STEPS * BATCH), tokens, relevance, cell.training, cell.seed)
    return {event.key: event.self_cpu_time_total for event in taken.key_averages()}


def scoring() -> dict[str, float]:
    """Own seconds by function of one scoring of a suite as large as XQuAD-R, on all cores."""
    whole = suite()
    queries, passages = vectors(whole.queries, 1.0, 2), vectors(whole.candidates, 1.0, 3)
    taken = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        index = CollectionIndex.build(Path(folder), whole.candidates, passages)
        taken.runcall(score_suite, whole, queries, index, IDENTITY)
    seconds: dict[str, float] = {}
    for (_, _, name), (_, _, own, _, _) in pstats.Stats(taken).stats.items():  # type: ignore[attr-defined]
        seconds[name] = seconds.get(name, 0.0) + own
    return seconds


def print_shares(title: str, seconds: dict[str, float], groups: dict[str, tuple[str, ...]]) -> None:
    """One line a group, and the rest."""
    whole = sum(seconds.values())
    shares = {group: sum(seconds.get(name, 0.0) for name in names) / whole for group, names in groups.items()}
    print(f"{title}:")
    for group, share in {**shares, "the rest": 1 - sum(shares.values())}.items():
        print(f"  {group}: {share:.0%}")


if __name__ == "__main__":
    print_shares("scoring", scoring(), SCORING)
    print_shares("training", training(), TRAINING)
