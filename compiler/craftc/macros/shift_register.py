"""Shift registers of locked repeaters: `sr_stage` (one bit) and `shift_register` (a folded chain).

One bit is two repeaters in a row (circuits/sr_stage)::

    z=0    d -> M S -> q      M: 1 rt, locked while the clock line nck is on
    z=1         ^             the lock: a repeater from the line into the side of M
    z=2     - - - -  nck      idle on; a low pulse shifts once

The line falls at 0 rt, the lock opens at 1, M takes d at 2, S shows it at 6 rt. By then the line must be
back (low for 2 to 4 rt, 3 meant), so the next M cannot see it: S (4 rt) is the slave, and no second
clock phase is needed. At 3 rt two neighbours may see the line 1 rt apart, in either order; so a line that
is refreshed by repeaters serves a chain of any length, and the clock may run with or against the data.

Units: rt = redstone tick = 2 gt. x east, y up, z south.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from craftc.blocks import Volume
from craftc.blocks.transform import transformed
from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError, PlacementError
from craftc.macros.base import Macro, Pos, Sketch

OPEN_MIN_RT, OPEN_RT, OPEN_MAX_RT = 2, 3, 4
PERIOD_MIN_RT = 8
Q_AFTER_NCK_RT = 6
LINE_CELLS = 12  # dust cells in a row before a wire is refreshed (a level lasts 15)
_REPEATER = {(1, 0): CHARS["e"], (-1, 0): CHARS["w"], (0, 1): CHARS["u"], (0, -1): CHARS["n"]}
DUST = CHARS["+"]


def sr_stage() -> Macro:
    """Return one bit: ports d (in), nck (in), q (out); probe q is the slave repeater."""
    cell = load_cell("sr_stage")
    ports = dict(cell.ports)
    return Macro("sr_stage", cell.drawing.volume.copy(), ports, {"q": ports["q"].pos})


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def unit_path(corners: Sequence[Pos]) -> list[Pos]:
    """Return all cells of a polyline: flat legs along one axis, or stairs (one up or down per cell).

    Raises PlacementError on any other leg.
    """
    cells = [corners[0]]
    for end in corners[1:]:
        start = cells[-1]
        delta = tuple(b - a for a, b in zip(start, end, strict=True))
        length = max(abs(delta[0]), abs(delta[2]))
        if (delta[0] and delta[2]) or not length or (delta[1] and abs(delta[1]) != length):
            raise PlacementError(f"no straight leg from {start} to {end}", legal="flat or stairs, one axis")
        for k in range(1, length + 1):
            cells.append((start[0] + k * _sign(delta[0]), start[1] + k * _sign(delta[1]),
                          start[2] + k * _sign(delta[2])))  # fmt: skip
    return cells


def wire(sketch: Sketch, corners: Sequence[Pos], taps: Iterable[Pos] = (), used: int = 1,
         limit: int = LINE_CELLS) -> int:  # fmt: skip
    """Lay dust along a polyline and return its delay in rt.

    Repeaters of 1 rt go in after at most `limit` cells of dust, on flat straight cells that are no taps;
    `used` cells of the first stretch lie before the path. Cells that are there already are kept.
    Raises PlacementError where a stretch would get longer than 15.
    """
    cells = unit_path(corners)
    keep, delay, run = set(taps), 0, used - 1
    for i, cell in enumerate(cells):
        run += 1
        inner = 0 < i < len(cells) - 1
        step = _straight(cells[i - 1 : i + 2]) if inner and cell not in keep else None
        after = _straight(cells[i : i + 3]) if step and i + 2 < len(cells) else None
        due = run > limit or (run > 2 and step is not None and after is None and run > limit - 4)
        if due and step is not None and run > 1:
            sketch.on_floor(cell, _REPEATER[step])
            delay, run = delay + 1, 0
        elif run > 15:
            raise PlacementError("no straight cell for a repeater", where=f"{sketch.name} at {cell}")
        elif cell not in sketch.cells:
            sketch.on_floor(cell, DUST)
    return delay


def _straight(cells: Sequence[Pos]) -> tuple[int, int] | None:
    """Return the (x, z) step of three cells in a flat straight row, or None."""
    a, b, c = cells
    step = (b[0] - a[0], b[2] - a[2])
    flat = a[1] == b[1] == c[1]
    return step if flat and step == (c[0] - b[0], c[2] - b[2]) else None


def _stage_volume(west: bool) -> Volume:
    """Return masters, slaves and locks of one stage without its piece of line."""
    volume = load_cell("sr_stage").drawing.volume.crop((0, 0, 0), (2, 2, 2))
    return transformed(volume, 2) if west else volume


def fold(sketch: Sketch, stages: int, z0: int) -> list[Pos]:
    """Place a chain of `stages` bits and its clock line; return the slaves, output end first.

    ::

        z0      in (-1) -> M S M S M S ... -.
        z0+2    nck (-1) ------------       |     the far end turns at x = 2k
        z0+4    c (-2) <- S M S M S M ... <-'

    The cells in (-1, 0, z0) and c (-2, 0, z0+4) are left to the caller; nck starts at (-1, 0, z0+2).
    Raises ConfigError below 2 stages.
    """
    if stages < 2:
        raise ConfigError(f"a folded chain of {stages} stages", legal="2 or more")
    out, back = (stages + 1) // 2, stages // 2
    east, west = _stage_volume(False), _stage_volume(True)
    for k in range(out):
        sketch.paste(east, (2 * k, -1, z0))
    for k in range(back):
        sketch.paste(west, (2 * k - 1, -1, z0 + 3))
    end = 2 * out
    turn = [(end, 0, z0), (end, 0, z0 + 4), (2 * back - 1, 0, z0 + 4)]
    wire(sketch, turn)
    _clock_line(sketch, -1, 2 * out - 2, z0 + 2)
    slaves = [(2 * k - 1, 0, z0 + 4) for k in range(back)]
    return slaves + [(2 * k + 1, 0, z0) for k in reversed(range(out))]


def _clock_line(sketch: Sketch, first: int, last: int, z: int) -> None:
    """Lay a clock line from x = first to last; refreshed on odd x, where no lock stands."""
    run = 4
    for x in range(first, last + 1):
        run += 1
        if x % 2 and x > 0 and run > LINE_CELLS:
            sketch.on_floor((x, 0, z), CHARS["e"])
            run = 0
        else:
            sketch.on_floor((x, 0, z), DUST)


def shift_register(stages: int) -> Macro:
    """Return a chain of `stages` >= 2 bits: ports d, nck (in), q (out), all on the west border.

    Probe q_k is the slave that shows, after s shifts, the bit that was at d at shift s-(stages-1-k);
    q_0 is the output. Timing as in circuits/sr_stage; q comes 1 rt later through the port's repeater.
    """
    sketch = Sketch("shift_register")
    slaves = fold(sketch, stages, 0)
    wire(sketch, [(-3, 0, 0), (-1, 0, 0)])
    wire(sketch, [(-3, 0, 2), (-2, 0, 2)])
    sketch.on_floor((-2, 0, 4), CHARS["w"])
    sketch.on_floor((-3, 0, 4), DUST)
    for name, z, way in (("d", 0, "in"), ("nck", 2, "in"), ("q", 4, "out")):
        sketch.port(name, (-3, 0, z), way, side="west", latency_rt=Q_AFTER_NCK_RT + 1 if z == 4 else 0)
    sketch.probes.update({f"q_{k}": pos for k, pos in enumerate(slaves)})
    return sketch.build()[0]
