"""Training step against the sentence-transformers trainer: same weights, pairs, maximum length, threads, no dropout.

The trainer shuffles the pairs, so its batches are others of the same size. Each side trains in a process of its own;
the trainer's time is between its own step ends, without the first two steps. `train_of_peak` is the matrix work of real
tokens over what the processor's matrix product reaches in that precision.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.figures import Figures, keep
from benchmarks.fixture import batch_rows, quickstart, source_table, start_folder
from retrieval.precision import resolve_precision

WARM = 2  # steps that are not counted
LENGTH, BATCH = 128, 32


def ours(steps: int, precision: str) -> dict[str, float]:
    """Seconds a step of our trainer, its share of the peak, and its losses."""
    import torch

    from benchmarks.machine import gemm_gflops
    from data.relevance import Relevance
    from retrieval.encoder import Encoder
    from retrieval.encoders import weight_counts
    from retrieval.trainer import train
    from tasks.train import open_tokens

    store, cell = quickstart()
    encoder = Encoder.load(start_folder())
    relevance = Relevance.from_pairs(source_table("pairs"), source_table("texts"))
    config = cell.training.model_copy(update={"max_length": LENGTH, "precision": precision})
    log = train(encoder, batch_rows().slice(0, steps * BATCH), open_tokens(store, cell), relevance, config, cell.seed)
    seconds, tokens = (log.table[name].to_numpy()[WARM:] for name in ("seconds", "tokens"))
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    work = 6 * weight_counts(cell.encoder)[1] * tokens.sum()  # forward 2, backward 4 operations a weight and token
    rate = work / seconds.sum() / 1e9
    return {
        "seconds": float(np.mean(seconds)),
        "of_peak": rate / gemm_gflops(dtype, torch.get_num_threads()),
        "gb": log.stats["peak_bytes"] / 1e9,
    }


def theirs(steps: int, precision: str) -> dict[str, float]:
    """Seconds a step of `SentenceTransformerTrainer` with its usual loss for such pairs."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    ends: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *state: Any, **more: Any) -> None:
            ends.append(time.perf_counter())

    texts, rows = source_table("texts"), batch_rows().slice(0, steps * BATCH)
    text_of = dict(zip(texts["text_id"].to_pylist(), texts["text"].to_pylist(), strict=True))
    pairs = {
        name: [text_of[text_id] for text_id in rows[column].to_pylist()]
        for name, column in (("anchor", "query_id"), ("positive", "passage_id"))
    }
    no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}  # ours trains without
    model = SentenceTransformer(str(start_folder()), device="cpu", config_kwargs=no_dropout)
    model.max_seq_length = LENGTH
    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder, per_device_train_batch_size=BATCH, max_steps=steps, learning_rate=3e-5, warmup_steps=0.1,
            weight_decay=0.01, bf16=precision == "bf16", use_cpu=True, save_strategy="no", logging_strategy="no",
            report_to=[], disable_tqdm=True, prompts={"anchor": "query: ", "positive": "passage: "},
        )  # fmt: skip
        SentenceTransformerTrainer(
            model=model, args=arguments, train_dataset=Dataset.from_dict(pairs), callbacks=[Clock()],
            loss=MultipleNegativesRankingLoss(model, scale=50.0),
        ).train()  # fmt: skip
    return {"seconds": float(np.mean([after - before for before, after in pairwise(ends[WARM - 1 :])]))}


def in_process(side: str, steps: int, precision: str) -> dict[str, float]:
    """Run one side in a fresh interpreter, all cores as its threads."""
    threads = str(len(os.sched_getaffinity(0)))
    command = [sys.executable, "-m", "benchmarks.train_step", "--side", side, "--steps", str(steps)]
    done = subprocess.run(
        [*command, "--precision", precision],
        env={**os.environ, "OMP_NUM_THREADS": threads}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(steps: int, precision: str, peer_precision: str) -> tuple[dict[str, float], dict[str, float]]:
    """Our side and theirs, taken in turn twice; the smaller of each side's two readings counts."""
    turns = [(in_process("ours", steps, precision), in_process("theirs", steps, peer_precision)) for _ in range(2)]
    best = [min(side, key=lambda reading: reading["seconds"]) for side in zip(*turns, strict=True)]
    return best[0], best[1]


def measure(steps: int) -> Figures:
    """Ours in the precision that the processor is best at; theirs in fp32, its default, and in bf16 where that pays."""
    precision = resolve_precision("auto")
    figures: Figures = {}
    for name, peer_precision, least in (("train_vs_st", "fp32", 8), ("train_vs_st_bf16", "bf16", 4)):
        if peer_precision == "bf16" and precision != "bf16":
            figures[name] = {"ratio": None, "at_least": least, "why": "this processor has no bf16 unit"}
            continue
        mine, peer = compare(steps, precision, peer_precision)
        figures[name] = {
            "ratio": peer["seconds"] / mine["seconds"], "at_least": least, "precision": precision,
            "peer_precision": peer_precision,
            "pairs_a_second": BATCH / mine["seconds"], "peer_pairs_a_second": BATCH / peer["seconds"],
        }  # fmt: skip
        figures["train_of_peak"] = {
            "ratio": mine["of_peak"], "at_least": 0.4, "precision": precision, "gb": mine["gb"]
        }  # fmt: skip
    return figures


def main() -> None:
    """One side, for `in_process`, or the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--side", choices=["ours", "theirs"])
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    if options.side:
        print(json.dumps({"ours": ours, "theirs": theirs}[options.side](options.steps, options.precision)))
    else:
        keep(measure(options.steps))


if __name__ == "__main__":
    main()
