"""Every ROM block knows its weight, wires and ports know their names, and a wrong block is found out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import craftc.view
from craftc.blocks import Volume
from craftc.config import BuildConfig
from craftc.errors import FormatError, MismatchError, PlacementError
from craftc.export.io_map import Expected, Input, IoMap, Output, Register, save_io
from craftc.export.world import write_world
from craftc.hw.netlist import Machine
from craftc.macros.engine import engine
from craftc.macros.register_file import register_file
from craftc.macros.rom_bank import PITCH
from craftc.macros.rom_rows import RomRows
from craftc.model import Checkpoint, bias_codes, random_model, save_checkpoint
from craftc.passes.fold import LayerPlan, fold
from craftc.view.place_map import layer_of, load_place, place_map, save_place
from craftc.view.why import as_text, rom_place, why

SHIFT = (-30, 64, 17)
MODEL = random_model((7, 5, 3), seed=11)


@dataclass(frozen=True)
class Site:
    """A build folder with two engines, a register file and one wire."""

    folder: Path
    machine: Machine
    plans: tuple[LayerPlan, ...]
    volume: Volume
    io: IoMap

    def rom_pos(self, layer: int, word: int, level: int, side: int, column: int = 2) -> tuple[int, int, int]:
        """World position of a block of a digit, from the drawing in macros/rom_bank.py."""
        instance = self.machine.instances[f"engine{layer}"]
        bank: Any = instance.macro
        x, z = PITCH * (bank.bank.words - 1 - word) + column, (1, 3)[side]
        if isinstance(bank.bank, RomRows):
            number, inner = divmod(word, self.plans[layer].words)
            row = bank.bank.rows[number]
            x, z = PITCH * (row.words - 1 - inner) + column, (1, 3)[side]
            x, z = (PITCH * row.words - x, 4 - z) if number % 2 else (x, z)
            x, z = x + row.at[0], z + row.at[2]
        pos = instance.world((x + bank.bank_at[0], bank.bank_at[1] + 3 + 2 * level, bank.bank_at[2] + z))
        return (pos[0] + SHIFT[0], pos[1] + SHIFT[1], pos[2] + SHIFT[2])


def make_site(folder: Path, checkpoint: Checkpoint = MODEL, lanes: int | None = None) -> Site:
    """Write the files that `why` reads; with `lanes` the ROM of layer 0 is folded."""
    plans = fold(checkpoint, BuildConfig(lanes=lanes))
    machine = Machine()
    x = 0
    for plan in plans:
        made = engine(plan.rom, plan.segments, folded=lanes is not None and plan.index == 0)
        machine.add(f"engine{plan.index}", made, (x, -3, -made.axis_z))
        x += made.volume.size[0] + 6
    machine.add("file1", register_file(plans[0].n_out), (x, -3, -40))
    machine.connect("shift.south", ["file1.x_s"], ["engine1.shift_s"])
    low, high = machine.extent()
    volume = machine.volume(low, high)
    origin = tuple(a + b for a, b in zip(low, SHIFT, strict=True))
    volume.origin = (origin[0], origin[1], origin[2])
    io = _interface(volume, machine)
    write_world(volume, folder, level_name="site", spawn=volume.origin, spawn_yaw=0.0)
    save_io(io, folder / "craftc" / "io.json")
    save_checkpoint(checkpoint, folder / "craftc" / "model.pt")
    cells = np.array([[x - 3, -2, 5], [x - 3, -2, 6]]) - low
    wires = {"shift.south": cells.astype(np.int32)}
    place = place_map(machine, plans, shift=SHIFT, wires=wires, wires_from=low)
    save_place(place, folder / "craftc" / "place.json")
    return Site(folder, machine, plans, volume, io)


def _interface(volume: Volume, machine: Machine) -> IoMap:
    low = volume.origin
    high = (low[0] + volume.size[0], low[1] + volume.size[1], low[2] + volume.size[2])
    files = machine.instances["file1"]
    registers = {}
    for j in range(5):
        cells = [files.world(files.macro.probes[f"h_{j}_{b}"]) for b in range(4)]
        bits = tuple((x + SHIFT[0], y + SHIFT[1], z + SHIFT[2]) for x, y, z in cells)
        registers[f"h.0.{j}"] = Register(0, j, bits)
    inputs = {"lever_0": Input(low, "lever", "level")}
    inputs |= {n: Input(low, "stone_button", "pulse") for n in ("run", "reset")}
    outputs = {n: Output((low[0] + 1, low[1], low[2])) for n in ("class_0", "done")}
    return IoMap(low, high, inputs, outputs, Expected(1, 24, 24), registers)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A sound site; tests must not change it."""
    return make_site(tmp_path_factory.mktemp("site"))


