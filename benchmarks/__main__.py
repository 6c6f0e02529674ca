"""Run benchmarks, one process each: `make bench`, or `python -m benchmarks score search` for some of them.

Writes ``benchmarks/bench.json``, and from it the table between the marks of ``docs/BENCHMARKS.md``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

HERE = Path(__file__).parent
BENCH_JSON = HERE / "bench.json"
PAGE = HERE.parent / "docs" / "BENCHMARKS.md"
BEGIN, END = "<!-- bench: written by `make bench` -->", "<!-- /bench -->"
SCRIPTS = (
    "train_step", "loss_curve", "large_batch", "encode", "score", "plan_rows", "uncertainty", "search", "sweep",
)  # fmt: skip


def main(names: list[str]) -> int:
    """Run the named scripts, or all; the exit code is the number of those that failed."""
    failed = 0
    environment = {**os.environ, "BENCH_JSON": str(BENCH_JSON)}
    for name in names or SCRIPTS:
        print(f"== {name}", flush=True)
        failed += (
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=HERE.parent, env=environment).returncode
            != 0
        )
    figures = json.loads(BENCH_JSON.read_text()) if BENCH_JSON.exists() else {}
    figures["machine"] = describe()
    BENCH_JSON.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    text = table(figures)
    print(text)
    write_table(text)
    return failed


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine = figures["machine"]
    peaks = ", ".join(
        f"{precision} {'/'.join(str(rate) for rate in machine[f'{precision}_gflops'].values())}"
        for precision in ("fp32", "bf16")
    )
    threads = "/".join(str(threads) for threads in machine["fp32_gflops"])
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, flags {' '.join(machine['flags'])}; "
        f"matrix products on {threads} threads in GFLOP/s: {peaks}; torch {machine['torch']}.",
        "",
        "| name | measured | bar | met | more |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join(lines + [row(name, figure) for name, figure in sorted(figures.items()) if name != "machine"])


def row(name: str, figure: dict[str, Any]) -> str:
    """One line of the table."""
    main = "gb" if "at_most_gb" in figure else "ratio" if "ratio" in figure else "seconds"
    bar, least = next(
        (figure[key], key == "at_least") for key in ("at_least", "at_most", "at_most_gb") if key in figure
    )
    value = figure[main]
    met = "" if value is None else "yes" if (value >= bar) == least or value == bar else "no"
    unit = {"ratio": "", "seconds": " s", "gb": " GB"}[main]
    more = ", ".join(
        f"{key.replace('_', ' ')} {shown(item)}"
        for key, item in figure.items()
        if key != main and not key.startswith("at_")
    )
    measured = "not measured" if value is None else shown(value) + unit
    return f"| `{name}` | {measured} | {'at least' if least else 'at most'} {bar:g}{unit} | {met} | {more} |"


def shown(value: Any) -> str:
    """Three figures that count."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def write_table(text: str) -> None:
    """Put the table between its marks."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
