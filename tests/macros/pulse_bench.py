"""A macro in a world of its own: lever and repeater at every input, waveforms of the outputs per rt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from tests.oracle.client import outside_levels

from craftc.blocks import Volume
from craftc.blocks.palette import AIR
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.macros.base import STEP, Macro, Pos
from craftc.sim.board import Board

LEVER = "minecraft:lever[face=floor,facing=north,powered=false]"
PLACES = ((0, False, (0, 0, 0)), (1, True, (17, 3, -5)), (2, False, (-100, 5, 33)), (3, True, (5, 0, 1)))
MARGIN = 3
REPEATER = {"east": "w", "west": "e", "north": "u", "south": "n"}

Event = tuple[float, str, bool]  # rt (halves allowed) at which the port changes, port, on
Waves = npt.NDArray[np.bool_]


def pulse(name: str, start: int, end: int) -> list[Event]:
    """A port on during [start, end) rt."""
    return [(start, name, True), (end, name, False)]


def waves(length: int, *pulses: Iterable[tuple[int, int]]) -> Waves:
    """Return (length, signals): row t is the level at t rt, on during the given [start, end)."""
    out = np.zeros((length, len(pulses)), dtype=np.bool_)
    for column, spans in enumerate(pulses):
        for start, end in spans:
            out[max(start, 0) : max(end, 0), column] = True
    return out


class PulseBench:
    """Ports by name: `levers` drive inputs through one repeater, `at` are the ports' dusts."""

    def __init__(
        self, macro: Macro, turns: int = 0, mirror: bool = False, without: Pos | None = None
    ) -> None:
        sx, sy, sz = macro.volume.size
        volume = Volume((sx + 2 * MARGIN, sy, sz + 2 * MARGIN))
        volume.paste(macro.volume, (MARGIN, 0, MARGIN))
        if without is not None:
            volume.set((without[0] + MARGIN, without[1], without[2] + MARGIN), AIR)
        levers: dict[str, Pos] = {}
        at: dict[str, Pos] = {}
        for name, port in macro.ports.items():
            x, y, z = at[name] = (port.pos[0] + MARGIN, port.pos[1], port.pos[2] + MARGIN)
            if port.direction == "in":
                dx, _, dz = STEP[port.side]
                for step, block in ((1, CHARS[REPEATER[port.side]]), (2, LEVER)):
                    volume.set((x + step * dx, y, z + step * dz), block)
                    volume.set((x + step * dx, y - 1, z + step * dz), "stone")
                levers[name] = (x + 2 * dx, y, z + 2 * dz)
        size = volume.size
        self.volume = transformed(volume, turns, mirror)
        self.levers = {n: transform_point(p, size, turns, mirror) for n, p in levers.items()}
        self.at = {n: transform_point(p, size, turns, mirror) for n, p in at.items()}

    def levels(self, script: Sequence[Event], length: int, names: Sequence[str]) -> npt.NDArray[np.uint8]:
        """Return levels (length, names) at t = 0 .. length - 1 rt; every level must stand a whole rt.

        Time 0 is when a lever switched before the first tick reaches its port.
        """
        board = Board(self.volume)
        assert board.quiet
        actions = [(int(2 * t), self.levers[n], on) for t, n, on in sorted(script, key=lambda e: e[0])]
        rows = board.run_script(actions, 2 * length + 1, [self.at[n] for n in names])
        first, second = rows[1::2][:length], rows[2::2][:length]
        assert (first == second).all(), "a level changes between redstone ticks"
        return first

    def trace(self, script: Sequence[Event], length: int, names: Sequence[str]) -> Waves:
        """Return whether the ports are on, (length, names), in this project's simulator."""
        return self.levels(script, length, names) > 0

    def judge(
        self, engine: str, script: Sequence[Event], length: int, names: Sequence[str],
        origin: Pos = (0, 0, 0),
    ) -> Waves:  # fmt: skip
        """Return the same from an outside simulator."""
        state = dict.fromkeys(self.levers, False)
        uses = []
        for time, name, on in sorted(script, key=lambda e: e[0]):
            if state[name] != on:
                uses.append((int(2 * time), self.levers[name]))
            state[name] = on
        probes = [self.at[name] for name in names]
        return outside_levels(self.volume, engine, uses, 2 * length, probes, origin) > 0


def devices(macro: Macro) -> list[Pos]:
    """Return every repeater, comparator and torch of a macro, in array order."""
    active = [s.short in ("repeater", "comparator", "redstone_wall_torch") for s, _ in macro.volume.palette]
    return list(macro.volume.positions(np.array(active)[macro.volume.ids]))