def expected_text(plan: LayerPlan, word: int, level: int, side: int) -> str:
    """Return what must be said of a digit, from the checkpoint alone."""
    passed, w = divmod(word, plan.words)
    neuron = passed * plan.levels + level
    order = plan.south if side else plan.north
    layer = MODEL.layers[plan.index]
    extra = w - (len(plan.north) + side * plan.const_north if plan.planes == 4 else len(order))
    count = plan.const_south if side else plan.const_north
    if neuron >= plan.n_out:
        return "padding: no weight"
    lane = f"({('north', 'south')[side]} lane, word {w})"
    if w < len(order):
        code, what = int(layer.weight_codes[neuron, order[w]]), f"input {order[w]}"
    elif 0 <= extra < count:
        of = 8 if side and plan.planes == 4 else 1
        index = extra + (plan.const_north if side and plan.planes == 1 else 0)
        code = int(bias_codes(layer)[neuron, layer.bias_constants == of][index])
        what = f"bias constant of {of} {index}"
    else:
        return "padding: no weight"
    return f"layer {plan.index}, neuron {neuron}, {what} {lane}: weight {code}, digit {code & 15}"


def test_every_digit_of_a_folded_bank_knows_its_weight(tmp_path: Path) -> None:
    folded = make_site(tmp_path, lanes=4)
    plan = folded.plans[0]
    assert plan.passes == 3
    for word in range(plan.passes * plan.words):
        for level, side in ((0, 0), (1, 1)):
            facts = why(folded.folder, folded.rom_pos(0, word, level, side))
            assert facts["weight"] == expected_text(plan, word, level, side)


@pytest.mark.parametrize("layer", [0, 1])
def test_every_digit_knows_its_weight(site: Site, layer: int) -> None:
    plan = site.plans[layer]
    words, levels, _ = plan.rom.shape
    said = set()
    for word in range(words):
        for level in range(levels):
            for side in (0, 1):
                facts = why(site.folder, site.rom_pos(layer, word, level, side))
                assert facts["weight"] == expected_text(plan, word, level, side)
                assert facts["instance"] == f"engine{layer}" and facts["IR node"] == f"layer {layer}"
                said.add(facts["weight"])
    assert len(said) > plan.n_in


def test_all_blocks_of_a_digit_agree(site: Site) -> None:
    plan = site.plans[0]
    word, level, side = (int(v) for v in np.argwhere((plan.rom > 0) & (plan.rom < 15))[0])
    found = [why(site.folder, site.rom_pos(0, word, level, side, column)) for column in range(3)]
    assert len({f["weight"] for f in found}) == 1
    assert found[0]["part"] == "constant source" and "gate" in found[2]["part"]
    x, y, z = site.rom_pos(0, word, level, side)
    assert why(site.folder, (x, y - 1, z))["part"] == "support"


def test_other_parts_of_a_bank(site: Site) -> None:
    x, y, z = site.rom_pos(0, 1, 1, 0)
    assert "maximum chain" in why(site.folder, (x, y, z - 1))["cell"]
    assert "tower" in why(site.folder, (x, y, z + 1))["cell"]
    base = site.rom_pos(0, 1, 0, 0)
    assert "token line" in why(site.folder, (base[0], base[1] - 3, base[2]))["cell"]


