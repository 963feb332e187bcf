"""Routes binary nets over the fabric with negotiated congestion, and places the wires.

PathFinder (McMurchie and Ebeling 1995): every net takes its cheapest tree, disturbing others at a price;
nets that disturb each other are ripped up and routed again while the price rises and disturbed cells
remember it, until no two nets disturb each other. Everything is ordered by net, so equal input gives equal
wires.

A net is a tree of dust and repeaters from its first driver to all sinks. A net with several drivers is a
wired OR: every driver has a repeater of its own into the dust of the first driver's root segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.blocks import Volume
from craftc.cells.drawing import CHARS
from craftc.errors import RoutingError
from craftc.layout.fabric import Bounds, Fabric, Mask, Terminal
from craftc.layout.router import Router
from craftc.layout.tree import Net, Tree
from craftc.macros.base import Pos

MAX_ROUNDS = 60
STUBBORN_ROUND = 8
PRESENT_FIRST, PRESENT_GROWTH, PRESENT_MOST = 1.0, 1.5, 200.0
_REPEATER = {"east": "e", "west": "w", "north": "n", "south": "u"}

__all__ = ["Net", "RouteResult", "RoutedNet", "Terminal", "route"]


@dataclass(frozen=True, slots=True)
class RoutedNet:
    """What became of a net.

    delay_rt[d][k] is the delay from driver d to sink k in rt; length[k] the elements of the wire from the
    first driver to sink k; `cells` are the positions of all dust and repeaters, (n, 3) as x, y, z.
    """

    name: str
    delay_rt: tuple[tuple[int, ...], ...]
    length: tuple[int, ...]
    dust: int
    repeaters: int
    cells: npt.NDArray[np.int32]
    tree: Tree


@dataclass(frozen=True, slots=True)
class RouteResult:
    """All nets by name, the rounds of negotiation, and the cells filled (wires and supports)."""

    nets: dict[str, RoutedNet]
    rounds: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """Wires of an earlier run; `offset` is added to their positions to get those of the present volume."""

    result: RouteResult
    offset: Pos


def route(
    volume: Volume,
    nets: Sequence[Net],
    keepout: Mask | None = None,
    bounds: Bounds | None = None,
    support: str = "minecraft:stone",
    max_rounds: int = MAX_ROUNDS,
    earlier: Earlier | None = None,
) -> RouteResult:
    """Route all nets, place their blocks into `volume`, and return what was placed.

    `keepout` marks cells [y, z, x] that wires and supports must leave alone; `bounds` is (low, high
    exclusive). Wires of `earlier` are kept where their ends and surroundings allow it. Dust gets its shape
    when the whole world is done (blocks/dust.py). Raises RoutingError naming the net, its ends and what
    blocks it; then the volume is unchanged.
    """
    names = [net.name for net in nets]
    if len(set(names)) != len(names):
        raise RoutingError("two nets of one name", where=next(n for n in names if names.count(n) > 1))
    fabric = Fabric(volume, bounds, keepout)
    router = Router(fabric, nets)
    if earlier is not None:
        for index, net in enumerate(nets):
            known = earlier.result.nets.get(net.name)
            if known is not None:
                router.keep(index, known.tree, known.cells, earlier.offset)
    rounds = _negotiate(router, max_rounds)
    trees = router.finish()
    before = volume.placed_blocks
    for tree in trees:
        _place(volume, fabric, tree, support)
    routed = {tree.net.name: _report(fabric, tree) for tree in trees}
    return RouteResult(routed, rounds, volume.placed_blocks - before)


def _negotiate(router: Router, max_rounds: int) -> int:
    """Route until nothing disturbs anything; return the rounds used."""
    todo = [index for index, tree in enumerate(router.trees) if tree is None]
    present = PRESENT_FIRST
    for number in range(1, max_rounds + 1):
        if number > STUBBORN_ROUND:  # the same few get in each other's way: another one goes first
            for index in todo:
                router.rip(index)
            first = number % len(todo)
            todo = todo[first:] + todo[:first]
        for index in todo:
            router.reroute(index, present)
        todo = router.conflicts()
        if not todo:
            return number
        present = min(present * PRESENT_GROWTH, PRESENT_MOST)
    names = ", ".join(router.nets[i].name for i in todo[:4])
    cell = router.fabric.position(router.conflict_cells(todo[0])[0])
    raise RoutingError(
        f"{len(todo)} nets still disturb each other after {max_rounds} rounds: {names}; first at {cell}",
        where=router.describe(todo[0]),
        legal="more room between the ports or wider bounds",
    )


def _place(volume: Volume, fabric: Fabric, tree: Tree, support: str) -> None:
    cells = np.array([fabric.position(c) for c in tree.cell], dtype=np.int64)
    chars = np.array([volume.palette.add(CHARS[_REPEATER[s]] if s else CHARS["+"]) for s in tree.side])
    x, y, z = cells[:, 0], cells[:, 1], cells[:, 2]
    volume.ids[y, z, x] = chars
    below = volume.ids[y - 1, z, x]
    volume.ids[y - 1, z, x] = np.where(below == 0, volume.palette.add(support), below)


def _report(fabric: Fabric, tree: Tree) -> RoutedNet:
    cells = np.array([fabric.position(c) for c in tree.cell], dtype=np.int32)
    sinks = [tree.rt[end] for end in tree.ends]
    root = tree.root_rt
    delays = [tuple(lead + rt - root for rt in sinks) for lead in tree.leads_rt]
    lengths = tuple(len(tree.way(end)) for end in tree.ends)
    repeaters = sum(1 for side in tree.side if side)
    dust = len(tree.cell) - repeaters
    return RoutedNet(tree.net.name, tuple(delays), lengths, dust, repeaters, cells, tree)


def positions(result: RouteResult) -> dict[str, list[Pos]]:
    """Return the cells of every net as (x, y, z)."""
    return {name: [(int(a), int(b), int(c)) for a, b, c in net.cells] for name, net in result.nets.items()}
