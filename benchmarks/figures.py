"""How figures are kept."""

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

Figures = dict[str, dict[str, Any]]  # name in bench.json to what was measured


def keep(figures: Figures) -> None:
    """Print figures, and add them to the file that BENCH_JSON names."""
    figures = {name: {**figure, "date": date.today().isoformat()} for name, figure in figures.items()}
    print(json.dumps(figures, indent=1))
    if path := os.environ.get("BENCH_JSON"):
        file = Path(path)
        known = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**known, **figures}, indent=1, sort_keys=True) + "\n")
    sys.stdout.flush()
