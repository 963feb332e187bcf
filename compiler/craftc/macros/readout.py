"""Adds the north and the south sum of an engine into one stream of octal digits."""

from __future__ import annotations

from craftc.cells.library import load_cell
from craftc.macros.base import Macro, Pos, Sketch
from craftc.units import GT_PER_RT


def paste_cell(sketch: Sketch, cell: str, at: Pos = (0, 0, 0)) -> None:
    """Put a leaf cell so that its drawing coordinate (0, 0, 0) comes to `at`."""
    drawing = load_cell(cell).drawing
    corner = drawing.corner
    sketch.paste(drawing.volume, (at[0] + corner[0], at[1] + corner[1], at[2] + corner[2]))


def cell_pos(cell: str, port: str, at: Pos = (0, 0, 0)) -> Pos:
    """Return where a port (or probe) of a cell lies that was put `at`."""
    found = load_cell(cell)
    corner = found.drawing.corner
    local = found.ports[port].pos if port in found.ports else found.probes[port]
    return (at[0] + corner[0] + local[0], at[1] + corner[1] + local[1], at[2] + corner[2] + local[2])


def cell_port(sketch: Sketch, cell: str, port: str, at: Pos = (0, 0, 0), name: str = "") -> None:
    """Name a port of a cell that was put `at` as a port of the sketch (same name unless given)."""
    found = load_cell(cell).ports[port]
    pos = cell_pos(cell, port, at)
    sketch.port(name or port, pos, found.direction, found.kind, found.side, found.latency_rt)


def nsum() -> Macro:
    """Return the adder of the N and S streams: in `n`, `s` (digits together), out `y`.

    `y.latency_rt` after digit 0 stands at `n` and `s` it stands at `y`. The sum is modulo 8^digits;
    a carry out of the top digit appears in the first flush digit of the word, as 1.
    """
    sketch = Sketch("nsum")
    paste_cell(sketch, "sum_feed")
    paste_cell(sketch, "octal_adder")
    cell_port(sketch, "sum_feed", "n")
    cell_port(sketch, "sum_feed", "s")
    feed, adder = load_cell("sum_feed"), load_cell("octal_adder")
    latency = (int(feed.timing["n_to_p_gt"]) + int(adder.timing["p_to_s_gt"])) // GT_PER_RT
    sketch.port("y", cell_pos("octal_adder", "s"), "out", "stream", "south", latency)
    return sketch.build()[0]
