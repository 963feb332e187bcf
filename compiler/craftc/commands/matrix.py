"""What `craftc build --only` and `craftc verify` do for one matrix of a language model."""

from __future__ import annotations

from pathlib import Path

import click

from craftc.commands.screen import Stages, rows_of, say, table

VECTORS = 24  # recorded activations that a build is proven on


def build_only(
    model: Path, name: str, out: Path | None, *, rows: int, inputs: int, lanes: int | None,
    words_per_lane: int | None, verify: bool,
) -> None:  # fmt: skip
    """Build the matrix of operator `name`, or its first rows and inputs, and print the report."""
    if out is None:
        raise click.UsageError("--only needs -o DIR")
    from craftc import lm
    from craftc.passes.matrix.pipeline import build_matrix

    with Stages() as stages:
        report = build_matrix(
            lm.load(model), name, out,
            rows=rows, inputs=inputs, vectors=VECTORS, lanes=lanes, words_per_lane=words_per_lane,
            verify=verify, progress=stages,
        )  # fmt: skip
    say(f"built {out}")
    table(rows_of(report))


def verify_only(folder: Path) -> bool:
    """Verify the built matrix in `folder` and return True; return False if it holds something else."""
    from craftc.passes.matrix.files import is_matrix

    if not is_matrix(folder):
        return False
    from craftc.verify.matrix import verify_matrix

    with Stages() as stages:
        proof = verify_matrix(folder, stages)
    say(f"{folder}: every result agrees with the model")
    table(rows_of(proof))
    return True
