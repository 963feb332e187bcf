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
from craftc.macros import matrix_base, matrix_inputs, matrix_panel, matrix_rails, octal_lane
from craftc.macros.base import Macro, Pos, Sketch
from craftc.macros.octal_register import DIGITS
from craftc.macros.octal_ring import PERIOD_RT
from craftc.macros.rails import STONE, spiral, straight_pattern, stream_line, wall_torch
from craftc.macros.rom_bank import RomBank, rom_bank
from craftc.passes.matrix.encode import LEAD_WORDS, WORDS, control_digits

FIRST_LEVEL = matrix_rails.FIRST_Y // 2  # bank level of the lowest lanes; below it run the rails
CHAIN_Z, TOWER_Z = octal_lane.LEVEL[2], octal_lane.LEVEL[2] - 2
INPUT_Y = -4
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
    bank: RomBank
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


def _input_line(sketch: Sketch, pattern: str) -> None:
    """Draw the line from the output stream of the registers to the generator."""
    out_z = TOWER_Z + matrix_inputs.OUT_Z
    stream_line(sketch, [(-11, out_z), (-11, 17)], INPUT_Y, pattern)
    spiral(sketch, (-11, INPUT_Y, 16), 3, 2, first=True, last=True)
    stream_line(sketch, [(-10, 16), (-7, 16)], 0, "CCCC")


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


def bank_digits(digits: Digits, inputs: int) -> Digits:
    """Return (words, levels, 2) for ROM digits (words, rows): lanes at their seats, control below.

    The north side runs one word later (macros/matrix_rails.py).
    """
    words, rows = digits.shape
    places = seats(rows)
    table = np.zeros((words, places[-1].level + 1, 2), dtype=np.uint8)
    table[:, : matrix_base.CONTROL_LEVELS, 1] = control_digits(inputs)
    for row, seat in enumerate(places):
        late = 1 - seat.side
        table[late:, seat.level, seat.side] = digits[: words - late, row]
    return table


def place_matrix(digits: Digits, inputs: int, pattern: str = "DCCCCCCCCCCCCCDCCCC") -> Placed:
    """Return the machine for ROM digits (words, rows)."""
    bank = rom_bank(bank_digits(digits, inputs), PERIOD_RT)
    sketch = matrix_base.base()
    matrix_rails.distribution(sketch)
    _input_line(sketch, pattern)
    matrix_panel.panel(sketch)
    control, corner = sketch.build()
    return _assemble(bank, control, corner, inputs, digits.shape[1])


def _mirrored(macro: Macro) -> Macro:
    """Return a macro with z negated; its corner moves accordingly."""
    length = macro.volume.size[2]
    volume = transformed(macro.volume, 2, mirror_x=True)
    return Macro(macro.name, volume, {}, {n: (x, y, length - 1 - z) for n, (x, y, z) in macro.probes.items()})


def _lane_volume(east: bool) -> tuple[Macro, Pos]:
    """Return a plate, with the line that brings D to it if it stands in the east."""
    plate, corner = octal_lane.plate()
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


def _assemble(bank: RomBank, control: Macro, corner: Pos, inputs: int, rows: int) -> Placed:
    level = bank.ports["d0s"].pos
    machine = Machine()
    machine.add("bank", bank, (octal_lane.LEVEL[0] - level[0], -3, CHAIN_Z - level[2]))
    machine.add("base", control, corner)
    abutments = [("bank", "base"), ("base", "bank")]
    abutments += _place_inputs(machine, inputs)
    abutments += _place_lanes(machine, rows)
    low, high = machine.extent()
    volume = machine.volume(low, high)
    volume.origin = (0, 0, 0)
    placed = Placed(machine, volume, low, bank, abutments=abutments)
    for kind, count, into in (("lane", rows, placed.results), ("input", inputs, placed.inputs)):
        for index in range(count):
            instance = machine.instances[f"{kind}.{index}"]
            into.append(
                tuple(_minus(instance.world(instance.macro.probes[f"d{k}"]), low) for k in range(DIGITS))
            )
    for name, pos in sorted(control.probes.items()):
        placed.ports[name] = _minus(machine.instances["base"].world(pos), low)
    placed.ports["done"] = _minus(machine.instances["done"].at, low)
    return placed


def _minus(a: Pos, b: Pos) -> Pos:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _place_inputs(machine: Machine, inputs: int) -> list[tuple[str, str]]:
    """Add the input registers; return what touches."""
    register, corner = matrix_inputs.input_register()
    tower_x = octal_lane.LEVEL[0] - 1 - 3 * (LEAD_WORDS - 1)
    touching = [("base", "input.0"), ("input.0", "base")]
    for index in range(inputs):
        x = tower_x - matrix_inputs.PITCH * index + corner[0]
        machine.add(f"input.{index}", register, (x, INPUT_Y + corner[1], TOWER_Z + corner[2]))
        touching.append(("bank", f"input.{index}"))
        if index:
            pair = (f"input.{index - 1}", f"input.{index}")
            touching += [pair, (pair[1], pair[0])]
    return touching


def _place_lanes(machine: Machine, rows: int) -> list[tuple[str, str]]:
    """Add all plates, and the towers of every stack up to its highest plate; return what touches."""
    macros: dict[tuple[bool, int], tuple[Macro, Pos]] = {}
    for east in (False, True):
        plate, corner = _lane_volume(east)
        macros[east, 1] = (plate, corner)
        north_z = 2 * TOWER_Z - (corner[2] + plate.volume.size[2] - 1)
        macros[east, 0] = (_mirrored(plate), (corner[0], corner[1], north_z))
    tops: dict[tuple[bool, int], tuple[int, str]] = {}
    touching: list[tuple[str, str]] = []
    for row, seat in enumerate(seats(rows)):
        macro, corner = macros[seat.east, seat.side]
        stack, name = (seat.east, seat.side), f"lane.{row}"
        machine.add(name, macro, (corner[0], corner[1] + 2 * seat.level, corner[2]))
        below = tops[stack][1] if stack in tops else "base"
        touching += [("bank", name), (below, name)]
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

__all__ = ["LEAD_WORDS", "WORDS", "Placed", "place_matrix"]
