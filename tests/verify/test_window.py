"""The time in which registers are right is found from outside, as far as there is one."""

from __future__ import annotations

from dataclasses import replace

from craftc.verify import holding_windows, random_vectors, verify_machine, with_read_times
from craftc.verify.window import Holding

from .fake_board import MODEL, REGISTERS_GT, FakeBoard, Faults, interface

VECTORS = random_vectors(6, 5, 1)
START = REGISTERS_GT - 3


def test_windows_of_both_layers() -> None:
    found = holding_windows(FakeBoard(), interface(), MODEL, VECTORS.bits)
    assert found == {0: Holding(START, START + 79, 20, 20), 1: Holding(START + 40, START + 119, 15, 15)}
    assert found[0].middle_gt == START + 39


def test_chosen_times_verify() -> None:
    io = interface()
    blank = replace(io, registers={n: replace(r, at_gt=None) for n, r in io.registers.items()})
    assert verify_machine([FakeBoard()], blank, MODEL, VECTORS).mismatches > 0
    found = holding_windows(FakeBoard(), blank, MODEL, VECTORS.bits)
    timed = with_read_times(blank, {layer: h.middle_gt for layer, h in found.items()})
    assert {r.at_gt for r in timed.registers.values()} == {START + 39, START + 79}
    assert verify_machine([FakeBoard()], timed, MODEL, VECTORS).mismatches == 0


def test_levels_are_read_like_bits() -> None:
    """A register of one cell: its level is the value."""
    io = interface()
    single = {n: replace(r, bits=(), pos=r.bits[0]) for n, r in io.registers.items()}

    class Level(FakeBoard):
        def power(self, pos: tuple[int, int, int]) -> int:
            for name, register in single.items():
                if pos == register.pos:
                    bits = interface().registers[name].bits
                    return sum((super(Level, self).power(c) > 0) << b for b, c in enumerate(bits))
            return super().power(pos)

    found = holding_windows(Level(), replace(io, registers=single), MODEL, VECTORS.bits)
    assert found[0] == Holding(START, START + 79, 20, 20)


def test_a_wrong_register_leaves_the_time_of_the_others() -> None:
    found = holding_windows(FakeBoard(faults=Faults(flip={"h.1.1": 3})), interface(), MODEL, VECTORS.bits)
    assert found[0].right == found[0].total
    assert 10 <= found[1].right < found[1].total
    assert START + 40 <= found[1].middle_gt <= START + 119
