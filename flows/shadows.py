"""babelmix's packages have plain names: say so when a file in the current folder hides one of them."""

import importlib.util
import sys
from pathlib import Path

PACKAGES = ("data", "retrieval", "analysis", "tasks", "flows")


def find_shadow(home: Path) -> Path | None:
    """Return the file or folder that Python would import instead of one of our packages, or None.

    Parameters
    ----------
    home : Path
        The folder that holds our packages.
    """
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return Path.cwd() / name
        if Path(spec.origin).resolve() != home / name / "__init__.py":
            origin = Path(spec.origin)
            return origin.parent if origin.name == "__init__.py" else origin
    return None


def refuse_shadows() -> None:
    """End the process with one sentence and exit code 2 when one of our packages is hidden.

    It runs before anything of ours is imported, so it cannot leave the ending to the command line.
    """
    shadow = find_shadow(Path(__file__).resolve().parent.parent)
    if shadow is not None:
        sys.stderr.write(
            f"babelmix: {shadow} hides babelmix's own package of that name; rename it or start from another folder\n"
        )
        raise SystemExit(2)
