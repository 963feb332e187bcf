"""Boards of driver and sink stubs for router tests, and the check of routed wires by simulation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from craftc.blocks import Volume
from craftc.cells.drawing import CHARS
from craftc.layout.fabric import Terminal
from craftc.layout.route import Net, RouteResult
from craftc.macros.base import STEP
from craftc.sim.board import Board

LEVER = "minecraft:lever[face=floor,facing=north,powered=false]"
Pos = tuple[int, int, int]


@dataclass
class Bench:
    """A board with nets whose drivers are levers behind a port dust and whose sinks are bare port dusts."""

    size: Pos
    volume: Volume = field(init=False)
    nets: list[Net] = field(default_factory=list)
    levers: dict[str, list[Pos]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.volume = Volume(self.size)

    def _port(self, pos: Pos) -> None:
        self.volume.set(pos, CHARS["+"])
        self.volume.set((pos[0], pos[1] - 1, pos[2]), "stone")

    def net(
        self,
        name: str,
        drivers: list[tuple[Pos, str]],
        sinks: list[tuple[Pos, str]],
        max_rt: int | None = None,
    ) -> None:
        levers = []
        for pos, side in drivers:
            self._port(pos)
            dx, _, dz = STEP[side]
            lever = (pos[0] - dx, pos[1], pos[2] - dz)
            self.volume.set(lever, LEVER)
            self.volume.set((lever[0], lever[1] - 1, lever[2]), "stone")
            levers.append(lever)
        for pos, _ in sinks:
            self._port(pos)
        self.levers[name] = levers
        ends = [tuple(Terminal(p, s) for p, s in group) for group in (drivers, sinks)]
        self.nets.append(Net(name, ends[0], ends[1], max_rt))


def random_bench(size: Pos, nets: int, drivers: int, sinks: int, seed: int) -> Bench:
    """Return a board of random ports, at least 6 apart in x or z or 9 in y."""
    rng = np.random.default_rng(seed)
    bench = Bench(size)
    used: list[Pos] = []

    def port() -> tuple[Pos, str]:
        for _ in range(5000):
            side = ("east", "west", "south", "north")[rng.integers(4)]
            x, y, z = (int(rng.integers(a, s - a)) for a, s in zip((5, 2, 5), size, strict=True))
            if all(max(abs(x - q[0]), abs(z - q[2])) >= 6 or abs(y - q[1]) > 8 for q in used):
                used.append((x, y, z))
                return (x, y, z), side
        raise AssertionError("board too small for its ports")

    for number in range(nets):
        bench.net(f"n{number}", [port() for _ in range(drivers)], [port() for _ in range(sinks)])
    return bench


def wrong_sinks(bench: Bench, result: RouteResult) -> int:
    """Switch every driver on and off alone; count sinks that are not exactly as reported, every game tick.

    The sink of the driven net must follow after delay_rt, all others must stay at 0.
    """
    board = Board(bench.volume)
    sinks = [(net.name, k, t.pos) for net in bench.nets for k, t in enumerate(net.sinks)]
    wrong = 0
    for net in bench.nets:
        for driver, delays in enumerate(result.nets[net.name].delay_rt):
            for on in (True, False):
                ticks = 2 * max(delays) + 8
                script = [(0, bench.levers[net.name][driver], on)]
                got = board.run_script(script, ticks, [pos for _, _, pos in sinks]) > 0
                want = np.zeros_like(got)
                for column, (name, k, _) in enumerate(sinks):
                    if name == net.name:
                        want[:, column] = (np.arange(1, ticks + 1) >= 2 * delays[k]) == on
                wrong += int((got != want).any(axis=0).sum())
    return wrong
