"""Explains one block of a build: which macro, which cell of it, which IR node, which weight.

ROM constants are found by geometry (macros/rom_bank.py) and checked against the block that stands there and
the weight in model.pt, so an answer about a weight is never a guess:

    word  = words - 1 - (x - row x) // 3             (word 0 stands east; one word per 3 blocks)
    level = (y - row y - 2) // 2                     (one level per 2 blocks)
    side  = north where z < tower row, else south

and the other way round, x and z, in a turned row of a folded bank (macros/rom_rows.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from craftc.blocks import Volume
from craftc.errors import FormatError, MismatchError
from craftc.export.io_map import load_io
from craftc.export.world_read import read_world
from craftc.macros import lane
from craftc.macros.rom_bank import PITCH
from craftc.model import Checkpoint, bias_codes, load_checkpoint
from craftc.model.checkpoint import BIAS_STEP
from craftc.passes.parts import block_of, blocks_of, chunks, halves
from craftc.view.place_map import FILE, load_place

Pos = tuple[int, int, int]
Plain = dict[str, Any]
SIDES = ("north", "south")
_DIGIT_LEVELS = 2  # blocks of y below level 0 inside a bank's box: row 0 and 1 are the token line
_ROM_PARTS = {0: "maximum chain", 1: "digit", 2: "tower", 3: "digit", 4: "maximum chain"}
_DIGIT_PARTS = ("constant source", "comparator that reads the constant", "gate: 15 minus the constant")
_LANE_ROWS = (
    (6, "relay and digit decoder"),
    (18, "merge, doubling and octal adder"),
    (lane.V_HIGH, "link to the level below"),
)


def why(directory: Path, position: Pos) -> dict[str, str]:
    """Return what is known about the block at a world position, as (name: text) in reading order.

    Raises FormatError if the position lies outside the machine or a file is damaged, MismatchError if a ROM
    block is not the one that the weight asks for.
    """
    directory = Path(directory)
    io = load_io(directory / "craftc" / "io.json")
    if not all(lo <= p < h for lo, p, h in zip(io.low, position, io.high, strict=True)):
        raise FormatError(f"{position} lies outside the machine", where=str(directory),
                          legal=f"{io.low} to below {io.high}")  # fmt: skip
    place = load_place(directory / FILE)
    block = _blocks(directory, position, (1, 1, 1)).get((0, 0, 0))
    facts = {"position": " ".join(map(str, position)), "block": str(block)}
    facts |= _interface(io, position)
    instance = _owner(place, position, directory)
    if instance is not None:
        return facts | _inside(directory, place, instance, position)
    return facts | _wire(place, position)


def as_text(facts: dict[str, str]) -> str:
    """Return the answer as lines."""
    width = max(map(len, facts))
    return "\n".join(f"{name:{width}}  {value}" for name, value in facts.items())


def _blocks(directory: Path, low: Pos, size: Pos) -> Volume:
    return read_world(directory, (low, (low[0] + size[0], low[1] + size[1], low[2] + size[2])))


def _interface(io: Any, position: Pos) -> dict[str, str]:
    """Return the name in io.json of what stands at a position."""
    for kind, table in (("input", io.inputs), ("output", io.outputs)):
        for name, found in table.items():
            if found.pos == position:
                return {kind: name}
    for name, register in io.registers.items():
        for bit, cell in enumerate(register.cells):
            if cell == position:
                which = "level of the value" if register.pos is not None else f"bit {bit}"
                where = f"layer {register.layer}, neuron {register.index}"
                return {"register": f"{name}: {which} of the activation of {where}"}
    return {}


def _owner(place: Plain, position: Pos, directory: Path) -> Plain | None:
    """Return the instance whose box holds a position: the smallest, as boxes may overlap in their air."""
    inside = [
        row for row in place["instances"]
        if all(c <= p < c + s for c, p, s in zip(row["corner"], position, row["size"], strict=True))
    ]  # fmt: skip
    wired = any(_in_wire(net, position) for net in place["nets"])
    if wired or not inside:
        return None
    best: Plain = min(inside, key=lambda row: (int(np.prod(row["size"])), row["name"]))
    return best


def _in_wire(net: Plain, position: Pos) -> bool:
    if not net["cells"]:
        return False
    cells = np.array(net["cells"], dtype=np.int64).reshape(-1, 3)
    above = cells + np.array((0, -1, 0))  # the support under a wire belongs to it
    return bool(((cells == position).all(axis=1) | (above == position).all(axis=1)).any())


def _wire(place: Plain, position: Pos) -> dict[str, str]:
    """Return the nets whose wire or support stands at a position."""
    nets = [net for net in place["nets"] if _in_wire(net, position)]
    if not nets:
        return {"part": "not part of any macro or wire"}
    net = nets[0]
    return {
        "net": ", ".join(n["name"] for n in nets),
        "drivers": ", ".join(net["drivers"]),
        "sinks": ", ".join(net["sinks"]),
    }


def _inside(directory: Path, place: Plain, instance: Plain, position: Pos) -> dict[str, str]:
    layer = instance["layer"]
    facts = {"instance": instance["name"], "macro": instance["kind"]}
    if layer is not None:
        facts["IR node"] = f"layer {layer}"
    for kind in ("ports", "probes"):
        names = [n for n, at in instance[kind].items() if tuple(at) == position]
        if names:
            facts[kind.removesuffix("s")] = ", ".join(names)
    if "rom" not in instance:
        return facts
    rom = instance["rom"]
    for row in rom["rows"]:
        x, y, z = (p - c for p, c in zip(position, row["corner"], strict=True))
        if 0 <= x < PITCH * row["words"] + 1 and 0 <= z < 5:
            local = (PITCH * row["words"] - x, y, 4 - z) if row["turned"] else (x, y, z)
            return facts | _rom(directory, place, instance, row, local)
    return facts | _lane(place["layers"][layer], rom, position)


def _lane(layer: Plain, rom: Plain, position: Pos) -> dict[str, str]:
    """Return the part of a multiply-accumulate lane; v counts away from the chain, as in macros/lane.py."""
    away = position[2] - rom["axis_z"]
    v = abs(away) - lane.CHAIN_Z
    floor = rom["corner"][1] + 2
    level = min(max((position[1] - floor) // lane.LEVEL_PITCH, 0), rom["levels"] - 1)
    if position[1] < floor or v < lane.V_LOW:
        return {"part": "feeds and sums of level 0"}
    part = next((text for limit, text in _LANE_ROWS if v <= limit), "border")
    side = SIDES[away > 0]
    names = ", ".join(map(str, _neurons(layer, level)))
    return {"cell": f"multiply-accumulate lane: {part}", "lane": f"{side}, level {level}", "neurons": names}


def _neurons(layer: Plain, level: int) -> list[int]:
    found = block_of(level, _blocks_of(layer))
    every = (p * layer["levels"] + _neuron(layer, *found) for p in range(layer["passes"])) if found else ()
    return [j for j in every if j < layer["n_out"]]


def _blocks_of(layer: Plain) -> tuple[int, ...]:
    return blocks_of(layer["levels"], layer.get("groups", 1), layer.get("splits", 1))


def _neuron(layer: Plain, block: int, level: int) -> int:
    """Return the neuron, in a pass, of a level of a block (passes/parts.py)."""
    groups = layer.get("groups", 1)
    return level + (chunks(layer["levels"], groups)[block].start if groups > 1 else 0)


# --- ROM ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RomPlace:
    """A digit of a ROM: `word` counts through all passes, `column` (0..2) is the block within its word."""

    word: int
    level: int
    side: int
    column: int


def rom_place(words: int, local: Pos) -> RomPlace:
    """Return which digit a block of a bank belongs to; `local` counts from the bank's corner."""
    x, y, z = local
    offset = 0 if z in (1, 3) else 2  # chains and towers start at the gate's column
    column = min(max((x - offset) // PITCH, 0), words - 1)
    return RomPlace(words - 1 - column, (y - _DIGIT_LEVELS) // 2, int(z > 2), (x - offset) % PITCH)


def _rom(directory: Path, place: Plain, instance: Plain, row: Plain, local: Pos) -> dict[str, str]:
    layer, found = place["layers"][instance["layer"]], rom_place(row["words"], local)
    found = replace(found, word=row["first"] + found.word)
    passed, word = divmod(found.word, layer["words"])
    facts = {"cell": f"hex ROM bank: {_ROM_PARTS[local[2]]}", "word": f"{word} of pass {passed}"}
    if local[1] < _DIGIT_LEVELS:
        return facts | {"cell": "hex ROM bank: token line that walks from word to word"}
    facts["level"] = str(found.level)
    if local[2] not in (1, 3):
        return facts
    place_in = block_of(found.level, _blocks_of(layer))
    if place_in is None:
        return facts | {"part": "empty level between two blocks"}
    block, level = place_in
    neuron = passed * layer["levels"] + _neuron(layer, block, level)
    part = _DIGIT_PARTS[found.column] if local[1] % 2 else "support"
    facts |= {"part": part, "lane": f"{SIDES[found.side]}, level {found.level}"}
    source = _source(layer, block if layer.get("splits", 1) > 1 else 0, found.side, word)
    return facts | _weight(directory, instance, layer, found, word, neuron, source)


def _weight(
    directory: Path, instance: Plain, layer: Plain, found: RomPlace, word: int, neuron: int,
    source: tuple[str, int] | None,
) -> dict[str, str]:  # fmt: skip
    """Return the weight of a digit, checked against the blocks. Raises MismatchError if they differ."""
    number = instance["layer"]
    digit = _digit(directory, instance["rom"], found)
    where = f"layer {number}, neuron {neuron}"
    if neuron >= layer["n_out"] or source is None:
        meant, text = 0, "padding: no weight"
    else:
        kind, index = source
        meant = _code(load_checkpoint(directory / "craftc" / "model.pt"), number, neuron, kind, index)
        where = f"{where}, {kind} {index} ({SIDES[found.side]} lane, word {word})"
        text = f"{where}: weight {meant}, digit {meant & 15}"
    if digit != meant & 15:
        raise MismatchError(f"the blocks hold digit {digit}, the weight is {meant}", where=where,
                            legal=f"digit {meant & 15}")  # fmt: skip
    return {"weight": text}


def _source(layer: Plain, part: int, side: int, word: int) -> tuple[str, int] | None:
    """Return ("input", i) or ("bias constant", k) that a word of a lane multiplies, None for padding."""
    mine = halves(chunks(layer["n_in"], layer.get("splits", 1))[part])[side]
    inputs = len(mine)
    if word < inputs:
        return "input", mine[word]
    if part:
        return None
    wide = layer["input_bits"] == 4
    extra = word - (layer["half"] + side * layer["const_north"] if wide else inputs)  # as passes/fold.py
    if not 0 <= extra < layer["const_south" if side else "const_north"]:
        return None
    if wide:
        return ("bias constant of 8" if side else "bias constant of 1"), extra
    return "bias constant of 1", extra + (layer["const_north"] if side else 0)


def _code(checkpoint: Checkpoint, number: int, neuron: int, kind: str, index: int) -> int:
    layer = checkpoint.layers[number]
    if kind == "input":
        return int(layer.weight_codes[neuron, index])
    constant = BIAS_STEP if kind.endswith("8") else 1
    return int(bias_codes(layer)[neuron, layer.bias_constants == constant][index])


def digit_corner(rom: Plain, found: RomPlace) -> Pos:
    """Return the world position of a digit's constant source; comparator and gate stand east of it, or
    west in a turned row."""
    row = next(r for r in rom["rows"] if r["first"] <= found.word < r["first"] + r["words"])
    x, y, z = row["corner"]
    along = PITCH * (row["words"] - 1 - (found.word - row["first"]))
    across = 3 if found.side else 1
    if row["turned"]:
        along, across = PITCH * row["words"] - along, 4 - across
    return (x + along, y + _DIGIT_LEVELS + 1 + 2 * found.level, z + across)


def _digit(directory: Path, rom: Plain, found: RomPlace) -> int:
    """Return the digit that three blocks of the world stand for: source, comparator, gate."""
    x, y, z = digit_corner(rom, found)
    turned = any(r["turned"] for r in rom["rows"] if r["first"] <= found.word < r["first"] + r["words"])
    blocks = _blocks(directory, (x - 2 if turned else x, y, z), (3, 1, 1))
    at, gate = ((2, 0, 0), (0, 0, 0)) if turned else ((0, 0, 0), (2, 0, 0))
    source, entity = blocks.get(at), blocks.entity(at)
    if blocks.get(gate).short != "comparator":
        return 0
    if source.short == "composter":
        return 15 - int(source.get("level"))
    return 15 - (entity.signal if entity is not None else 0)
