"""Input panel: a floor of levers and lamps over two shift registers that a load fills.

The player stands south of it and looks north; pixel 0 is the far left one (north-west), the order is
row by row. Pitch 4 x 4 blocks; the lever stands on y = 2 of the drawing, its lamp is the next block east.
Every row is a chain flowing west, the value that leaves first at the west end; a wire under the floor
brings the west end of a row to the east end of the row before::

    x  <- [0] [1] [2] ... [c-1] <------.
       .-> under the floor, east ------'
       '- [c] [c+1] ... [2c-1]  <- ...

The first ceil(n/2) inputs are the north half, the others the south half, which starts a new row. Each half
is followed by constant stages that load 1 (bias words). Rows are mirrored in turn, so two rows share a
load line or a clock line (z)::

    -2 load   0 row 0   2 nck   4 row 1   6 load   8 row 2   10 nck   12 row 3   14 load ...

Use: with load on, one clock pulse copies all levers; then x shows input 0 of the half. With load off,
every pulse advances to the next input. Load must be on from LOAD_LEAD_RT before ck rises to LOAD_HOLD_RT
after it falls; a load that lasts for several pulses loads several times. The picture is held by the
register, so the levers may be changed while the machine computes. What follows the last stage is 0.

Units: rt = redstone tick = 2 gt.
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.blocks import BlockState, Volume
from craftc.blocks.transform import transformed
from craftc.cells.drawing import CHARS
from craftc.cells.library import load_cell
from craftc.errors import ConfigError
from craftc.macros.base import Macro, Sketch
from craftc.macros.shift_register import DUST, wire

PITCH = 4
COLUMNS_MAX = 20  # the wire back to the row before must arrive within a word period of 12 rt
PULSE_RT = 3
PERIOD_MIN_RT = 10
LOAD_LEAD_RT, LOAD_HOLD_RT = 4, 3
X_AFTER_CK_RT = 9  # of a head beside the clock feed; each repeater of the trunk adds 1
LOAD_X, NCK_X, WEST_X = -6, -8, -13
LEVER = BlockState.parse("lever[face=floor,facing=north,powered=false]")
LAMP = BlockState.parse("redstone_lamp[lit=false]")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: first input, number of pixels and of constant stages, the half ("n" or "s") that starts
    here ("" for the others), and whether the half ends here."""

    first: int
    pixels: int
    constants: int
    head: str
    tail: bool

    @property
    def stages(self) -> int:
        return self.pixels + self.constants


def scan_order(n: int) -> tuple[list[int], list[int]]:
    """Return which input is presented by the north and by the south half, in order of the words."""
    first = (n + 1) // 2
    return list(range(first)), list(range(first, n))


def _rows(n: int, constants: tuple[int, int], columns: int) -> list[_Row]:
    rows: list[_Row] = []
    for order, extra, half in zip(scan_order(n), constants, "ns", strict=True):
        for start in range(0, len(order), columns):
            count = min(columns, len(order) - start)
            last = start + count == len(order)
            rows.append(_Row(order[start], count, extra if last else 0, "" if start else half, last))
    return rows


def _stage(name: str, mirror: bool) -> Volume:
    """Return a stage without its lines (rows z = -1..1 of the drawing and the caps over the load line)."""
    volume = load_cell(name).drawing.volume.copy()
    volume.ids[:2, (0, 4)] = 0
    return transformed(volume, 2, mirror_x=True) if mirror else volume


def _place_row(sketch: Sketch, row: _Row, number: int) -> None:
    """Place the stages of one row with levers, lamps and probes."""
    z, mirror = PITCH * number, number % 2 == 1
    pixel, constant = _stage("panel_pixel", mirror), _stage("panel_const", mirror)
    for k in range(row.stages):
        x = PITCH * k
        sketch.paste(pixel if k < row.pixels else constant, (x, -1, z - 2))
        if k < row.pixels:
            i = row.first + k
            sketch.put((x + 1, 2, z), LEVER)
            sketch.put((x + 2, 1, z), LAMP)
            sketch.probes[f"lever_{i}"] = (x + 1, 2, z)
            sketch.probes[f"lamp_{i}"] = (x + 2, 1, z)
            sketch.probes[f"pix_{i}"] = (x, 0, z)
    if row.tail:  # nothing flows into the last stage: it needs no gate
        for pos in ((x + 3, 0, z), (x + 3, 0, z + (1 if mirror else -1))):
            del sketch.cells[pos]


def _line(sketch: Sketch, z: int, stages: int) -> None:
    """Lay a load or clock line from its stub eastward, refreshed on the slaves' columns."""
    sketch.on_floor((-2, 0, z), CHARS["e"])
    run = 0
    for x in range(-1, PITCH * stages):
        run += 1
        if x % PITCH == 0 and run > 9:
            sketch.on_floor((x, 0, z), CHARS["e"])
            run = 0
        else:
            sketch.on_floor((x, 0, z), DUST)


