"""A macro with its ports on the west border in a world of its own: a lever and a repeater per input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tests.oracle.client import outside_levels

from craftc.blocks import Volume
from craftc.blocks.palette import AIR
from craftc.blocks.transform import transform_point, transformed
from craftc.cells.drawing import CHARS
from craftc.macros.base import Macro
from craftc.sim.board import Board, Snapshot

Pos = tuple[int, int, int]
Action = tuple[int, str, bool]  # game tick, name of an input or probe that is a lever, on
LEVER = "minecraft:lever[face=floor,facing=north,powered=false]"
PORT_RT = 1  # the repeater between a lever and its port


class Bench:
    """Levers (`levers`), output ports and probes (`at`) of a placed macro."""

    def __init__(
        self, macro: Macro, turns: int = 0, mirror: bool = False, without: Pos | None = None
    ) -> None:
        sx, sy, sz = macro.volume.size
        volume = Volume((sx + 4, sy, sz + 2))
        volume.paste(macro.volume, (4, 0, 1))
        if without is not None:
            volume.set((without[0] + 4, without[1], without[2] + 1), AIR)
        levers: dict[str, Pos] = {}
        at = {name: self._moved(pos) for name, pos in macro.probes.items()}
        for name, port in macro.ports.items():
            assert port.side == "west"
            x, y, z = self._moved(port.pos)
            at[name] = (x, y, z)
            if port.direction == "in":
                volume.set((x - 1, y, z), CHARS["e"])
                volume.set((x - 2, y, z), LEVER)
                for step in (1, 2):
                    volume.set((x - step, y - 1, z), "stone")
                levers[name] = (x - 2, y, z)
        size = volume.size
        self.volume = transformed(volume, turns, mirror)
        self.levers = {n: transform_point(p, size, turns, mirror) for n, p in levers.items()}
        self.at = {n: transform_point(p, size, turns, mirror) for n, p in at.items()}
        self.levers.update({n: p for n, p in self.at.items() if n.startswith("lever_")})

    @staticmethod
    def _moved(pos: Pos) -> Pos:
        return (pos[0] + 4, pos[1], pos[2] + 1)

    def board(self) -> Board:
        return Board(self.volume)

    def run(
        self,
        board: Board,
        script: Sequence[Action],
        ticks: int,
        probes: Sequence[str],
        start: Snapshot | None = None,
    ) -> npt.NDArray[np.uint8]:
        """Levels after every game tick."""
        if start is not None:
            board.restore(start)
        actions = [(t, self.levers[name], on) for t, name, on in script]
        return board.run_script(actions, ticks, [self.at[name] for name in probes])

    def judge(
        self, engine: str, script: Sequence[Action], ticks: int, probes: Sequence[str],
        origin: Pos = (0, 0, 0),
    ) -> npt.NDArray[np.uint8]:  # fmt: skip
        """Levels after every second game tick in an outside simulator."""
        state = dict.fromkeys(self.levers, False)
        uses = []
        for time, name, on in sorted(script, key=lambda a: a[0]):
            if state[name] != on:
                uses.append((time, self.levers[name]))
            state[name] = on
        return outside_levels(self.volume, engine, uses, ticks, [self.at[name] for name in probes], origin)


def devices(macro: Macro) -> list[Pos]:
    """Positions of all repeaters, comparators and torches."""
    names = ("repeater", "comparator", "redstone_wall_torch", "redstone_torch")
    wanted = np.array([s.short in names for s, _ in macro.volume.palette])
    return list(macro.volume.positions(wanted[macro.volume.ids]))
