"""Pass `place` of a matrix: the bank, its stacks of lanes, control, rails and registers in one volume.

Coordinates are those of macros/matrix_base.py, shifted so that the lowest corner is 0 (`Placed.low`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.blocks.transform import transformed
from craftc.hw.netlist import Machine
from craftc.macros import matrix_base, matrix_inputs, matrix_panel, matrix_rails, matrix_walls, octal_lane
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.octal_register import DIGITS
from craftc.macros.rails import STONE, comparator, spiral, straight_pattern, stream_line, wall_torch
from craftc.macros.rom_bank import RomBank, rom_bank, without_idle_chains
from craftc.passes.matrix.encode import control_digits
from craftc.passes.matrix.fold import Fold

FIRST_LEVEL = matrix_rails.FIRST_Y // 2  # bank level of the lowest lanes; below it run the rails
CHAIN_Z, TOWER_Z = octal_lane.LEVEL[2], octal_lane.LEVEL[2] - 2
SOUTH_OUT_RT, NORTH_OUT_RT, JOINT_OUT_RT = 21, 17, 7  # so that inputs of both rows meet the generator
Digits = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Placed:
    """A placed matrix. `machine` is in lane coordinates; all other positions are local to `volume`.

    results[i]   dust of the 8 digits of row i, lowest first;  inputs[j]: the same of register j
    abutments    pairs (from, to) of instances between which links are meant
    """

    machine: Machine
    volume: Volume
    low: Pos
    walls: tuple[RomBank, ...]
    results: list[tuple[Pos, ...]] = field(default_factory=list)
    inputs: list[tuple[Pos, ...]] = field(default_factory=list)
    ports: dict[str, Pos] = field(default_factory=dict)
    abutments: list[tuple[str, str]] = field(default_factory=list)


def _tower(height: int) -> Macro:
    """Return select blocks at every second height, with torches on their east side."""
    volume = Volume((2, height, 1))
    add = volume.palette.add
    column = volume.ids[:, 0, :]
    column[::2, 0] = add(STONE)
    column[:-1:2, 1] = add(wall_torch("east", False))
    column[1:-1:2, 1] = add(STONE)
    column[1:-1:2, 0] = add(wall_torch("west"))
    return Macro("tower", volume)


def _input_lines(sketch: Sketch) -> None:
    """Draw the lines from the output streams of both rows of registers to the generator."""
    y, z = matrix_inputs.SOUTH_Y, matrix_inputs.SOUTH_TAP_Z + matrix_inputs.OUT_Z
    first = matrix_inputs.SOUTH_X + matrix_inputs.PITCH
    stream_line(sketch, [(first, z), (-12, z)], y, straight_pattern(-11 - first, SOUTH_OUT_RT))
    stream_line(sketch, [(-11, z), (-11, 17)], y, "D" + straight_pattern(z - 17, JOINT_OUT_RT))
    spiral(sketch, (-11, y, 16), 3, 3, first=True, last=True)
    stream_line(sketch, [(-10, 16), (-7, 16)], 0, "CCCC")
    low, south = matrix_inputs.NORTH_Y, matrix_inputs.NORTH_TAP_Z + matrix_inputs.OUT_Z
    first = matrix_inputs.NORTH_X + matrix_inputs.PITCH
    stream_line(sketch, [(first, south), (-12, south)], low, straight_pattern(-11 - first, NORTH_OUT_RT))
    spiral(sketch, (-11, low, south), 1, 2, first=True, last=True)
    sketch.on_floor((-11, y, z + 1), comparator("north"))


@dataclass(frozen=True, slots=True)
class Seat:
    """Where the lane of a row stands: bank level, side (0 north, 1 south)."""

    level: int
    side: int

    @property
    def east(self) -> bool:
        """Whether it stands in an east stack."""
        return (self.level - FIRST_LEVEL) % 2 == 1


def seats(rows: int) -> list[Seat]:
    """Return the seats of `rows` rows: level by level, south before north."""
    return [Seat(FIRST_LEVEL + row // 2, 1 - row % 2) for row in range(rows)]


def wall_digits(digits: Digits, fold: Fold) -> tuple[Digits, Digits]:
    """Return (towers, levels, 2) of the north and the south wall for ROM digits (words, lanes).

    Lanes stand at their seats, control at the lowest levels of the south wall.
    """
    words, lanes = digits.shape
    places = seats(lanes)
    towers = -(-words // 2)
    table = np.zeros((2, 2 * towers, places[-1].level + 1), dtype=np.uint8)
    table[1, :words, : matrix_base.CONTROL_LEVELS] = control_digits(fold)
    for lane, seat in enumerate(places):
        table[seat.side, :words, seat.level] = digits[:, lane]
    pairs = np.zeros((2, towers, table.shape[2], 2), dtype=np.uint8)
    pairs[..., matrix_walls.INNER], pairs[..., matrix_walls.OUTER] = table[:, 0::2], table[:, 1::2]
    return pairs[0], pairs[1]


def place_matrix(digits: Digits, fold: Fold) -> Placed:
    """Return the machine for ROM digits (fold.words, fold.lanes)."""
    walls = tuple(_wall(table) for table in wall_digits(digits, fold))
    sketch = matrix_base.base()
    matrix_rails.distribution(sketch)
    _input_lines(sketch)
    matrix_panel.panel(sketch)
    control, corner = sketch.build()
    return _assemble(walls, control, corner, fold)


def _mirrored(macro: Macro) -> Macro:
    """Return a macro with z negated; its corner moves accordingly."""
    length = macro.volume.size[2]
    volume = transformed(macro.volume, 2, mirror_x=True)
    return Macro(macro.name, volume, {}, {n: (x, y, length - 1 - z) for n, (x, y, z) in macro.probes.items()})


def _lane_volume(east: bool, older: int) -> tuple[Macro, Pos]:
    """Return a plate, with the line that brings D to it if it stands in the east."""
    plate, corner = octal_lane.plate(older)
    if not east:
        return plate, corner
    sketch = Sketch("octal_plate_east")
    x, _, z = octal_lane.LEVEL
    pattern = straight_pattern(matrix_rails.EAST_X - 1, matrix_rails.EAST_RT) + "D"
    stream_line(sketch, [(x + 1, z), (x + matrix_rails.EAST_X, z)], 0, pattern)
    line, low = sketch.build()
    at = (corner[0] + matrix_rails.EAST_X, corner[1], corner[2])
    left, north = min(at[0], low[0]), min(at[2], low[2])
    size = (at[0] + plate.volume.size[0] - left, plate.volume.size[1], at[2] + plate.volume.size[2] - north)
    volume = Volume(size)
    shift = (at[0] - left, 0, at[2] - north)
    volume.paste(plate.volume, shift)
    volume.paste(line.volume, (low[0] - left, low[1] - at[1], low[2] - north))
    probes = {n: (p[0] + shift[0], p[1], p[2] + shift[2]) for n, p in plate.probes.items()}
    return Macro(sketch.name, volume, {}, probes), (left, corner[1], north)


def _assemble(walls: tuple[RomBank, ...], control: Macro, corner: Pos, fold: Fold) -> Placed:
    machine = Machine()
    machine.add("base", control, corner)
    abutments = [("entry.1", "base")]
    for side, wall in enumerate(walls):
        abutments += _place_wall(machine, side, wall, fold)
    abutments += _place_inputs(machine, fold.registers)
    abutments += _place_lanes(machine, fold)
    low, high = machine.extent()
    volume = machine.volume(low, high)
    volume.origin = (0, 0, 0)
    placed = Placed(machine, volume, low, walls, abutments=abutments)
    for row in range(fold.rows):
        held = fold.passes - 1 - row // fold.lanes
        placed.results.append(_digits(machine, f"lane.{row % fold.lanes}", low, held))
    placed.inputs += [_digits(machine, f"input.{index}", low) for index in range(fold.registers)]
    for name, pos in sorted(control.probes.items()):
        placed.ports[name] = _minus(machine.instances["base"].world(pos), low)
    placed.ports["done"] = _minus(machine.instances["done"].at, low)
    return placed


def _digits(machine: Machine, name: str, low: Pos, register: int = 0) -> tuple[Pos, ...]:
    """Return where a register of an instance holds its digits, lowest first, counted from `low`."""
    instance = machine.instances[name]
    places = (instance.macro.probes[octal_lane.probe(register, k)] for k in range(DIGITS))
    return tuple(_minus(instance.world(place), low) for place in places)


def _minus(a: Pos, b: Pos) -> Pos:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _wall(digits: Digits) -> RomBank:
    bank = rom_bank(digits, matrix_walls.TOWER_PERIOD_RT)
    without_idle_chains(bank, digits)
    return bank


def _place_wall(machine: Machine, side: int, wall: RomBank, fold: Fold) -> list[tuple[str, str]]:
    """Add a wall and its lines to the lanes; return what touches."""
    levels = {seat.level for seat in seats(fold.lanes) if seat.side == side}
    levels |= set(range(matrix_base.CONTROL_LEVELS)) if side else set()
    name, lines = f"wall.{side}", f"entry.{side}"
    touching = [("base", name), (name, lines)]
    inner = wall.ports["d0s"].pos
    if side:
        macro, z = _mirrored(wall), matrix_walls.SOUTH_Z - 2
    else:
        macro, z = wall, matrix_walls.NORTH_Z + 2 - inner[2]
    machine.add(name, macro, (matrix_walls.WALL_X - inner[0], -3, z))
    if levels:
        part, corner = matrix_walls.entry(levels)
        if not side:
            z = matrix_rails.mirrored_z(corner[2] + part.volume.size[2] - 1)
            part, corner = _mirrored(part), (corner[0], corner[1], z)
        machine.add(lines, part, corner)
    return touching


def _place_inputs(machine: Machine, count: int) -> list[tuple[str, str]]:
    """Add the input registers, every second one under the north wall; return what touches."""
    rows = (
        (matrix_inputs.SOUTH_X, matrix_inputs.SOUTH_Y, matrix_inputs.SOUTH_TAP_Z),
        (matrix_inputs.NORTH_X, matrix_inputs.NORTH_Y, matrix_inputs.NORTH_TAP_Z),
    )
    touching = []
    for north, (x, y, z) in enumerate(rows):
        register, corner = matrix_inputs.input_register(bool(north))
        for number, index in enumerate(range(north, count, 2)):
            at = (x - matrix_inputs.PITCH * number + corner[0], y + corner[1], z + corner[2])
            name, before = f"input.{index}", f"input.{index - 2}" if number else "base"
            machine.add(name, register, at)
            touching += [(f"wall.{1 - north}", name), (before, name), (name, before)]
    return touching


def _place_lanes(machine: Machine, fold: Fold) -> list[tuple[str, str]]:
    """Add all plates, and the towers of every stack up to its highest plate; return what touches."""
    macros: dict[tuple[bool, int], tuple[Macro, Pos]] = {}
    for east in (False, True):
        plate, corner = _lane_volume(east, fold.passes - 1)
        macros[east, 1] = (plate, corner)
        north_z = 2 * TOWER_Z - (corner[2] + plate.volume.size[2] - 1)
        macros[east, 0] = (_mirrored(plate), (corner[0], corner[1], north_z))
    tops: dict[tuple[bool, int], tuple[int, str]] = {}
    touching: list[tuple[str, str]] = []
    for lane, seat in enumerate(seats(fold.lanes)):
        macro, corner = macros[seat.east, seat.side]
        stack, name = (seat.east, seat.side), f"lane.{lane}"
        machine.add(name, macro, (corner[0], corner[1] + 2 * seat.level, corner[2]))
        below = tops[stack][1] if stack in tops else "base"
        touching += [(f"entry.{seat.side}", name), (below, name)]
        touching += [(f"{kind}.{_stack_name(*stack)}", name) for kind in _TOWERS]
        tops[stack] = (2 * seat.level, name)
    for stack, (top, _) in sorted(tops.items()):
        touching += _place_towers(machine, stack, top)
    return touching


def _stack_name(east: bool, side: int) -> str:
    return ("n", "s")[side] + ("w", "e")[east]


def _place_towers(machine: Machine, stack: tuple[bool, int], top: int) -> list[tuple[str, str]]:
    """Add the towers of one stack, and on the hold tower of the first its lamp; return what touches."""
    east, side = stack
    touching: list[tuple[str, str]] = []
    for kind, (x, z) in _TOWERS.items():
        low_y = matrix_rails.LOW_Y if kind == "mask" or (side == 1 and not east) else matrix_rails.HIGH_Y
        name = f"{kind}.{_stack_name(east, side)}"
        at = (x + matrix_rails.EAST_X * east, low_y, z if side else matrix_rails.mirrored_z(z))
        machine.add(name, _tower(top - low_y + 1), at)
        touching.append(("base", name))
        if kind == "hold" and "done" not in machine.instances:
            lamp = Volume((1, 1, 1))
            lamp.set((0, 0, 0), "minecraft:redstone_lamp[lit=false]")
            machine.add("done", Macro("done", lamp), (at[0] - 1, top, at[2]))
            touching.append((name, "done"))
    return touching


_TOWERS = {"mask": octal_lane.MASK_TOWER, "hold": octal_lane.HOLD_TOWER, "shift": octal_lane.SHIFT_TOWER}

__all__ = ["Placed", "place_matrix"]
