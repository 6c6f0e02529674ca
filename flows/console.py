"""How a command ends: bad input is one sentence and exit code 2, whichever way the command was started."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from data.errors import BadInput

DEBUG_VARIABLE = "BABELMIX_DEBUG"


class CellsFailed(RuntimeError):
    """Some cells of a sweep failed; the others, and the report, are there."""


def run_as_command(run: Callable[[], Any], *, debug: bool = False) -> None:
    """Run to the end, or print one sentence about the input and exit with 2; the traceback only on demand."""
    debug = debug or bool(os.environ.get(DEBUG_VARIABLE))
    if not debug:
        for name in ("prefect.flow_runs", "prefect.task_runs"):
            logging.getLogger(name).addFilter(_without_bad_input)
    try:
        run()
    except (BadInput, ValidationError) as error:
        if debug:
            raise
        sys.stderr.write(f"babelmix: {sentence(error)}\n")
        raise SystemExit(2) from None
    except CellsFailed as error:
        sys.stderr.write(f"babelmix: {error}\n")
        raise SystemExit(1) from None


def sentence(error: BadInput | ValidationError) -> str:
    """The one sentence that a person needs; of a failed validation, that of its first error and the field's name."""
    if isinstance(error, BadInput):
        return str(error)
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return str(cause)
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg'][0].lower()}{first['msg'][1:]}, but got {first['input']!r}"


def _without_bad_input(record: logging.LogRecord) -> bool:
    """Drop what the engine says of an error that is about to be said in one sentence."""
    raised = record.exc_info[1] if record.exc_info else None
    return not isinstance(raised, BadInput) and BadInput.__name__ not in record.getMessage()
