"""Waves: read back by a parser of the standard's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from craftc.blocks import Volume
from craftc.errors import SimError
from craftc.export.io_map import Expected, Input, IoMap, Output, Register
from craftc.sim import settle
from craftc.sim.interface import Engine
from craftc.sim.trace import Action, Plan, ticks
from craftc.sim.vcd import Recorder, all_signals, by_group, chosen, identifier, named_signals, write_vcd

ORIGIN = (10, 64, -3)

Waves = tuple[dict[str, int], list[tuple[int, str, int]]]


def parse(text: str) -> Waves:
    """Return (dotted name -> width, changes (time, name, value)) of a dump; asserts its grammar."""
    words = iter(text.split("\n"))
    scope: list[str] = []
    names: dict[str, tuple[str, int]] = {}
    for line in words:
        parts = line.split()
        if parts[0] == "$scope":
            assert parts[1] == "module" and parts[3] == "$end"
            scope.append(parts[2])
        elif parts[0] == "$upscope":
            scope.pop()
        elif parts[0] == "$var":
            assert parts[1] == "wire" and parts[3] not in names and parts[-1] == "$end"
            names[parts[3]] = (".".join([*scope, parts[4]]), int(parts[2]))
        elif parts[0] == "$enddefinitions":
            break
    assert not scope
    time, last, changes = 0, -1, []
    for line in words:
        if line.startswith("#"):
            time = int(line[1:])
            assert time > last
            last = time
        elif line.startswith("b"):
            value, mark = line[1:].split()
            assert len(value) <= names[mark][1]
            changes.append((time, names[mark][0], int(value, 2)))
        elif line and not line.startswith("$"):
            assert names[line[1:]][1] == 1
            changes.append((time, names[line[1:]][0], int(line[0])))
    return dict(names.values()), changes


def two_levers() -> Volume:
    """Two levers, each into a repeater and a lamp, along x at z = 0 and 2."""
    volume = Volume((4, 2, 3), origin=ORIGIN)
    for z in (0, 2):
        for x, block in enumerate(
            ("lever[face=floor,facing=north,powered=false]", "redstone_wire", "repeater[facing=west]",
             "redstone_lamp")
        ):  # fmt: skip
            volume.set((x, 0, z), "stone")
            volume.set((x, 1, z), block)
    return settle(volume)


def at(x: int, z: int) -> tuple[int, int, int]:
    """A world position on the upper layer."""
    return (ORIGIN[0] + x, ORIGIN[1] + 1, ORIGIN[2] + z)


def interface() -> IoMap:
    """Ports of `two_levers`; the repeaters are the two bits of a register."""
    high = (ORIGIN[0] + 4, ORIGIN[1] + 2, ORIGIN[2] + 3)
    inputs = {f"lever_{k}": Input(at(0, 2 * k), "lever", "level") for k in range(2)}
    inputs |= {name: Input(at(0, 0), "stone_button", "pulse") for name in ("run", "reset")}
    outputs = {"class_0": Output(at(3, 0)), "class_1": Output(at(3, 2)), "done": Output(at(3, 0))}
    bits = (at(2, 0), at(2, 2), at(2, 0), at(2, 0))
    return IoMap(ORIGIN, high, inputs, outputs, Expected(1, 10, 2), {"h.0.0": Register(0, 0, bits)},
                 {"wire": at(1, 2)})  # fmt: skip


def waves(engine: Engine, tmp_path: Path, names: list[str]) -> Waves:
    """The waves of a run in which the second lever is used at game tick 3."""
    volume = two_levers()
    board = engine(volume, "trusted")
    known = named_signals(volume, interface())
    recorder = Recorder(board, by_group(chosen(names, known, volume) if names else known))
    for t in ticks(board, [Action(3, (0, 1, 2))], Plan(8)):
        recorder.look(t + 1)
    write_vcd(tmp_path / "w.vcd", recorder, board.now_gt)
    return parse((tmp_path / "w.vcd").read_text())


def test_named_ports(engine: Engine, tmp_path: Path) -> None:
    names, changes = waves(engine, tmp_path, [])
    assert names["board.registers.h.0.0"] == 4 and names["board.probes.wire"] == 4
    assert names["board.inputs.lever_1"] == 1 and names["board.outputs.class_1"] == 1
    later = [c for c in changes if c[0] > 0]
    assert later == [
        (200, "board.inputs.lever_1", 1),
        (200, "board.probes.wire", 15),
        (250, "board.outputs.class_1", 1),
        (250, "board.registers.h.0.0", 2),
    ]


def test_chosen_signals(engine: Engine, tmp_path: Path) -> None:
    names, changes = waves(engine, tmp_path, ["class_1", "1,1,2"])
    assert set(names) == {"board.outputs.class_1", "board.watched.1_1_2"}
    assert [c for c in changes if c[0] == 0] == [
        (0, "board.outputs.class_1", 0), (0, "board.watched.1_1_2", 0)
    ]  # fmt: skip


def test_unknown_names_are_refused() -> None:
    volume = two_levers()
    with pytest.raises(SimError, match=r"no port is named 'x'.*lever_0"):
        chosen(["x"], named_signals(volume, interface()), volume)
    with pytest.raises(SimError, match="outside the box"):
        chosen(["9,9,9"], [], volume)


def test_every_device_has_a_signal() -> None:
    found = all_signals(two_levers())
    assert len(found) == 8 and len({s.name for s in found}) == 8


def test_identifiers_are_unique() -> None:
    found = [identifier(n) for n in range(20_000)]
    assert len(set(found)) == len(found) and all(33 <= ord(c) <= 126 for name in found for c in name)
