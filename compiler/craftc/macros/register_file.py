"""Register file: the hidden activations of one layer, 4 bits each, as eight folded shift registers.

    south half       .-> chain 0 -> chain 1 -> chain 2 -> chain 3 -> x_s, back   (scan)
                          ^ data0    ^ data1    ^ data2    ^ data3               (load)
    north half       .-> chain 0 -> chain 1 -> chain 2 -> chain 3 -> x_n, back   (scan)
                          ^ from south chain 0 ...          ^ from south chain 3 (load)

Chain b holds bit b of every value of its half, the value that is scanned first at its output.

Load (loadmode on): each shift pushes data3..0 into the south chains and their outputs into the north
chains. After `pushes(n)` shifts the north half holds h_0 .. h_(c-1) and the south half h_c .. h_(n-1),
c = ceil(n/2): `scan_order`.

Scan (loadmode off): the chains of a half form one line, chain 3 first. So c shifts present bit 3 of the
half's values in order, the next c shifts bit 2, and so on: bit planes, the highest first, without any
selection; chain 3 also returns to chain 0, so after 4c shifts all is as loaded. The plane lines pl3..pl0
only let the clock through; between the planes (doubling, bias words) all are off, the clock has no effect
and the presented bit stays. The bit presented first stands at the output before the first shift.

Seen from above, with the ports on the west border (x grows along the chains, c/2 stages long)::

    data0..3    south half: chain 0, 1, 2, 3   (array row y = 3; trunks along z at y = 1)
    force_s, x_s
    ck, pl0..3, loadmode
    x_n, force_n
                north half: chain 3, 2, 1, 0   (mirror image)

Units: rt = redstone tick = 2 gt.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.blocks import Volume
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Port, Pos, Sketch
from craftc.macros.shift_register import DUST, fold, wire

BITS = 4
PITCH = 9  # z from chain to chain
NCK_X, LOAD_X, RING_X, HEAD_X, WEST_X = -7, -9, -11, -13, -24  # trunks along z, and the west border
X_ROW = 3 * PITCH + 9  # z of the x line in a half
CENTER = X_ROW + 12  # z of the axis between the halves
PULSE_RT = 3
PERIOD_MIN_RT = 11
X_AFTER_CK_RT = 14


def scan_order(n: int) -> tuple[list[int], list[int]]:
    """Return which value is presented by the north and by the south half, in order of the words."""
    first = (n + 1) // 2
    return list(range(first)), list(range(first, n))


def pushes(n: int) -> int:
    """Return the number of shifts of a load: n, and one more of any data if n is odd (it is pushed last
    and is presented by the south half after its last value)."""
    return 2 * ((n + 1) // 2)


def _trunk(sketch: Sketch, x: int, first: int, stubs: list[int], used: int) -> None:
    """Lay a trunk at y = -2 from the center back to z = first, with stubs free of repeaters."""
    path = [(x, -2, CENTER - 4), (x, -2, first)]
    wire(sketch, path, [(x, -2, z) for z in stubs], used=used)


def _ring(sketch: Sketch, chain: int, stages: int, last: bool) -> list[Pos]:
    """Place one chain with its entrance; return its slaves, output end first."""
    z = PITCH * chain
    slaves = fold(sketch, stages, z + 2)
    entrance = load_cell("rf_load").drawing
    sketch.paste(entrance.volume, (entrance.corner[0], entrance.corner[1], entrance.corner[2] + z))
    sketch.on_floor((-2, 0, z + 6), DUST)
    if last:
        sketch.on_floor((-2, 0, z + 7), CHARS["u"])
        wire(sketch, [(-2, 0, z + 8), (-2, 0, X_ROW), (RING_X - 1, 0, X_ROW)], used=1, limit=15)
    else:
        wire(sketch, [(-2, 0, z + 6), (-2, 0, z + PITCH - 1)])
    wire(sketch, [(-2, -1, z + 4), (-3, -2, z + 4), (-5, -2, z + 4)])
    sketch.on_floor((-6, -2, z + 4), CHARS["e"])
    for row in (z - 1, z + 4):
        wire(sketch, [(LOAD_X + 1, -1, row), (LOAD_X + 2, 0, row)])
    return slaves


def _half(stages: int, heads: bool) -> tuple[Macro, Pos]:
    """Return four chains of one half with its trunks, south half (chain 3 at the largest z)."""
    sketch = Sketch("register_half")
    for chain in range(BITS):
        z = PITCH * chain
        slaves = _ring(sketch, chain, stages, chain == BITS - 1)
        sketch.probes.update({f"s_{k}_{chain}": pos for k, pos in enumerate(slaves)})
        sketch.probes[f"data{chain}"] = (-6, 0, z + 2)
        if heads:
            sketch.on_floor((-3, 0, z + 6), CHARS["w"])
            sketch.on_floor((-4, 0, z + 6), DUST)
    wire(
        sketch,
        [
            (RING_X, -1, X_ROW - 1),
            (RING_X, -2, X_ROW - 2),
            (RING_X, -2, -3),
            (RING_X + 2, 0, -3),
            (-2, 0, -3),
            (-2, 0, -1),
        ],
        used=12,
    )  # from the output back to chain 0
    starts = [PITCH * c for c in range(BITS)]
    _trunk(sketch, NCK_X, 4, [z + 4 for z in starts], used=10)
    _trunk(sketch, LOAD_X, -1, [z + d for z in starts for d in (-1, 4)], used=5)
    return sketch.build()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A half in the whole: volume, its corner, and probes in common coordinates."""

    volume: Volume
    corner: Pos
    probes: dict[str, Pos]


