"""Plan and write many batch rows, and print the seconds and the peak memory: it should grow linearly with the rows.

python benchmarks/plan_rows.py --rows 10000000
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from data.batches import plan_batches, write_plan
from data.fingerprint import content_id
from data.schedule import ScheduleConfig
from data.schema import PAIRS, TEXTS
from data.strategies import Strategy

LANGUAGES = ("da", "de", "en", "et", "fr", "ga", "ha", "lt", "ny", "sr-Latn", "sw", "yo")


def corpus(n_pairs: int) -> tuple[pa.Table, pa.Table]:
    """Pairs with one query and one passage each, that exist in every language."""
    ids = {side: [content_id(side, str(i)) for i in range(n_pairs)] for side in ("query", "passage")}
    split, doc_ids = ["train"] * n_pairs, [f"doc-{i // 8}" for i in range(n_pairs)]
    pairs = pa.table(
        [[content_id("pair", str(i)) for i in range(n_pairs)], *ids.values(), doc_ids, split], schema=PAIRS
    )
    texts = pa.concat_tables(
        [
            pa.table(
                [
                    [content_id(lang, key) for key in keys],
                    [lang] * n_pairs,
                    keys,
                    doc_ids,
                    [f"{lang} {key}" for key in keys],
                ],
                schema=TEXTS,
            )
            for lang in LANGUAGES
            for keys in ids.values()
        ]
    )
    return pairs, texts


def main() -> None:
    """Plan, write and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--strategy", default="row_hybrid")
    parser.add_argument("--ratio", type=float, default=0.35)
    options = parser.parse_args()
    pairs, texts = corpus(options.pairs)
    schedule = ScheduleConfig(
        steps=options.rows // options.batch_size, batch_size=options.batch_size, languages=LANGUAGES
    )
    print(f"before: peak {peak_gb():.2f} GB")
    started = time.perf_counter()
    plan = plan_batches(Strategy(name=options.strategy, ratio=options.ratio), schedule, pairs, texts, seed=1)
    planned = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batches.parquet"
        write_plan(path, plan)
        megabytes = path.stat().st_size / 1e6
    written = time.perf_counter()
    print(
        f"{plan.pair_SB.size:,} rows: planned in {planned - started:.1f} s, written in {written - planned:.1f} s, "
        f"{megabytes:.0f} MB, peak {peak_gb():.2f} GB"
    )


def peak_gb() -> float:
    """Largest resident memory of this process so far, in GB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
