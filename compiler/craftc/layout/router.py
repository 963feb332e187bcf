"""Grows the trees of nets by searches over the fabric."""

from __future__ import annotations

import numpy as np

from craftc.errors import RoutingError
from craftc.layout.fabric import NO_DUST, SIDES, Terminal
from craftc.layout.grid import Labels, Task
from craftc.layout.ledger import OPPOSITE, Ledger
from craftc.layout.search import search
from craftc.layout.tree import Net, Tree, apart
from craftc.units import MAX_SIGNAL

# tried in turn: cells around a net's ends that are searched (None: all), labels, and how far from the
# cheapest a wire may be
TRIES = ((12, 400_000, 1.1), (40, 400_000, 1.5), (None, 1_000_000, 1.5))
LAST_TRY = (None, 3_000_000, 2.0)
SHARED_STRENGTH = 8  # keeps a shared root segment so short (7 steps) that every driver reaches all of it
UNLIMITED_RT = 1 << 20
REPEATER_COSTS = (3.0, 15.0, 60.0)  # tried in turn where a delay limit is missed
_NAMES = {(1, 0, 0): "east", (-1, 0, 0): "west", (0, 0, 1): "south", (0, 0, -1): "north"}


class Router(Ledger):
    """Routes nets one by one; what disturbs what is kept by the ledger."""

    def rip(self, index: int) -> None:
        """Take a net's wire away."""
        old = self.trees[index]
        if old is not None:
            self._mark(self.grid.halo, self.grid.solid, old, 0, -1)
            self.trees[index] = None

    def reroute(self, index: int, present: float) -> None:
        """Rip a net up and route it again at a given price of disturbing others."""
        self.rip(index)
        tree = self._grow(index, present)
        self._mark(self.grid.halo, self.grid.solid, tree, 0, 1)
        self.trees[index] = tree

    def _grow(self, index: int, present: float) -> Tree:
        """Return a new tree; a wired OR is tried with its first sink before its further drivers first."""
        orders = (False, True) if len(self.nets[index].drivers) > 1 else (False,)
        for joins_first in orders:
            tree = Tree(self.nets[index])
            try:
                self._grow_in_order(index, tree, present, joins_first)
                return tree
            except RoutingError:
                if joins_first == orders[-1]:
                    raise
            finally:
                self._forget(tree)
        raise AssertionError("unreachable")

    def _forget(self, tree: Tree) -> None:
        """Clear what a tree under way has written into the arrays of the own net."""
        ends = [self.fabric.flat(sink.cell(steps)) for sink in tree.net.sinks for steps in (1, 2)]
        cells = np.array([*tree.cell, *ends], dtype=np.int64)
        around = (cells[:, None] + self.halo_steps).ravel()
        for touched in (around, self._lower(tree, 0) + 2 * self.rise, cells - self.rise):
            self.grid.own[touched] = 0
            self.grid.own_solid[touched] = 0

    def _extend(self, tree: Tree, cell: int, parent: int, side: str, strength: int, driver: int) -> int:
        number = tree.add(cell, parent, side, strength, driver)
        self._mark(self.grid.own, self.grid.own_solid, tree, number, 1)
        return number

    def _plant(self, tree: Tree) -> list[int]:
        """Place the elements at all drivers; return those of the further drivers."""
        first, *others = tree.net.drivers
        flat = self.fabric.flat
        if others:
            number = self._extend(tree, flat(first.cell(1)), -1, first.side, MAX_SIGNAL, 0)
            self._extend(tree, flat(first.cell(2)), number, "", SHARED_STRENGTH, 0)
            tree.root_rt = 1
        else:
            self._extend(tree, flat(first.cell(1)), -1, "", first.strength - 1, 0)
        tree.leads_rt = [tree.root_rt]
        return [
            self._extend(tree, flat(other.cell(1)), -1, "", other.strength - 1, driver)
            for driver, other in enumerate(others, 1)
        ]

    def _grow_in_order(self, index: int, tree: Tree, present: float, joins_first: bool) -> None:
        net = self.nets[index]
        starts = self._plant(tree)
        order = self._nearest_first(net)
        for sink in order:
            self._reserve(net.sinks[sink], 1)
            self.grid.own_solid[self.fabric.flat(net.sinks[sink].cell(1)) - self.rise] += 1
        tree.ends = [-1] * len(net.sinks)
        for turn, sink in enumerate(order):
            if turn == (0 if joins_first else 1):
                self._join_all(index, tree, starts, present)
            self._reserve(net.sinks[sink], -1)
            tree.ends[sink] = self._reach(index, tree, net.sinks[sink], present)
        if len(order) == 1 and not joins_first:
            self._join_all(index, tree, starts, present)
        worst = max(tree.leads_rt) + max(tree.rt[e] for e in tree.ends) - tree.root_rt
        if net.max_rt is not None and worst > net.max_rt:
            raise self._fail(index, f"needs {worst} rt, more than its limit of {net.max_rt}")

    def _join_all(self, index: int, tree: Tree, starts: list[int], present: float) -> None:
        for start in starts:
            self._join(index, tree, start, present)

    @staticmethod
    def _nearest_first(net: Net) -> list[int]:
        start = net.drivers[0].pos

        def far(k: int) -> tuple[int, int]:
            return (sum(abs(a - b) for a, b in zip(start, net.sinks[k].pos, strict=True)), k)

        return sorted(range(len(net.sinks)), key=far)

    def _reach(self, index: int, tree: Tree, sink: Terminal, present: float) -> int:
        goal, last = self.fabric.flat(sink.cell(2)), self.fabric.flat(sink.cell(1))
        dusts = [n for n in range(len(tree.cell)) if not tree.side[n] and not tree.joined[n]]
        most = self.nets[index].max_rt
        limit = UNLIMITED_RT if most is None else most
        end = self._connect(index, tree, dusts, [goal], [last], present, limit, 0)
        return self._extend(tree, last, end, OPPOSITE[sink.side], MAX_SIGNAL, 0)

    def _reserve(self, sink: Terminal, sign: int) -> None:
        """Keep the rest of the net away from the last dust of a sink that is not yet reached."""
        self.grid.own[self.fabric.flat(sink.cell(2)) + self.halo_steps] += sign

    def _join(self, index: int, tree: Tree, start: int, present: float) -> None:
        """Bring the driver of element `start` to the root segment, through a repeater of its own."""
        doors = self._doors(index, tree)
        if not doors:
            raise self._fail(index, "no place for a further driver's repeater at the first driver's dust")
        goals, lasts = [d[0] for d in doors], [d[1] for d in doors]
        driver = tree.joined[start]
        end = self._connect(index, tree, [start], goals, lasts, present, UNLIMITED_RT, driver)
        door = doors[goals.index(tree.cell[end])]
        self._extend(tree, door[1], end, door[2], MAX_SIGNAL, driver)
        tree.leads_rt.append(tree.rt[-1])

    def _doors(self, index: int, tree: Tree) -> list[tuple[int, int, str]]:
        """Return (dust, repeater, output side) of all ways to drive the root segment, each dust once."""
        grid = self.grid
        root = [
            n for n in range(len(tree.cell)) if not tree.side[n] and tree.rt[n] == 1 and not tree.joined[n]
        ]
        exits = [tree.parent[n] for n in range(len(tree.cell)) if tree.side[n] and tree.parent[n] in root]
        doors: dict[int, tuple[int, int, str]] = {}
        for number in root:
            if any(apart(tree, number, e) >= MAX_SIGNAL for e in exits):
                continue
            for step in SIDES:
                name = _NAMES[step]
                middle = tree.cell[number] + self.stride[name]
                outer = middle + self.stride[name]
                shut = (grid.flags[middle] | grid.flags[outer]) & NO_DUST
                owners = {int(grid.owner[c]) for c in (middle, outer)} - {-1, index}
                if not shut and not owners and grid.own[middle] == 1 and grid.own[outer] == 0:
                    doors.setdefault(outer, (outer, middle, OPPOSITE[name]))
        return list(doors.values())

    def _connect(
        self, index: int, tree: Tree, dusts: list[int], goals: list[int], lasts: list[int], present: float,
        limit: int, driver: int,
    ) -> int:  # fmt: skip
        """Search from tree dusts to one of the goals, extend the tree, return the element at the goal."""
        costs = REPEATER_COSTS[:1] if limit == UNLIMITED_RT else REPEATER_COSTS
        tries = [(cost, *shape) for cost in costs for shape in TRIES]
        for cost, margin, most, greed in (*tries, (costs[-1], *LAST_TRY)):
            low, high = self._window(index, margin)
            self.searches += 1
            task = Task(
                index, self.searches,
                np.array([tree.cell[n] for n in dusts], dtype=np.int64),
                np.array([tree.strength[n] for n in dusts], dtype=np.int64),
                np.array([tree.rt[n] for n in dusts], dtype=np.int64),
                np.array(goals, dtype=np.int64), np.array(lasts, dtype=np.int64),
                low, high, present, cost, limit, most, greed,
            )  # fmt: skip
            labels: Labels = search(self.grid, task)
            if labels.end >= 0:
                return self._follow(tree, dusts, labels, driver)
            if margin is None and labels.used < most and limit == UNLIMITED_RT:
                break  # everything reachable was seen
        raise self._no_path(index, self._without_foresight(task), limit)

    def _without_foresight(self, task: Task) -> Labels:
        """Search again as if every column were open, to see how near the wire comes to its goal."""
        columns = self.grid.column.copy()
        self.grid.column[:] = 1
        self.searches += 1
        labels: Labels = search(self.grid, task._replace(number=self.searches))
        self.grid.column[:] = columns
        return labels

    def _window(self, index: int, margin: int | None) -> tuple[np.ndarray, np.ndarray]:
        shape = np.array(self.fabric.shape, dtype=np.int64)
        if margin is None:
            return np.zeros(3, dtype=np.int64), shape - 1
        net = self.nets[index]
        ends = np.array([self.fabric.local(t.cell(2)) for t in (*net.drivers, *net.sinks)], dtype=np.int64)
        ends = ends[:, [1, 2, 0]]
        return np.maximum(ends.min(axis=0) - margin, 0), np.minimum(ends.max(axis=0) + margin, shape - 1)

    def _follow(self, tree: Tree, dusts: list[int], labels: Labels, driver: int) -> int:
        chain = []
        at = labels.end
        while at >= 0:
            chain.append(at)
            at = int(labels.parent[at])
        chain.reverse()
        here = dusts[chain[0]]
        for label in chain[1:]:
            cell, strength = int(labels.cell[label]), int(labels.strength[label])
            if labels.by_repeater[label]:
                middle = (cell + tree.cell[here]) // 2
                step = middle - tree.cell[here]
                side = next(s for s in OPPOSITE if self.stride[s] == step)
                here = self._extend(tree, middle, here, side, MAX_SIGNAL, driver)
            here = self._extend(tree, cell, here, "", strength, driver)
        return here

    def _no_path(self, index: int, labels: Labels, limit: int) -> RoutingError:
        what = f"no path within {limit} rt" if limit < UNLIMITED_RT else "no path"
        if labels.used >= LAST_TRY[1]:
            what += f" among {labels.used} labels"
        near = self.fabric.position(int(labels.cell[labels.near]))
        blockers: list[str] = []
        for dx, _, dz in SIDES:
            for dy in (0, 1, -1):
                cell = (near[0] + dx, near[1] + dy, near[2] + dz)
                blockers += [f for f in self.fabric.dust_faults(cell) if f not in blockers]
        return self._fail(index, f"{what}; came as near as {near}", blockers[:6])
