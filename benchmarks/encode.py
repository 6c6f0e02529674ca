"""Encoding real texts against `SentenceTransformer.encode`: same weights, precision, maximum length and threads.

26,000 home-assistant texts in nine languages; the peer sorts by length too, and takes the batch size that was fastest.
"""

import argparse
import time
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.figures import Figures, keep
from benchmarks.fixture import source_table, start_folder
from retrieval.encode import encode_texts
from retrieval.encoder import Encoder

LENGTH = 128
BATCH_SIZES = (16, 32, 64)


def timed(run: Any) -> tuple[float, np.ndarray]:
    """Seconds and result."""
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def measure(count: int) -> Figures:
    """Ours and theirs on the same texts; the vectors must be the same."""
    rows = source_table("texts")["text"].to_pylist()
    texts = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:count]]
    ours, peer = Encoder.load(start_folder()), SentenceTransformer(str(start_folder()), device="cpu")
    peer.max_seq_length = LENGTH

    def theirs(part: list[str], batch_size: int) -> np.ndarray:
        return np.asarray(peer.encode(part, prompt="passage: ", batch_size=batch_size, normalize_embeddings=True))

    theirs(texts[: count // 20], BATCH_SIZES[0])  # what a first call takes is nobody's
    fastest = min(BATCH_SIZES, key=lambda size: timed(lambda: theirs(texts[: count // 20], size))[0])
    encode_texts(ours, texts[: count // 20], "passage", max_length=LENGTH)
    seconds, vectors = timed(lambda: encode_texts(ours, texts, "passage", max_length=LENGTH))
    peer_seconds, peer_vectors = timed(lambda: theirs(texts, fastest))
    worst = float(1 - (vectors * peer_vectors).sum(axis=1).min())
    if worst > 1e-4:
        raise AssertionError(f"a cosine between our vector and theirs is {1 - worst}")
    return {
        "encode_vs_st": {
            "ratio": peer_seconds / seconds, "at_least": 1.5, "texts": len(texts), "peer_batch_size": fastest,
            "texts_a_second": len(texts) / seconds,
        }
    }  # fmt: skip


def main() -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=26_000)
    keep(measure(parser.parse_args().texts))


if __name__ == "__main__":
    main()
