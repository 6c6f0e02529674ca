"""Which precision training runs in: decided from what the processor says of itself, never from a timing."""

from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "bf16"]
# bf16 matrix products are faster than fp32 where one of these units does them, and many times slower elsewhere.
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def resolve_precision(setting: Literal["auto", "fp32", "bf16"], cpuinfo: Path = Path("/proc/cpuinfo")) -> Precision:
    """Turn ``auto`` into a precision.

    It is resolved once, when a sweep is planned, and is part of every fingerprint: no sweep mixes precisions.

    Parameters
    ----------
    setting : str
        ``auto``, or a precision, which is returned as it is.
    cpuinfo : Path
        The kernel's list of processor flags; where there is none, ``auto`` is ``fp32``.
    """
    if setting != "auto":
        return setting
    if Path("/proc/driver/nvidia").exists():  # otherwise there is no need to load torch for the question
        import torch

        if torch.cuda.is_available():
            return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if BF16_FLAGS & processor_flags(cpuinfo) else "fp32"


def processor_flags(cpuinfo: Path) -> frozenset[str]:
    """The flags of the first processor; empty where the kernel does not list them."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return frozenset()
    return next((frozenset(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), frozenset())
