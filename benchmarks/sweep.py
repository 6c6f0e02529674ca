"""The whole quickstart, an unchanged second one, and the same sweep scripted with sentence-transformers.

The script trains (in fp32, the library's default) and evaluates its cells one after the other with all cores, and
encodes each text once a cell. One cell of it is timed (a sample of its steps, all its evaluations) and counted for
every cell: the whole would take most of an hour.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.figures import Figures, keep
from benchmarks.fixture import quickstart, start_folder
from benchmarks.train_step import LENGTH, theirs
from data.suites import Suite
from tasks.evaluate import open_suite

EMPTY_FLOW = "from prefect import flow\n@flow\ndef empty(): pass\nempty()"


def command_seconds(*command: str, home: Path | None = None) -> float:
    """Seconds of a Python process."""
    environment = os.environ | ({"BABELMIX_HOME": str(home)} if home else {})
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def sweep_seconds(home: Path) -> float:
    """Seconds of `babelmix sweep --preset quickstart` in a workspace."""
    wheels = os.environ.get("BABELMIX_WHEELS")
    options = ["--wheel-dir", wheels] if wheels else []
    return command_seconds("-m", "flows.cli", "sweep", "--preset", "quickstart", *options, home=home)


def script_seconds(steps: int) -> float:
    """Seconds that the scripted sweep would take, from one cell's training steps and evaluations."""
    from sentence_transformers import SentenceTransformer

    store, cell = quickstart()
    started = time.perf_counter()
    model = SentenceTransformer(str(start_folder()), device="cpu")
    model.max_seq_length = LENGTH
    for evaluation in cell.evaluations:
        evaluate(model, open_suite(store, cell, evaluation))
    evaluating = time.perf_counter() - started
    training = theirs(steps, "fp32")["seconds"] * cell.schedule.steps
    return 6 * training + 7 * evaluating  # the start model is evaluated and not trained


def evaluate(model: Any, suite: Suite) -> None:
    """Every collection, and the pool, with the library's evaluator: all queries against it, each text encoded once."""
    from sentence_transformers.evaluation import InformationRetrievalEvaluator
    from sentence_transformers.util import cos_sim

    ids, langs, texts, meanings = (
        suite.candidates[name].to_pylist() for name in ("text_id", "lang", "text", "parallel_id")
    )
    asked = suite.queries.select(["text_id", "lang", "text", "parallel_id"]).to_pylist()
    vectors = model.encode(texts, prompt="passage: ", convert_to_tensor=True)
    encoded = model.encode([query["text"] for query in asked], prompt="query: ", convert_to_tensor=True)
    vector_of = {query["text"]: vector for query, vector in zip(asked, encoded, strict=True)}

    class EncodedBefore(InformationRetrievalEvaluator):
        """Takes the queries' vectors instead of encoding them for every collection."""

        def embed_inputs(self, model: Any, sentences: Any, *more: Any, **options: Any) -> Any:
            return torch.stack([vector_of[sentence] for sentence in sentences])

    for searched in (*dict.fromkeys(langs), "*"):
        rows = [row for row, lang in enumerate(langs) if searched in (lang, "*")]
        rows_of: dict[str, set[str]] = {}
        for row in rows:
            rows_of.setdefault(meanings[row], set()).add(ids[row])
        queries = [query for query in asked if not (suite.bitext and query["lang"] == searched)]
        relevant = {
            query["text_id"]: set().union(*(rows_of.get(m, set()) for m in suite.relevant[query["parallel_id"]]))
            for query in queries
        }
        evaluator = EncodedBefore(
            queries={query["text_id"]: query["text"] for query in queries if relevant[query["text_id"]]},
            corpus={ids[row]: texts[row] for row in rows},
            relevant_docs={query: found for query, found in relevant.items() if found},
            map_at_k=[len(rows)], mrr_at_k=[10], ndcg_at_k=[10], precision_recall_at_k=[1, 10, 100],
            score_functions={"cosine": cos_sim}, show_progress_bar=False,
        )  # fmt: skip
        evaluator.compute_metrices(model, corpus_embeddings=vectors[torch.tensor(rows)])


def measure(steps: int) -> Figures:
    """The script, the sweep, and the unchanged sweep in turn with an empty flow."""
    command = [sys.executable, "-m", "benchmarks.sweep", "--script", "--steps", str(steps)]
    script = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])
    with tempfile.TemporaryDirectory() as name:
        seconds = sweep_seconds(Path(name))
        turns = [(sweep_seconds(Path(name)), command_seconds("-c", EMPTY_FLOW)) for _ in range(3)]
    return {
        "sweep_vs_script": {
            "ratio": script / seconds, "at_least": 4, "seconds": seconds, "peer_seconds": script,
            "peer_sample": f"{steps} steps and all evaluations of one cell",
        },
        "resume_overhead": {
            "seconds": median(again - empty for again, empty in turns), "at_most": 5,
            "empty_flow_seconds": median(empty for _, empty in turns),
        },
    }  # fmt: skip


def main() -> None:
    """The script's side, for `measure`, or the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--script", action="store_true")
    options = parser.parse_args()
    if options.script:
        print(json.dumps(script_seconds(options.steps)))
    else:
        keep(measure(options.steps))


if __name__ == "__main__":
    main()
