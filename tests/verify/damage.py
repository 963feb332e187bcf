"""Breaks a finished build in one place, to show that verification finds it.

Every function writes a whole damaged copy of the build in `good` to `bad` and returns where the first
difference must be found.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from craftc.blocks import Entity, Volume
from craftc.cells.drawing import constant
from craftc.export.io_map import load_io
from craftc.export.schem import write_schem
from craftc.export.world import write_world
from craftc.export.world_read import read_world
from craftc.model import Checkpoint, GoldenModel, load_checkpoint
from craftc.model.checkpoint import make_layer
from craftc.verify import Vectors, load_vectors
from craftc.view.place_map import load_place
from craftc.view.why import RomPlace, digit_corner

Pos = tuple[int, int, int]


@dataclass(frozen=True)
class RomFault:
    """A changed digit, and the first vector whose activation of that neuron changes."""

    layer: int
    neuron: int
    input: int
    digit: int
    vector: int
    position: Pos


def copy_room(good: Path, bad: Path) -> None:
    """Copy what lies in DIR/craftc."""
    shutil.copytree(good / "craftc", bad / "craftc")


def with_blocks(good: Path, bad: Path, change: Callable[[Volume], None]) -> None:
    """Write a copy of a build whose blocks were changed, in the world and in the schematic."""
    io = load_io(good / "craftc" / "io.json")
    volume = read_world(good, (io.low, io.high))
    change(volume)
    copy_room(good, bad)
    write_world(volume, bad, level_name="broken", spawn=io.low, spawn_yaw=0.0)
    write_schem(volume, bad / "craftc" / "build.schem")


def set_block(volume: Volume, position: Pos, state: Any, entity: Any = None) -> None:
    """Put a block at a world position."""
    x, y, z = (a - b for a, b in zip(position, volume.origin, strict=True))
    volume.set((x, y, z), state, entity)


def change_rom(good: Path, bad: Path) -> RomFault:
    """Change the constant of one weight of layer 0, one that decides an activation of some test vector."""
    fault = pick_digit(
        load_checkpoint(good / "craftc" / "model.pt"),
        load_place(good / "craftc" / "place.json"),
        load_vectors(good / "craftc" / "vectors.npz"),
    )
    with_blocks(good, bad, lambda v: put_digit(v, fault))
    return fault


def put_digit(volume: Volume, fault: RomFault) -> None:
    """Put another constant, and its level into the comparator that reads it."""
    x, y, z = (a - b for a, b in zip(fault.position, volume.origin, strict=True))
    level = 15 - fault.digit
    volume.set((x, y, z), *constant(level))
    reader = volume.get((x + 1, y, z)).with_props(powered="true")
    volume.set((x + 1, y, z), reader, Entity("comparator", level))


def pick_digit(checkpoint: Checkpoint, place: dict[str, Any], vectors: Vectors) -> RomFault:
    """Return a digit 1..14 and another one, 1..14, whose exchange shows in an activation of layer 0."""
    layer = checkpoint.layers[0]
    right = GoldenModel(checkpoint).run(vectors.bits).hidden[0]
    for neuron, i in np.argwhere((layer.weight_codes != 0) & (layer.weight_codes != -1)).tolist():
        codes = layer.weight_codes.copy()
        digit = 7 if codes[neuron, i] < 0 else 8  # the largest against the smallest weight
        codes[neuron, i] = digit - 16 * (digit > 7)
        other = make_layer(codes, layer.bias, layer.bias_constants, layer.input_bits, layer.shift)
        changed = Checkpoint("changed", (other, *checkpoint.layers[1:]))
        wrong = GoldenModel(changed).run(vectors.bits).hidden[0]
        differs = np.flatnonzero(wrong[:, neuron] != right[:, neuron])
        if differs.size:
            return RomFault(0, neuron, i, digit, int(differs[0]), _position(place, neuron, i))
    raise AssertionError("no weight of layer 0 matters to any vector")


def _position(place: dict[str, Any], neuron: int, index: int) -> Pos:
    row, rom = place["layers"][0], next(i["rom"] for i in place["instances"] if i["name"] == "engine0")
    side = int(index >= row["half"])
    passed, level = divmod(neuron, row["levels"])
    word = passed * row["words"] + index - side * row["half"]
    return digit_corner(rom, RomPlace(word, level, side, 0))


def cut_wire(good: Path, bad: Path, net: str) -> Pos:
    """Take away the first dust of a routed net."""
    nets = {n["name"]: n["cells"] for n in load_place(good / "craftc" / "place.json")["nets"]}
    x, y, z = nets[net][:3]
    with_blocks(good, bad, lambda v: set_block(v, (x, y, z), "air"))
    return (x, y, z)


def with_interface(good: Path, bad: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a copy of a build whose io.json was changed."""
    shutil.copytree(good, bad)
    path = bad / "craftc" / "io.json"
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def swap_bits(register: str, one: int = 0, two: int = 1) -> Callable[[dict[str, Any]], None]:
    """Return a change of io.json that exchanges two bits of a register."""

    def change(plain: dict[str, Any]) -> None:
        bits = plain["registers"][register]["bits"]
        bits[one], bits[two] = bits[two], bits[one]

    return change


def swap_lamps(one: int = 0, two: int = 1) -> Callable[[dict[str, Any]], None]:
    """Return a change of io.json that exchanges two class lamps."""

    def change(plain: dict[str, Any]) -> None:
        lamps = plain["outputs"]
        a, b = f"class_{one}", f"class_{two}"
        lamps[a], lamps[b] = lamps[b], lamps[a]

    return change
