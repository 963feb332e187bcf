"""The time in which registers are right is found from outside, and its absence is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from craftc.errors import MismatchError
from craftc.verify import holding_windows, random_vectors

from .fake_board import MODEL, REGISTERS_GT, FakeBoard, Faults, interface

BITS = random_vectors(6, 5, 1).bits


def test_windows_of_both_layers() -> None:
    start = REGISTERS_GT - 3
    found = holding_windows(FakeBoard(), interface(), MODEL, BITS)
    assert found == {0: (start, start + 79), 1: (start + 40, start + 119)}


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

    found = holding_windows(Level(), replace(io, registers=single), MODEL, BITS)
    assert found[0] == (REGISTERS_GT - 3, REGISTERS_GT + 76)


def test_a_register_that_is_never_right_is_told() -> None:
    with pytest.raises(MismatchError, match="layer 1: its registers never hold"):
        holding_windows(FakeBoard(faults=Faults(flip={"h.1.1": 3})), interface(), MODEL, BITS)
