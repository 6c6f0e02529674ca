"""The record of a cell and of a sweep: small JSON files that the lake reads."""

import json
from typing import Any

from pydantic import BaseModel

from data.fingerprint import fingerprint
from data.store import Store, write_json
from data.workspace import Workspace, now
from tasks.cell import CellSpec, plain
from tasks.stored import Step, provenance

VERSION = 2  # of what a report is made from


def cell_is_done(store: Store, spec: CellSpec) -> bool:
    """Whether the cell is recorded as done and its per-query results are there: nothing is left to compute."""
    results = [spec.per_query_step(evaluation) for evaluation in spec.evaluations]
    workspace = Workspace(store.home)
    if not workspace.cell(spec.cell_id).is_file():
        return False
    record = workspace.read_cell(spec.cell_id)
    if record["status"] != "done" or not {step.fingerprint for step in results} <= set(record["per_query"]):
        return False  # another sweep that shares the cell may have recorded other suites
    return all(store.get(step.room, step.fingerprint) is not None for step in results)


def record_done(store: Store, spec: CellSpec) -> None:
    """Record a finished cell; every figure comes from the manifests of its artefacts."""
    indexes = [spec.index_step(evaluation) for evaluation in spec.evaluations]
    results = [spec.per_query_step(evaluation) for evaluation in spec.evaluations]
    parts = {"checkpoint": spec.checkpoint_step, "batches": spec.batches_step} if spec.trained else {}
    record = {
        **_identity(spec),
        "status": "done",
        "error": None,
        "train_seconds": _seconds(store, spec.checkpoint_step) if spec.trained else 0.0,
        "encode_seconds": sum(_seconds(store, step) for step in indexes),
        "score_seconds": sum(_seconds(store, step) for step in results),
        "artefacts": {
            "encoder": spec.encoder_step.fingerprint,
            **{role: step.fingerprint for role, step in parts.items()},
            "indexes": [step.fingerprint for step in indexes],
        },
        "per_query": [step.fingerprint for step in results],
        "stats": {role: store.manifest(step.room, step.fingerprint)["stats"] for role, step in parts.items()},
    }
    write_json(Workspace(store.home).cell(spec.cell_id), record)


def record_failed(store: Store, spec: CellSpec, error: str) -> None:
    """Record a cell that did not finish, with what stopped it."""
    record = {
        **_identity(spec),
        "status": "failed",
        "error": error,
        "train_seconds": None,
        "encode_seconds": None,
        "score_seconds": None,
        "artefacts": {},
        "per_query": [],
        "stats": {},
    }
    write_json(Workspace(store.home).cell(spec.cell_id), record)


def _identity(spec: CellSpec) -> dict[str, Any]:
    strategy = spec.strategy.canonical()
    return {
        "cell_id": spec.cell_id,
        "strategy": strategy.name,
        "ratio": strategy.ratio,
        "ratio_unit": strategy.ratio_unit,
        "seed": spec.seed if spec.trained else None,
        "encoder": spec.encoder,
        "train_source": spec.train_source.kind if spec.trained else None,
        "train_languages": list(spec.schedule.languages) if spec.trained else [],
        "steps": spec.schedule.steps if spec.trained else 0,
        "batch_size": spec.schedule.batch_size,
        "spec": plain(spec),
        "finished": now(),
        **provenance(),
    }


def _seconds(store: Store, step: Step) -> float:
    return float(store.manifest(step.room, step.fingerprint)["stats"]["seconds"])


def record_sweep(store: Store, config: BaseModel, name: str, cells: list[str]) -> bool:
    """Record which cells a sweep consists of; says whether anything that its report is made from has changed."""
    workspace = Workspace(store.home)
    records = {cell: json.loads(workspace.cell(cell).read_text()) for cell in cells}
    results = {cell: [record["status"], record["error"], *record["per_query"]] for cell, record in records.items()}
    content = fingerprint("sweep", VERSION, {"config": config, "results": results}, {})
    path = workspace.sweep(name)
    if path.is_file() and json.loads(path.read_text()).get("content") == content:
        return False
    record = {"sweep": name, "config": plain(config), "cells": cells, "content": content, "created": now()}
    write_json(path, {**record, **provenance()})
    return True
