"""Exact search over a million vectors that lie on disk in shards, in 2 GB, against a FAISS flat index in memory.

Each side runs in a process of its own, since the memory that one has held is part of the figure.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa

from benchmarks.figures import Figures, keep
from retrieval.index import CollectionIndex
from retrieval.memory import peak_bytes

VECTORS, QUERIES, DIMENSION, SHARDS, TOP = 1_000_000, 1_000, 384, 10, 100
MOST_BYTES = 2 * 10**9


def unit_vectors(count: int, seed: int) -> np.ndarray:
    """Random fp32 rows of length 1."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def build(folder: Path) -> None:
    """Write the shards, one language each, and the candidates' table."""
    langs = np.repeat([f"l{i}" for i in range(SHARDS)], VECTORS // SHARDS)
    CollectionIndex.build(folder, pa.table({"lang": pa.array(langs)}), unit_vectors(VECTORS, 0))


def ours(folder: Path) -> tuple[float, np.ndarray]:
    """Seconds, opening included, and the rows found."""
    queries = unit_vectors(QUERIES, 1)
    started = time.perf_counter()
    rows = CollectionIndex.open(folder).search(queries, TOP)[1]
    return time.perf_counter() - started, rows


def theirs(folder: Path) -> tuple[float, np.ndarray]:
    """Seconds of the search alone: the index lies in memory."""
    queries = unit_vectors(QUERIES, 1)
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(unit_vectors(VECTORS, 0))
    started = time.perf_counter()
    rows = index.search(queries, TOP)[1]
    return time.perf_counter() - started, rows


def in_process(side: str, folder: Path) -> tuple[dict[str, Any], np.ndarray]:
    """Run one side in a fresh interpreter."""
    out = folder / f"{side}.npy"
    command = [sys.executable, "-m", "benchmarks.search", "--side", side, "--folder", str(folder), "--out", str(out)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1])), np.load(out)


def measure() -> Figures:
    """The smaller of three readings a side, taken in turn; both must find the same rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        turns = [(in_process("ours", folder), in_process("theirs", folder)) for _ in range(3)]
    for (_, mine), (_, peer) in turns:
        if not np.array_equal(mine, peer):
            raise AssertionError(f"{(mine != peer).mean():.2%} of the rows found differ")
    seconds, peer_seconds = (min(turn[side][0]["seconds"] for turn in turns) for side in (0, 1))
    held = max(turn[0][0]["bytes"] for turn in turns)
    if held > MOST_BYTES:
        raise AssertionError(f"the search held {held / 1e9:.2f} GB, more than {MOST_BYTES / 1e9:g} GB")
    return {
        "search_vs_faiss": {
            "ratio": peer_seconds / seconds, "at_least": 1.0, "seconds": seconds, "gb": held / 1e9, "same_ids": True
        }
    }  # fmt: skip


def main() -> None:
    """One side, for `in_process`, or the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=["ours", "theirs"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not options.side:
        keep(measure())
        return
    seconds, rows = {"ours": ours, "theirs": theirs}[options.side](options.folder)
    np.save(options.out, rows)
    print(json.dumps({"seconds": seconds, "bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
