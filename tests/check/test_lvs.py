"""Layout against netlist: a small routed machine compares clean, and every kind of damage is named."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.blocks import BlockState, Volume
from craftc.cells.drawing import CHARS
from craftc.check.blocks import BlockReport, compare_blocks, normal, require_same
from craftc.check.lvs import LvsReport, compare, require_equal
from craftc.errors import LvsError
from craftc.hw.netlist import Machine
from craftc.layout.route import Net, Terminal, route
from craftc.macros.base import Pos
from craftc.macros.clock import one_shot, window_latch
from craftc.macros.glue import button, lamp, start_gate
from craftc.macros.rom_bank import rom_bank
from craftc.sim import settle

Wires = dict[str, npt.NDArray[np.int32]]
DIGITS = np.array([[[3, 9], [12, 0]], [[15, 1], [7, 8]], [[0, 5], [2, 14]]], dtype=np.uint8)


@dataclass
class Built:
    """A routed machine: `routed` before settling; every break starts from a copy of it."""

    machine: Machine
    routed: Volume
    wires: Wires

    def check(self, volume: Volume, machine: Machine | None = None) -> tuple[LvsReport, BlockReport]:
        """Return both reports of a (broken) layout."""
        world, meant = settle(volume), machine or self.machine
        return compare(meant, world, self.wires), compare_blocks(meant, world, self.wires)

    def block(self, instance: str, kind: str) -> Pos:
        """Return the first block of a kind in an instance, local to the world."""
        inst = self.machine.instances[instance]
        volume = inst.macro.volume
        pos = next(p for p in volume.positions(volume.ids != 0) if volume.get(p).short == kind)
        return self.local(inst.world(pos))

    def local(self, pos: Pos) -> Pos:
        x, y, z = self.routed.origin
        return (pos[0] - x, pos[1] - y, pos[2] - z)


def netlist(swapped: bool = False) -> Machine:
    """Return the machine; `swapped` exchanges the sinks of two nets."""
    machine = Machine()
    machine.add("run", button(("", "RUN"), "green_concrete"), (4, 2, 20))
    machine.add("shot", one_shot(), (12, 2, 4))
    machine.add("gate", start_gate(), (30, 2, 16))
    machine.add("latch", window_latch(), (34, 2, 4))
    machine.add("lamp", lamp(("", "ON")), (50, 2, 20))
    machine.add("bank", rom_bank(DIGITS), (10, 2, 32))
    machine.connect("go", ["run.out"], ["shot.in"])
    machine.connect("pulse", ["shot.out"], ["gate.in", "bank.start0"])
    sinks = ["latch.set", "gate.busy"]
    machine.connect("started", ["gate.out"], [sinks[swapped], "lamp.in"])
    machine.connect("busy", ["latch.q"], [sinks[not swapped]])
    return machine


def build(machine: Machine, low: Pos = (0, 0, 0)) -> Built:
    volume = machine.volume(low, (64, 10, 44))

    def ends(refs: tuple[tuple[str, str], ...]) -> tuple[Terminal, ...]:
        ports = [machine.port(ref) for ref in refs]
        return tuple(Terminal((p.pos[0] - low[0], p.pos[1] - low[1], p.pos[2] - low[2]), p.side)
                     for p in ports)  # fmt: skip

    result = route(volume, [Net(n.name, ends(n.drivers), ends(n.sinks)) for n in machine.nets])
    return Built(machine, volume, {name: net.cells for name, net in result.nets.items()})


@pytest.fixture(scope="module")
def built() -> Built:
    return build(netlist())


def at(pos: Pos) -> str:
    """Return a pattern for a position in a message."""
    return re.escape(f"({pos[0]}, {pos[1]}, {pos[2]})")


def wire_cell(built: Built, name: str, kind: str) -> Pos:
    """Return a cell in the middle of a wire."""
    cells = [(int(x), int(y), int(z)) for x, y, z in built.wires[name]]
    found = [c for c in cells if built.routed.get(c).short == kind]
    return found[len(found) // 2]


def test_clean(built: Built) -> None:
    links, blocks = built.check(built.routed)
    assert links.ok and links.faults == () and links.nets == 4 and links.links > 70
    assert blocks.ok and blocks.blocks > 250
    require_equal(links)
    require_same(blocks)


def test_clean_at_another_origin() -> None:
    built = build(netlist(), (-3, -1, -2))
    links, blocks = built.check(built.routed)
    assert links.ok and blocks.ok


def test_a_missing_wire_dust(built: Built) -> None:
    cell = wire_cell(built, "started", "redstone_wire")
    broken = built.routed.copy()
    broken.set(cell, "minecraft:air")
    links, blocks = built.check(broken)
    gate = built.machine.port("gate.out").pos
    assert any(re.match(f"net started: no way from gate.out at {at(gate)} to ", f) for f in links.faults)
    assert re.match(f"net started: dust or a repeater of 1 rt expected at {at(cell)}", blocks.faults[0])
    with pytest.raises(LvsError, match="net started"):
        require_equal(links)
    with pytest.raises(LvsError, match=f"1 wrong blocks: net started.*{at(cell)}"):
        require_same(blocks)


def bridge(volume: Volume, a: npt.NDArray[np.int32], b: npt.NDArray[np.int32]) -> Pos:
    """Join two wires by one dust where they pass at a distance of two."""
    ends = {tuple(int(v) for v in c) for c in b}
    for x, y, z in ((int(v[0]), int(v[1]), int(v[2])) for v in a):
        for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            middle = (x + dx, y, z + dz)
            if (x + 2 * dx, y, z + 2 * dz) in ends and volume.get(middle).short == "air":
                volume.set(middle, CHARS["+"])
                volume.set((middle[0], y - 1, middle[2]), "minecraft:stone")
                return middle
    raise AssertionError("these wires pass nowhere near each other")


def test_two_shorted_nets(built: Built) -> None:
    broken = built.routed.copy()
    bridge(broken, built.wires["busy"], built.wires["started"])
    links, blocks = built.check(broken)
    text = " ".join(links.faults)
    assert "foreign link" in text and "(net busy)" in text and "(net started)" in text
    assert re.search(r"foreign link from \w+ at \(\d+, \d+, \d+\)", text)
    assert blocks.ok  # nothing that was meant is missing: the links alone tell


@pytest.mark.parametrize("instance", ["shot", "gate", "latch", "lamp", "bank"])
@pytest.mark.parametrize("new", ["+", "}", "#"])
def test_a_replaced_repeater(built: Built, instance: str, new: str) -> None:
    pos = built.block(instance, "repeater")
    broken = built.routed.copy()
    broken.set(pos, CHARS[new])
    links, blocks = built.check(broken)
    if new != "}":  # a comparator the same way round can have the same links
        assert any(instance in fault for fault in links.faults), links.faults
    wanted = rf"{instance}: minecraft:repeater\[[^\]]*\] expected at {at(pos)}, found {CHARS[new].name}"
    assert re.match(wanted, blocks.faults[0])


def test_a_turned_or_slowed_repeater(built: Built) -> None:
    pos = built.block("gate", "repeater")
    for props in ({"delay": 3}, {"facing": "south"}):
        broken = built.routed.copy()
        broken.set(pos, broken.get(pos).with_props(**props))
        links, blocks = built.check(broken)
        assert links.ok == ("delay" in props)  # a delay is no link
        assert re.match(f"gate: .* expected at {at(pos)}", blocks.faults[0])


def test_a_slowed_wire(built: Built) -> None:
    pos = wire_cell(built, "pulse", "repeater")
    broken = built.routed.copy()
    broken.set(pos, broken.get(pos).with_props(delay=2))
    links, blocks = built.check(broken)
    assert links.ok
    assert re.match(f"net pulse: .* expected at {at(pos)}, found .*delay=2", blocks.faults[0])


def test_a_comparator_in_another_mode(built: Built) -> None:
    pos = built.block("gate", "comparator")
    broken = built.routed.copy()
    broken.set(pos, broken.get(pos).with_props(mode="compare"))
    links, blocks = built.check(broken)
    assert links.ok  # a mode is no link
    assert blocks.fault_count == 1
    assert re.match(rf"gate: .*mode=subtract.* expected at {at(pos)}, found .*mode=compare", blocks.faults[0])


@pytest.mark.parametrize("kind", ["composter", "barrel"])
def test_a_changed_rom_constant(built: Built, kind: str) -> None:
    pos = built.block("bank", kind)
    broken = built.routed.copy()
    state, entity = broken.get(pos), broken.entity(pos)
    if entity is None:
        broken.set(pos, state.with_props(level=int(state.get("level")) - 1))
    else:
        broken.set(pos, state, type(entity)(entity.kind, entity.signal - 1))
    links, blocks = built.check(broken)
    assert links.ok  # a constant is no link
    assert blocks.fault_count == 1
    assert re.match(f"bank: .*{kind}.*level.* expected at {at(pos)}, found .*level", blocks.faults[0])


def test_a_wrong_rom_digit(built: Built) -> None:
    digits = DIGITS.copy()
    digits[1, 1, 0] ^= 1
    machine = netlist()
    machine.instances.pop("bank")
    machine.add("bank", rom_bank(digits), (10, 2, 32))
    _, blocks = built.check(built.routed, machine)
    assert not blocks.ok and "bank: " in blocks.faults[0]


def test_swapped_sinks(built: Built) -> None:
    links, blocks = built.check(built.routed, netlist(swapped=True))
    text = " ".join(links.faults)
    assert "net started: wire does not drive all of gate.busy at" in text
    assert re.search(r"foreign link from repeater at .* \(net started\) to repeater at .* \(latch\)", text)
    assert blocks.ok


def test_extra_dust_that_joins_two_macros() -> None:
    machine = Machine()
    machine.add("one", start_gate(), (1, 1, 1))
    machine.add("two", start_gate(), (7, 1, 1))
    built = Built(machine, machine.volume((0, 0, 0), (14, 4, 6)), {})
    assert built.check(built.routed)[0].ok
    broken = built.routed.copy()
    broken.set((6, 2, 1), CHARS["+"])
    broken.set((6, 1, 1), "minecraft:stone")
    links, _ = built.check(broken)
    assert links.fault_count == 1
    assert links.faults == (
        "foreign link from repeater at (4, 2, 1) (one) to repeater at (8, 2, 1) (two)",
    )
    world = settle(broken)
    assert compare(machine, world, {}, [("one", "two")]).ok  # declared neighbours may touch, that way only
    assert not compare(machine, world, {}, [("two", "one")]).ok


@pytest.mark.parametrize("instance", ["shot", "gate", "latch", "lamp"])
def test_every_missing_block_is_named(built: Built, instance: str) -> None:
    inst = built.machine.instances[instance]
    world = settle(built.routed)
    for pos in inst.macro.volume.positions(inst.macro.volume.ids != 0):
        broken = world.copy()
        broken.set(inst.world(pos), "minecraft:air")
        report = compare_blocks(built.machine, broken)
        assert report.fault_count == 1
        place = at(inst.world(pos))
        assert re.match(f"{instance}: .* expected at {place}, found minecraft:air", report.faults[0])


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_other_block_anywhere_is_noticed(built: Built, data: st.DataObject) -> None:
    world = settle(built.routed)
    name = data.draw(st.sampled_from(sorted(built.machine.instances)))
    inst = built.machine.instances[name]
    volume = inst.macro.volume
    pos = inst.world(data.draw(st.sampled_from(list(volume.positions(volume.ids != 0)))))
    entries = [e for e in world.palette if normal(*e) != normal(world.get(pos), world.entity(pos))]
    world.set(pos, *data.draw(st.sampled_from(entries)))
    assert compare_blocks(built.machine, world).fault_count == 1


def test_states_that_change_by_themselves_are_not_compared(built: Built) -> None:
    world = settle(built.routed)
    lit = world.copy()
    lit.palette.entries[:] = [
        (state.with_props(**{k: "15" if k == "power" else "true" for k, _ in state.props
                             if k in ("power", "powered", "lit", "locked")}), entity)
        for state, entity in lit.palette.entries
    ]  # fmt: skip
    assert compare_blocks(built.machine, lit, built.wires).ok
    dusty = normal(CHARS["+"], None), normal(BlockState.parse("redstone_wire[power=4]"), None)
    assert dusty[0] == dusty[1]


def test_a_macro_outside_the_world() -> None:
    machine = netlist()
    with pytest.raises(LvsError, match=r"bank: box .* lies outside"):
        compare_blocks(machine, machine.volume((0, 0, 0), (64, 10, 44)).crop((0, 0, 0), (64, 10, 34)))
