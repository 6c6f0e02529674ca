"""The machine that a benchmark ran on: processor, flags that matter, and the measured rate of its matrix products."""

import os
import platform
import time
from pathlib import Path
from typing import Any

import torch

from retrieval.precision import processor_flags

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
# The shape of a feed-forward layer of multilingual-e5-small over one chunk of tokens.
TOKENS, WIDTH, INNER = 2048, 384, 1536


def describe() -> dict[str, Any]:
    """Processor, cores, flags and GEMM peaks in GFLOP/s, one thread and all."""
    cores = len(os.sched_getaffinity(0))
    flags = processor_flags(Path("/proc/cpuinfo"))
    return {
        "processor": _model_name(),
        "cores": cores,
        "flags": [flag for flag in FLAGS if flag in flags],
        "torch": torch.__version__.partition("+")[0],
        "python": platform.python_version(),
        "fp32_gflops": {threads: round(gemm_gflops(torch.float32, threads)) for threads in sorted({1, cores})},
        "bf16_gflops": {threads: round(gemm_gflops(torch.bfloat16, threads)) for threads in sorted({1, cores})},
    }


def gemm_gflops(dtype: torch.dtype, threads: int, seconds: float = 1.0) -> float:
    """Best rate of a matrix product of the encoder's shape, in GFLOP/s, over about `seconds`."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    left, right = torch.randn(TOKENS, WIDTH, dtype=dtype), torch.randn(WIDTH, INNER, dtype=dtype)
    left @ right
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - started)
    torch.set_num_threads(before)
    return 2 * TOKENS * WIDTH * INNER / best / 1e9


def _model_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
