"""One training step of 1,024 pairs with the gradient cache: its memory and its seconds."""

import argparse
import tempfile
from pathlib import Path

from benchmarks.figures import Figures, keep
from benchmarks.fixture import quickstart, source_table, start_folder
from data.batches import plan_batches, write_plan
from data.relevance import Relevance
from data.schema import read_table
from retrieval.encoder import Encoder
from retrieval.trainer import train
from tasks.train import open_tokens


def measure(batch_size: int) -> Figures:
    """Train for one step."""
    store, cell = quickstart()
    schedule = cell.schedule.model_copy(update={"steps": 1, "batch_size": batch_size})
    pairs, texts = source_table("pairs"), source_table("texts")
    plan = plan_batches(cell.strategy, schedule, pairs, texts, cell.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batches.parquet"
        write_plan(path, plan)
        rows = read_table(path)
    config = cell.training.model_copy(update={"gradient_cache": True})
    relevance = Relevance.from_pairs(pairs, texts)
    log = train(Encoder.load(start_folder()), rows, open_tokens(store, cell), relevance, config, cell.seed)
    return {
        "batch_1024": {
            "gb": log.stats["peak_bytes"] / 1e9, "at_most_gb": 8, "pairs": batch_size, "tokens": log.stats["tokens"],
            "seconds": log.stats["step_seconds"],
        }
    }  # fmt: skip


def main() -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=1024)
    keep(measure(parser.parse_args().batch_size))


if __name__ == "__main__":
    main()
