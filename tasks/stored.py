"""Run a step, or find that its artefact is already there: the one way tasks make artefacts."""

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed

from data.fingerprint import fingerprint
from data.store import Draft, Room, Store

RECORDED_LIBRARIES = ("babelmix", "torch", "transformers", "pyarrow", "numpy", "prefect")


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an artefact is made from, known before it is made.

    Parameters
    ----------
    room : Room
        Folder of the workspace that holds the artefact.
    name : str
        Name of the step.
    version : int
        The step's ``VERSION``.
    config : JSON-like value
        Every setting the artefact depends on.
    inputs : mapping of str to str
        Role of each parent to its fingerprint or content hash.
    """

    room: Room
    name: str
    version: int
    config: Any
    inputs: Mapping[str, str]

    @cached_property
    def fingerprint(self) -> str:
        """The name of the artefact."""
        return fingerprint(self.name, self.version, self.config, self.inputs)


def stored(store: Store, step: Step, build: Callable[[Draft], None]) -> State[str]:
    """Compute a step's artefact unless the store has it.

    Returns
    -------
    State
        ``Cached`` when the store had the artefact, else ``Completed``; its data is the fingerprint.
    """
    if store.get(step.room, step.fingerprint) is not None:
        return Completed(name="Cached", message=f"{step.name} {step.fingerprint}", data=step.fingerprint)
    with store.put(step.room, step.fingerprint, step=step.name, config=step.config, inputs=step.inputs) as draft:
        started = time.perf_counter()
        build(draft)
        draft.stats["seconds"] = time.perf_counter() - started
        draft.provenance.update(provenance())
    return Completed(message=f"{step.name} {step.fingerprint}", data=step.fingerprint)


def provenance() -> dict[str, Any]:
    """Where and with what something was computed; kept beside results, never part of a fingerprint."""
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in RECORDED_LIBRARIES},
    }