def test_lanes_name_level_side_and_neurons(site: Site) -> None:
    x, y, z = site.rom_pos(0, 0, 1, 1, 2)
    facts = why(site.folder, (x + 8, y, z + 8))
    assert facts["lane"] == "south, level 1" and "multiply-accumulate lane" in facts["cell"]
    plan = site.plans[0]
    every = (plan.neuron(p, 1) for p in range(plan.passes))
    assert facts["neurons"] == ", ".join(str(j) for j in every if j < plan.n_out)


def test_registers_ports_and_wires(site: Site) -> None:
    cell = site.io.registers["h.0.3"].bits[2]
    facts = why(site.folder, cell)
    assert facts["register"] == "h.0.3: bit 2 of the activation of layer 0, neuron 3"
    assert facts["instance"] == "file1" and facts["probe"] == "h_3_2"
    port = site.machine.port("engine1.shift_s").pos
    at = (port[0] + SHIFT[0], port[1] + SHIFT[1], port[2] + SHIFT[2])
    assert why(site.folder, at)["port"] == "shift_s"
    wire = load_place(site.folder / "craftc" / "place.json")["nets"][0]["cells"][:3]
    facts = why(site.folder, (wire[0], wire[1], wire[2]))
    assert (facts["net"], facts["drivers"], facts["sinks"]) == ("shift.south", "file1.x_s", "engine1.shift_s")
    facts = why(site.folder, (wire[0], wire[1] + 5, wire[2]))
    assert facts["part"] == "not part of any macro or wire"
    assert "position" in as_text(facts)


def test_a_wrong_constant_is_found_out(tmp_path: Path) -> None:
    good = make_site(tmp_path / "a")
    rom = good.plans[0].rom
    word, level, side = (int(v) for v in np.argwhere((rom > 0) & (rom < 15) & (rom != 9))[0])
    x, y, z = good.rom_pos(0, word, level, side, 0)
    local = (x - good.volume.origin[0], y - good.volume.origin[1], z - good.volume.origin[2])
    good.volume.set(local, "composter[level=6]")
    bad = tmp_path / "b"
    (bad / "craftc").mkdir(parents=True)
    for file in sorted((good.folder / "craftc").iterdir()):
        (bad / "craftc" / file.name).write_bytes(file.read_bytes())
    write_world(good.volume, bad, level_name="bad", spawn=good.volume.origin, spawn_yaw=0.0)
    with pytest.raises(MismatchError, match=r"hold digit 9, the weight is -?\d"):
        why(bad, (x, y, z))


def test_bad_questions_are_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="outside the machine"):
        why(site.folder, (10_000, 0, 0))
    with pytest.raises(FormatError, match="no such file"):
        load_place(tmp_path / "place.json")
    for text in ("{", json.dumps({"version": 2})):
        (tmp_path / "place.json").write_text(text)
        with pytest.raises(FormatError):
            load_place(tmp_path / "place.json")


def test_an_engine_that_is_not_its_plan_is_refused(site: Site) -> None:
    short = (replace(site.plans[0], words=site.plans[0].words + 1), *site.plans[1:])
    with pytest.raises(PlacementError, match="engine0: a ROM of"):
        place_map(site.machine, short)


def test_layers_by_name() -> None:
    names = ("engine0", "file1", "w.force_n1", "w.token0_1", "engine2", "panel", "lamp1", "fan0", "w.done")
    assert [layer_of(name, 2) for name in names] == [0, 1, 1, 0] + [None] * 5


def test_rom_places_count_from_the_east() -> None:
    assert rom_place(4, (0, 3, 1)).word == 3 and rom_place(4, (11, 5, 3)) == rom_place(4, (11, 4, 3))
    assert rom_place(4, (3, 3, 0)).word == 3 and rom_place(4, (12, 3, 4)).word == 0


def test_the_package_offers_why() -> None:
    assert craftc.view.why is why