def _placed(stages: int, north: bool) -> _Placed:
    macro, corner = _half(stages, heads=not north)
    volume, size = macro.volume, macro.volume.size
    if north:  # mirror z about CENTER
        volume = transformed(volume, 2, mirror_x=True)
        corner = (corner[0], corner[1], 2 * CENTER - corner[2] - size[2] + 1)
    probes = {}
    for name, pos in macro.probes.items():
        at = transform_point(pos, size, 2, mirror_x=True) if north else pos
        probes[name] = (at[0] + corner[0], at[1] + corner[1], at[2] + corner[2])
    return _Placed(volume, corner, probes)


def _center(sketch: Sketch) -> None:
    """Place the clock gate and the feeds of both halves' trunks."""
    gate = load_cell("rf_clock")
    drawing = gate.drawing
    sketch.paste(drawing.volume, (WEST_X, drawing.corner[1], CENTER))
    for name, port in gate.ports.items():
        if port.direction == "in":
            sketch.port(name, (WEST_X + port.pos[0], 0, CENTER + port.pos[2]), "in", side="west")
    nck = (NCK_X, 0, CENTER)
    wire(sketch, [(WEST_X + 10, 0, CENTER), nck])
    load = (LOAD_X, -2, CENTER + 10)
    wire(sketch, [(WEST_X + 2, 0, CENTER + 10), (LOAD_X - 2, 0, CENTER + 10), load], used=2)
    for way in (-1, 1):
        down = [(NCK_X, -1, CENTER + way), (NCK_X, -2, CENTER + 2 * way)]
        wire(sketch, [*down, (NCK_X, -2, CENTER + 3 * way)])
    shared = [(LOAD_X, -2, CENTER + d) for d in range(4, 11)]  # the north half's trunk runs here too
    wire(sketch, [load, (LOAD_X, -2, CENTER - 3)], shared, used=5, limit=11)


def _x_line(sketch: Sketch, side: str, way: int) -> None:
    """Place x and force of one half; `way` is -1 for the south half (which lies at smaller z)."""
    z = CENTER + 12 * way
    sketch.on_floor((RING_X - 2, 0, z), CHARS["w"])
    wire(sketch, [(RING_X - 3, 0, z), (WEST_X + 2, 0, z)])
    sketch.on_floor((WEST_X + 1, 0, z), CHARS["w"])
    sketch.on_floor((WEST_X, 0, z), DUST)
    sketch.on_floor((WEST_X, 0, z + way), CHARS["u" if way < 0 else "n"])
    sketch.on_floor((WEST_X, 0, z + 2 * way), DUST)
    sketch.port(f"x_{side}", (WEST_X, 0, z), "out", side="west", latency_rt=X_AFTER_CK_RT)
    sketch.port(f"force_{side}", (WEST_X, 0, z + 2 * way), "in", side="west")


def _load_lines(sketch: Sketch, south: _Placed, north: _Placed) -> None:
    """Wire data ports to the south chains and their outputs to the north chains."""
    for chain in range(BITS):
        x, z = HEAD_X - 2 * chain, PITCH * chain + 6
        data = south.probes[f"data{chain}"]
        wire(sketch, [(WEST_X, 0, data[2]), (data[0] - 1, 0, data[2])])
        sketch.port(f"data{chain}", (WEST_X, 0, data[2]), "in", side="west")
        into = north.probes[f"data{chain}"]
        wire(sketch, [(-5, 0, z), (x + 2, 0, z), (x, -2, z), (x, -2, into[2]), (x + 2, 0, into[2]),
                      (into[0] - 1, 0, into[2])], used=2)  # fmt: skip


def register_file(n: int) -> Macro:
    """Return a register file for n >= 3 values of 4 bits.

    Ports (west border): data0..3, loadmode, ck, pl0..3, force_n, force_s in; x_n, x_s out.
    Probes h_i_b: the repeater that is powered when bit b of h_i is 1, after a load.
    Raises ConfigError on a smaller n.
    """
    if n < 3:
        raise ConfigError(f"a register file of {n} values", legal="3 or more")
    stages = (n + 1) // 2
    south, north = _placed(stages, False), _placed(stages, True)
    sketch = Sketch("register_file")
    _center(sketch)
    _x_line(sketch, "s", -1)
    _x_line(sketch, "n", 1)
    _load_lines(sketch, south, north)
    return _join(n, sketch, south, north)


def _join(n: int, sketch: Sketch, south: _Placed, north: _Placed) -> Macro:
    """Return the halves and the wires of `sketch` in one volume."""
    wires, corner = sketch.build()
    parts = [(wires.volume, corner), (south.volume, south.corner), (north.volume, north.corner)]
    low = tuple(min(c[i] for _, c in parts) for i in range(3))
    high = tuple(max(c[i] + v.size[i] for v, c in parts) for i in range(3))
    volume = Volume((high[0] - low[0], high[1] - low[1], high[2] - low[2]))
    for part, at in parts:
        volume.paste(part, (at[0] - low[0], at[1] - low[1], at[2] - low[2]))
    shift = (corner[0] - low[0], corner[1] - low[1], corner[2] - low[2])
    ports = {
        name: Port(name, (p.pos[0] + shift[0], p.pos[1] + shift[1], p.pos[2] + shift[2]),
                   p.direction, p.kind, p.side, p.latency_rt)
        for name, p in wires.ports.items()
    }  # fmt: skip
    probes = {}
    for half, order in zip((north, south), scan_order(n), strict=True):
        for k, i in enumerate(order):
            for bit in range(BITS):
                at = half.probes[f"s_{k}_{bit}"]
                probes[f"h_{i}_{bit}"] = (at[0] - low[0], at[1] - low[1], at[2] - low[2])
    return Macro("register_file", volume, ports, probes)