def _stub(sketch: Sketch, trunk_x: int, z: int) -> None:
    """Lead a trunk's signal up to the start of a line."""
    wire(sketch, [(trunk_x + 1, -1, z), (trunk_x + 2, 0, z), (-3, 0, z)])


def _lines(sketch: Sketch, rows: list[_Row]) -> dict[int, list[int]]:
    """Lay all lines; return the z of the lines per trunk."""
    found: dict[int, list[int]] = {LOAD_X: [], NCK_X: []}
    for k in range(len(rows) + 1):
        z = PITCH * k - 2
        trunk = NCK_X if k % 2 else LOAD_X
        if k == len(rows) and trunk == (NCK_X if len(rows) % 2 == 0 else LOAD_X):
            continue
        beside = rows[max(k - 1, 0) : k + 1]
        _line(sketch, z, max(r.stages for r in beside))
        _stub(sketch, trunk, z)
        found[trunk].append(z)
    return found


def _carriage_return(sketch: Sketch, number: int, east_stages: int) -> None:
    """Wire the west end of row `number` to the east end of the row before, under the line between."""
    z, east = PITCH * number, PITCH * east_stages
    wire(sketch, [(-1, 0, z), (-3, -2, z), (-3, -2, z - 2), (east + 2, -2, z - 2),
                  (east + 2, -2, z - 4), (east, 0, z - 4)])  # fmt: skip


def _trunk(sketch: Sketch, x: int, z: int, stubs: list[int]) -> None:
    """Lay a trunk at y = -2 from z both ways to its outermost stubs."""
    cells = [(x, -2, s) for s in stubs]
    for end in (min(stubs), max(stubs)):
        if end != z:
            step = 1 if end > z else -1
            wire(sketch, [(x, -2, z + step), (x, -2, end)], cells, used=5, limit=7)


def _feeds(sketch: Sketch, found: dict[int, list[int]], z: int) -> None:
    """Place the ports load and ck at z and z+2, the clock inverter, and the trunks."""
    wire(sketch, [(WEST_X, 0, z), (LOAD_X - 2, 0, z), (LOAD_X, -2, z)])
    sketch.port("load", (WEST_X, 0, z), "in", side="west")
    _trunk(sketch, LOAD_X, z, found[LOAD_X])
    ck = z + 2
    sketch.on_floor((WEST_X, 0, ck), DUST)
    sketch.put((WEST_X + 1, 0, ck), CHARS["#"])
    sketch.on_floor((WEST_X + 2, 0, ck), CHARS["Q"])
    wire(sketch, [(WEST_X + 3, 0, ck), (NCK_X, -2, ck)])
    sketch.port("ck", (WEST_X, 0, ck), "in", side="west")
    _trunk(sketch, NCK_X, ck, found[NCK_X])


def panel(n: int, constants_north: int = 0, constants_south: int = 0, columns: int = 8) -> Macro:
    """Return a panel of n >= 4 inputs.

    Ports (west border): load, ck in; x_n, x_s out. Probes: lever_i, lamp_i, and pix_i, the repeater that
    is powered when the stage of input i holds 1.
    Raises ConfigError on fewer inputs, negative constants or columns outside 2..COLUMNS_MAX.
    """
    if n < 4 or min(constants_north, constants_south) < 0 or not 2 <= columns <= COLUMNS_MAX:
        raise ConfigError(
            f"a panel of {n} inputs, {columns} columns, {constants_north} and {constants_south} constants",
            legal=f"at least 4 inputs, 2..{COLUMNS_MAX} columns, constants at least 0",
        )
    sketch = Sketch("panel")
    rows = _rows(n, (constants_north, constants_south), columns)
    for number, row in enumerate(rows):
        _place_row(sketch, row, number)
        if not row.head:
            _carriage_return(sketch, number, rows[number - 1].stages)
    found = _lines(sketch, rows)
    center = next(number for number, row in enumerate(rows) if row.head == "s")
    feed = PITCH * (center // 2 if center > 1 else center + 1)
    _feeds(sketch, found, feed)
    for number, row in enumerate(rows):
        if row.head:
            _output(sketch, row.head, number, feed + 2)
    return sketch.build()[0]


def _output(sketch: Sketch, half: str, number: int, ck: int) -> None:
    """Wire the head of row `number` to its port; call when the trunk of the clock, fed at z = ck, is laid."""
    z = PITCH * number
    line_z = z + (2 if number % 2 == 0 else -2)
    steps = range(min(ck, line_z), max(ck, line_z) + 1)
    passed = sum(sketch.cells[(NCK_X, -2, k)][0].short == "repeater" for k in steps)
    latency = X_AFTER_CK_RT + passed
    wire(sketch, [(-1, 0, z), (-5, 0, z)])
    sketch.on_floor((-6, 0, z), CHARS["w"])
    wire(sketch, [(-7, 0, z), (WEST_X, 0, z)])
    sketch.port(f"x_{half}", (WEST_X, 0, z), "out", side="west", latency_rt=latency)
