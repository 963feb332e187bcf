"""Value change dumps for wave viewers (IEEE 1364-2001, section 18), for example GTKWave.

Time is in milliseconds, 50 per game tick: the values at 50 * k are those after k game ticks, so time 0
shows the start and what game tick t changed appears at 50 * (t + 1). A signal of one device is one bit, of
dust, a comparator or a powered block four bits (its level), of a register one bit per repeater.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from craftc.blocks.volume import Pos, Volume
from craftc.errors import SimError
from craftc.export.io_map import IoMap
from craftc.export.safe import atomic_write
from craftc.sim.interface import Simulator

MS_PER_GT = 50
_FIRST, _LAST = 33, 126  # printable characters that VCD identifiers are made of
_BINARY = re.compile(r"(repeater|redstone_(wall_)?torch|redstone_lamp|lever|\w+_button|note_block|observer|"
                     r"\w+_trapdoor|(\w+_)?copper_bulb)$")  # fmt: skip
_SHOWN = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Signal:
    """A named value of a board: the level at one cell, or bits at several, the low bit first."""

    group: str
    name: str
    cells: tuple[Pos, ...]
    width: int

    def read(self, board: Simulator) -> int:
        """Return the present value."""
        if len(self.cells) == 1:
            level = board.power(self.cells[0])
            return int(level > 0) if self.width == 1 else level
        return sum(int(board.power(cell) > 0) << bit for bit, cell in enumerate(self.cells))


def at_cell(volume: Volume, group: str, name: str, pos: Pos) -> Signal:
    """Return the signal of one block. Raises SimError outside the box."""
    if not all(0 <= p < s for p, s in zip(pos, volume.size, strict=True)):
        raise SimError("lies outside the box", where=str(pos), legal=f"inside {volume.size}")
    return Signal(group, name, (pos,), 1 if _BINARY.match(volume.get(pos).short) else 4)


def named_signals(volume: Volume, io: IoMap) -> list[Signal]:
    """Return every named port of an interface, in the order inputs, outputs, registers, probes."""
    found = [at_cell(volume, "inputs", name, io.local(i.pos)) for name, i in _sorted(io.inputs)]
    found += [at_cell(volume, "outputs", name, io.local(o.pos)) for name, o in _sorted(io.outputs)]
    for name, register in _sorted(io.registers):
        cells = tuple(io.local(cell) for cell in register.cells)
        found.append(Signal("registers", name, cells, len(cells) if len(cells) > 1 else 4))
    return found + [at_cell(volume, "probes", name, io.local(p)) for name, p in _sorted(io.probes)]


def _sorted(table: Mapping[str, T]) -> list[tuple[str, T]]:
    """Return (name, value) with lever_2 before lever_10."""
    return sorted(table.items(), key=lambda item: _natural(item[0]))


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def all_signals(volume: Volume) -> list[Signal]:
    """Return one signal per device and dust, grouped by block, for boards without named ports."""
    names = [s.short for s, _ in volume.palette]
    wanted = [name in ("comparator", "redstone_wire") or bool(_BINARY.match(name)) for name in names]
    found = []
    for index in (i for i, yes in enumerate(wanted) if yes):
        for x, y, z in volume.positions(volume.ids == index):
            found.append(at_cell(volume, names[index], f"{names[index]}_{x}_{y}_{z}", (x, y, z)))
    return sorted(found, key=lambda s: (s.group, s.cells[0][1], s.cells[0][2], s.cells[0][0]))


def chosen(names: Sequence[str], known: Sequence[Signal], volume: Volume) -> list[Signal]:
    """Return the signals that names or positions X,Y,Z mean. Raises SimError on a name that means nothing."""
    table = {signal.name: signal for signal in known}
    found = []
    for name in names:
        parts = name.split(",")
        if name in table:
            found.append(table[name])
        elif len(parts) == 3 and all(re.fullmatch(r"-?\d+", p.strip()) for p in parts):
            pos = (int(parts[0]), int(parts[1]), int(parts[2]))
            found.append(at_cell(volume, "watched", "{}_{}_{}".format(*pos), pos))
        else:
            legal = ", ".join(list(table)[:_SHOWN]) + (", ..." if len(table) > _SHOWN else "")
            raise SimError(
                f"no port is named {name!r}", where="--watch", legal=f"{legal or 'no names'}; X,Y,Z"
            )
    return found


class Recorder:
    """Collects the values of signals as a board runs."""

    def __init__(self, board: Simulator, signals: Sequence[Signal]) -> None:
        self.signals = tuple(signals)
        self._board = board
        self._values = [signal.read(board) for signal in self.signals]
        self.start = tuple(self._values)
        self.changes: list[tuple[int, int, int]] = []  # (game ticks run, signal, value)

    @property
    def values(self) -> tuple[int, ...]:
        """The latest values."""
        return tuple(self._values)

    def look(self, after_gt: int) -> None:
        """Note what differs now that `after_gt` game ticks have run."""
        for index, signal in enumerate(self.signals):
            value = signal.read(self._board)
            if value != self._values[index]:
                self._values[index] = value
                self.changes.append((after_gt, index, value))


def identifier(number: int) -> str:
    """Return the VCD identifier of signal `number`."""
    base = _LAST - _FIRST + 1
    text = chr(_FIRST + number % base)
    while number >= base:
        number = number // base - 1
        text = chr(_FIRST + number % base) + text
    return text


def _value(signal: Signal, value: int, mark: str) -> str:
    return f"{value}{mark}" if signal.width == 1 else f"b{value:b} {mark}"


def lines(found: Recorder, end_gt: int) -> Iterator[str]:
    """Yield the lines of the dump, up to `end_gt` game ticks."""
    yield "$version craftc sim $end"
    yield "$comment 50 ms are one game tick; the values at 50 * k are those after k game ticks $end"
    yield "$timescale 1 ms $end"
    yield "$scope module board $end"
    group = ""
    for number, signal in enumerate(found.signals):
        if signal.group != group:
            if group:
                yield "$upscope $end"
            yield f"$scope module {signal.group} $end"
            group = signal.group
        span = f" [{signal.width - 1}:0]" if signal.width > 1 else ""
        yield f"$var wire {signal.width} {identifier(number)} {signal.name}{span} $end"
    yield from ["$upscope $end"] * (2 if group else 1)
    yield "$enddefinitions $end"
    yield "#0"
    yield "$dumpvars"
    for number, (signal, value) in enumerate(zip(found.signals, found.start, strict=True)):
        yield _value(signal, value, identifier(number))
    yield "$end"
    yield from _changes(found, end_gt)


def _changes(found: Recorder, end_gt: int) -> Iterator[str]:
    last = 0
    for after_gt, index, value in found.changes:
        if after_gt != last:
            yield f"#{after_gt * MS_PER_GT}"
            last = after_gt
        yield _value(found.signals[index], value, identifier(index))
    if last != end_gt:
        yield f"#{end_gt * MS_PER_GT}"


def write_vcd(path: Path, found: Recorder, end_gt: int) -> None:
    """Write the dump, whole or not at all. Raises OutputError if it cannot be written."""
    atomic_write(path, ("\n".join(lines(found, end_gt)) + "\n").encode())


def by_group(signals: Iterable[Signal]) -> list[Signal]:
    """Return signals with those of one group next to each other, as a dump needs them."""
    kept = list(signals)
    groups = list(dict.fromkeys(signal.group for signal in kept))
    return sorted(kept, key=lambda signal: groups.index(signal.group))
