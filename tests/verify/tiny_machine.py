"""A hand-made machine of a few blocks that computes a real 2-2-2 checkpoint, as a build on disk.

The model: h_j = x_j, logits = h, so the class is 1 exactly if x_1 and not x_0. Seen from above, x from -5,
characters as in craftc.cells.drawing, R run, T reset, L levers, O lamps (done; class 0; class 1)::

    z=0    ......#q+---O      latch of two torches: run sets Q (east column), reset clears it;
    z=1    ......|.|R|        the complement of Q goes west and round to z = 12
    z=2    .....T|.|.|
    z=3    ......|X#.|
    z=4    +-----+...u
    z=7    |......L..|
    z=8    u......|..|>O      class 0 = Q minus class 1
    z=9    |......u...|
    z=10   |..L--e>>--+eO     class 1 = (h.0.1 minus h.0.0) minus the complement
    z=11   |.......n
    z=13   +-------+
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

from craftc.blocks import Volume
from craftc.blocks.dust import compute_shapes
from craftc.cells.drawing import CHARS
from craftc.export.io_map import Expected, Input, IoMap, Output, Register
from craftc.export.schem import write_schem
from craftc.export.world import write_world
from craftc.hw.netlist import Machine
from craftc.macros.base import Pos, Sketch
from craftc.macros.shift_register import DUST
from craftc.model import Checkpoint
from craftc.model.checkpoint import make_layer
from craftc.sim import Board
from craftc.verify import Vectors
from craftc.verify.folder import write_room
from craftc.view.place_map import place_map

ORIGIN = (-40, -60, 21)
CUT, GATE = (-1, 0, 10), (2, 0, 10)  # dust behind lever 1; comparator that subtracts h.0.0
LEVERS, RUN, RESET = ((2, 0, 7), (-2, 0, 10)), (4, 0, 1), (0, 0, 2)
DONE, CLASSES = (7, 0, 0), ((7, 0, 8), (8, 0, 10))
LOW_BITS = ((2, 0, 9), (1, 0, 10))
_PARTS = {
    (1, 0): "#", (2, 0): "q", (3, 3): "#", (2, 3): "X", (5, 4): "u", (-5, 8): "u", (3, 11): "n",
    (2, 8): "|", (2, 9): "u", (1, 10): "e", (2, 10): ">", (3, 10): ">", (7, 10): "e", (6, 8): ">",
}  # fmt: skip
_LINES = (
    ((1, 1), (1, 4), (-5, 4), (-5, 13), (3, 13), (3, 12)),
    ((3, 2), (3, 0), (6, 0)),
    ((5, 0), (5, 8)),
    ((-1, 10), (0, 10)),
    ((4, 10), (6, 10), (6, 9)),
)
_BITS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
_LABELS = np.array([0, 1, 0, 0], dtype=np.int64)


def checkpoint() -> Checkpoint:
    """Return the model of the machine."""
    one, none = np.eye(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    return Checkpoint("tiny", (make_layer(one, none, [], 1, 0), make_layer(one, none, [], 4, None)))


def _registers() -> list[tuple[Pos, ...]]:
    """Return the four bits of h.0.0 and h.0.1; the upper three are repeaters that nothing feeds."""
    return [(low, *((20 + 2 * b, 0, 2 * j) for b in range(3))) for j, low in enumerate(LOW_BITS)]


def _sketch() -> Sketch:
    sketch = Sketch("tiny")
    rest = ",facing=north,powered=false]"
    states = {p: CHARS["#"].parse(f"lever[face=floor{rest}") for p in LEVERS}
    states |= {p: CHARS["#"].parse(f"stone_button[face=floor{rest}") for p in (RUN, RESET)}
    states |= {p: CHARS["#"].parse("redstone_lamp[lit=false]") for p in (DONE, *CLASSES)}
    states |= {(x, 0, z): CHARS[char] for (x, z), char in _PARTS.items()}
    states |= {p: CHARS["e"] for bits in _registers() for p in bits[1:]}
    for line in _LINES:
        for (x0, z0), (x1, z1) in pairwise(line):
            for x in range(min(x0, x1), max(x0, x1) + 1):
                for z in range(min(z0, z1), max(z0, z1) + 1):
                    states.setdefault((x, 0, z), DUST)
    for pos, state in states.items():
        sketch.on_floor(pos, state)
    return sketch


def build_blocks() -> tuple[Volume, Pos]:
    """Return the machine at rest in world coordinates, and the drawing coordinate of its corner."""
    macro, corner = _sketch().build()
    board = Board(compute_shapes(macro.volume))
    board.use(_sum(RESET, corner, -1))
    board.run_until_quiet(200)
    volume = board.write_back()
    volume.origin = ORIGIN
    return volume, corner


def _sum(a: Pos, b: Pos, sign: int = 1) -> Pos:
    return (a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2])


def world_pos(pos: Pos, corner: Pos) -> Pos:
    """Return the world coordinate of a drawing coordinate."""
    return _sum(_sum(pos, corner, -1), ORIGIN)


def interface(volume: Volume, corner: Pos) -> IoMap:
    """Return the machine's io map."""

    def at(pos: Pos) -> Pos:
        return world_pos(pos, corner)

    inputs = {f"lever_{i}": Input(at(p), "lever", "level") for i, p in enumerate(LEVERS)}
    buttons = {"run": RUN, "reset": RESET}
    inputs |= {name: Input(at(p), "stone_button", "pulse") for name, p in buttons.items()}
    outputs = {f"class_{j}": Output(at(p)) for j, p in enumerate(CLASSES)} | {"done": Output(at(DONE))}
    registers = {
        f"h.0.{j}": Register(0, j, tuple(at(p) for p in bits)) for j, bits in enumerate(_registers())
    }
    high = _sum(ORIGIN, volume.size)
    return IoMap(ORIGIN, high, inputs, outputs, Expected(1, 24, 24), registers)


def write_build(directory: Path, volume: Volume | None = None) -> Path:
    """Write a whole build; `volume` takes the place of the right blocks."""
    blocks, corner = build_blocks()
    io = interface(blocks, corner)
    blocks = blocks if volume is None else volume
    vectors = Vectors(_BITS, _LABELS, np.arange(4, dtype=np.int64))
    sha256 = write_room(directory, checkpoint(), io, vectors, place_map(Machine(), ()))
    write_world(blocks, directory, level_name="tiny", spawn=ORIGIN, spawn_yaw=180.0)
    write_schem(blocks, directory / "craftc" / "build.schem")
    report = {"model": {"name": "tiny", "sha256": sha256}}
    (directory / "craftc" / "report.json").write_text(json.dumps(report))
    return directory
