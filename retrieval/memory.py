"""How much memory the process has held."""

from pathlib import Path


def peak_bytes() -> int:
    """Largest resident memory of this process so far (`getrusage` would count that of its parent at the fork too)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024  # in KiB
