"""Run every benchmark, one process each: `make bench`."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run each script of this folder; the exit code is that of the first one that fails."""
    for script in sorted(HERE.glob("[a-z]*.py")):
        print(f"== {script.stem}", flush=True)
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{script.stem}"], cwd=HERE.parent).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
