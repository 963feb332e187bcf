"""What many macros draw with: leaf cells from circuits/, named ports of theirs, and straight dust."""

from __future__ import annotations

from collections.abc import Mapping

from craftc.cells.drawing import dust
from craftc.cells.library import load_cell
from craftc.macros.base import Pos, Sketch

EVERYWHERE = (-(10**6), 10**6)


def paste_cell(
    sketch: Sketch, cell: str, at: Pos = (0, 0, 0), delays: Mapping[Pos, int] | None = None,
    keep: tuple[int, int] = EVERYWHERE,
) -> None:  # fmt: skip
    """Put a leaf cell so that its drawing coordinate (0, 0, 0) comes to `at`.

    `delays` sets repeater delays (rt) by drawing coordinate; columns outside keep[0] <= x <= keep[1] are
    left out. Dust may meet dust of another shape: shapes are computed anew for the whole world.
    """
    drawing, changes = load_cell(cell).drawing, delays or {}
    for local in drawing.volume.positions(drawing.volume.ids != 0):
        pos = (local[0] + drawing.corner[0], local[1] + drawing.corner[1], local[2] + drawing.corner[2])
        if not keep[0] <= pos[0] <= keep[1]:
            continue
        state = drawing.volume.get(local)
        if pos in changes:
            state = state.with_props(delay=changes[pos])
        target = (at[0] + pos[0], at[1] + pos[1], at[2] + pos[2])
        meets = sketch.cells.get(target)
        if state.short == "redstone_wire" and meets is not None and meets[0].short == "redstone_wire":
            continue
        sketch.put(target, state, drawing.volume.entity(local))


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


def line(sketch: Sketch, start: Pos, end: Pos) -> None:
    """Lay dust with supports from `start` to `end` along one axis, both included; what is there stays."""
    low, high = sorted((start, end))
    for x in range(low[0], high[0] + 1):
        for z in range(min(low[2], high[2]), max(low[2], high[2]) + 1):
            if (x, start[1], z) not in sketch.cells:
                sketch.on_floor((x, start[1], z), dust("east", "west"))
