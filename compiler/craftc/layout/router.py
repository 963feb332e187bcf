"""The router's book: one tree per net, and per cell which nets disturb it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from craftc.errors import RoutingError
from craftc.layout.fabric import HALO, NO_CLIMB, NO_DUST, NO_REPEATER, SIDES, Fabric, Terminal
from craftc.layout.search import Grid, Labels, Task, add_all, search
from craftc.layout.tree import Net, Tree, apart
from craftc.macros.base import Pos
from craftc.units import MAX_SIGNAL

# tried in turn: cells around a net's ends that are searched (None: all), labels, and how far from the
# cheapest a wire may be
TRIES = ((12, 400_000, 1.1), (40, 400_000, 1.5), (None, 1_000_000, 1.5))
LAST_TRY = (None, 3_000_000, 2.0)
SHARED_STRENGTH = 8  # keeps a shared root segment so short (7 steps) that every driver reaches all of it
UNLIMITED_RT = 1 << 20
HISTORY_STEP = 0.6
REPEATER_COSTS = (3.0, 15.0, 60.0)  # tried in turn where a delay limit is missed
_NAMES = {(1, 0, 0): "east", (-1, 0, 0): "west", (0, 0, 1): "south", (0, 0, -1): "north"}
_OPPOSITE = {"east": "west", "west": "east", "north": "south", "south": "north"}


def _ends(net: Net, offset: Pos) -> list[tuple[Pos, str, int]]:
    def moved(t: Terminal) -> tuple[Pos, str, int]:
        return (t.pos[0] + offset[0], t.pos[1] + offset[1], t.pos[2] + offset[2]), t.side, t.strength

    return [*map(moved, net.drivers), ((0, 0, 0), "", len(net.drivers)), *map(moved, net.sinks)]


class Router:
    """State of a routing run: one tree per net, and per cell what disturbs it."""

    def __init__(self, fabric: Fabric, nets: Sequence[Net]) -> None:
        self.fabric, self.nets = fabric, list(nets)
        self.trees: list[Tree | None] = [None] * len(nets)
        _, nz, nx = fabric.shape
        self.stride = {"east": 1, "west": -1, "south": nx, "north": -nx, "up": nx * nz, "down": -nx * nz}
        self.rise = nx * nz
        self.halo_steps = np.array([x + z * nx + y * self.rise for x, y, z in HALO], dtype=np.int64)
        size = int(np.prod(fabric.shape))

        def zeros(kind: type) -> np.ndarray:
            return np.zeros(size, dtype=kind)

        self.grid = Grid(
            np.array(fabric.shape, dtype=np.int64), fabric.flags.ravel(), np.full(size, -1, dtype=np.int32),
            zeros(np.int32), zeros(np.int32), zeros(np.int32), zeros(np.int32), zeros(np.float32),
            zeros(np.int32), zeros(np.float32), zeros(np.uint8), zeros(np.uint8), np.zeros(nz * nx, np.uint8),
        )  # fmt: skip
        self.searches = 0
        self.grid.column[:] = ((self.grid.flags.reshape(-1, nz * nx) & NO_DUST) == 0).any(axis=0)
        for index in range(len(nets)):
            self._fix_ends(index)

    # --- ends -------------------------------------------------------------------------------

    def describe(self, index: int) -> str:
        """Return the name and ends of a net, for messages."""
        net = self.nets[index]
        ends = [[f"{t.pos} {t.side}" for t in group] for group in (net.drivers, net.sinks)]
        return f"net {net.name} from {' and '.join(ends[0])} to {' and '.join(ends[1])}"

    def _fail(self, index: int, message: str, blockers: Sequence[str] = ()) -> RoutingError:
        detail = f"; in the way: {', '.join(blockers)}" if blockers else ""
        return RoutingError(message + detail, where=self.describe(index), legal="free cells at every port")

    def _fix_ends(self, index: int) -> None:
        """Check and reserve the cells that a net must use at its ports."""
        net = self.nets[index]
        if not net.drivers or not net.sinks:
            raise self._fail(index, "a net needs a driver and a sink")
        for terminal in (*net.drivers, *net.sinks):
            if terminal.side not in _OPPOSITE:
                raise self._fail(index, f"side {terminal.side!r} of a port", ())
        for number, terminal in enumerate(net.drivers):
            if terminal.strength < 2:
                raise self._fail(index, f"driver strength {terminal.strength} is below 2")
            if len(net.drivers) > 1 and number == 0:
                self._fix_repeater(index, terminal.cell(1))
                self._fix_dust(index, terminal.cell(2), None)
            else:
                self._fix_dust(index, terminal.cell(1), terminal.pos)
        starts = {t.cell(1): t.pos for t in net.drivers}
        for terminal in net.sinks:
            self._fix_repeater(index, terminal.cell(1))
            self._fix_dust(index, terminal.cell(2), starts.get(terminal.cell(2)))

    def _fix_dust(self, index: int, pos: Pos, exempt: Pos | None) -> None:
        faults = self.fabric.dust_faults(pos, exempt)
        if faults:
            raise self._fail(index, f"no dust may lie at {pos}", faults)
        cell = self.fabric.flat(pos)
        self.grid.flags[cell] |= NO_REPEATER
        self.grid.column[cell % self.rise] = 1  # beside a port dust may lie, whatever the flags say
        self._own_cell(index, cell, pos)

    def _fix_repeater(self, index: int, pos: Pos) -> None:
        faults = self.fabric.repeater_faults(pos)
        if faults:
            raise self._fail(index, f"no repeater may stand at {pos}", faults)
        cell = self.fabric.flat(pos)
        self.grid.flags[[cell, cell - self.rise, cell + self.rise]] |= NO_DUST
        self._own_cell(index, cell, pos)

    def _own_cell(self, index: int, cell: int, pos: Pos) -> None:
        owner = self.grid.owner
        if owner[cell] not in (-1, index):
            other = self.nets[owner[cell]].name if owner[cell] >= 0 else "several nets"
            raise self._fail(index, f"its end at {pos} disturbs an end of {other}")
        halo = cell + self.halo_steps
        owner[halo] = np.where((owner[halo] == -1) | (owner[halo] == index), index, -2)

    # --- book-keeping -----------------------------------------------------------------------

    def _mark(self, halo: np.ndarray, solid: np.ndarray, tree: Tree, first: int, sign: int) -> None:
        """Add or take away what elements first.. of a tree disturb."""
        cells = np.array(tree.cell[first:], dtype=np.int64)
        if not len(cells):
            return
        add_all(halo, (cells[:, None] + self.halo_steps).ravel(), sign)
        add_all(halo, self._lower(tree, first) + 2 * self.rise, sign)
        add_all(solid, cells - self.rise, sign)

    def _lower(self, tree: Tree, first: int) -> np.ndarray:
        """Return the lower dust of every step at elements first.. (its head must stay open)."""
        out = []
        for number in range(first, len(tree.cell)):
            parent = tree.parent[number]
            if parent < 0 or tree.side[number] or tree.side[parent]:
                continue
            a, b = tree.cell[number], tree.cell[parent]
            if a // self.rise != b // self.rise:
                out.append(min(a, b))
        return np.array(out, dtype=np.int64)

    def conflict_cells(self, index: int) -> list[int]:
        """Return the cells of a net that another net disturbs, in order."""
        tree = self.trees[index]
        assert tree is not None
        cells = np.array(tree.cell, dtype=np.int64)
        own = np.zeros(0, dtype=np.int64)
        self._mark(self.grid.halo, self.grid.solid, tree, 0, -1)
        own = cells[self.grid.halo[cells] > 0]
        lower = self._lower(tree, 0)
        own = np.concatenate([own, lower[self.grid.solid[lower + self.rise] > 0]])
        self._mark(self.grid.halo, self.grid.solid, tree, 0, 1)
        return [int(c) for c in np.unique(own)]

    def conflicts(self) -> list[int]:
        """Return the nets that disturb each other, and make their disturbed cells dearer."""
        out = []
        for index in range(len(self.nets)):
            cells = self.conflict_cells(index)
            if cells:
                self.grid.history[cells] += HISTORY_STEP
                out.append(index)
        return out

    def keep(self, index: int, old: Tree, at: npt.NDArray[np.int32], offset: Pos) -> bool:
        """Take over a wire with elements at positions `at` + `offset` if the net may still have it there."""
        local = at.astype(np.int64) + np.array(offset) - np.array(self.fabric.corner)
        inside = (local > 2) & (local < np.array(self.fabric.shape)[[2, 0, 1]] - 3)
        if _ends(old.net, offset) != _ends(self.nets[index], (0, 0, 0)) or not inside.all():
            return False
        _, nz, nx = self.fabric.shape
        cells = (local[:, 1] * nz + local[:, 2]) * nx + local[:, 0]
        tree = replace(old, net=self.nets[index], cell=[int(c) for c in cells])
        grid = self.grid
        shut = np.where([bool(s) for s in tree.side], NO_DUST | NO_REPEATER, NO_DUST)
        bad = (grid.flags[cells] & shut != 0) & ~np.isin(cells, list(self._end_cells(index)))
        bad |= (grid.owner[cells] != -1) & (grid.owner[cells] != index)
        if bad.any() or (grid.flags[self._lower(tree, 0)] & NO_CLIMB).any():
            return False
        self._mark(grid.halo, grid.solid, tree, 0, 1)
        self.trees[index] = tree
        return True

    def _end_cells(self, index: int) -> set[int]:
        net = self.nets[index]
        ends = [(t, steps) for t in (*net.drivers, *net.sinks) for steps in (1, 2)]
        return {self.fabric.flat(t.cell(steps)) for t, steps in ends}

    # --- routing ----------------------------------------------------------------------------

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
        return self._extend(tree, last, end, _OPPOSITE[sink.side], MAX_SIGNAL, 0)

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
                    doors.setdefault(outer, (outer, middle, _OPPOSITE[name]))
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
                side = next(s for s in _OPPOSITE if self.stride[s] == step)
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

    def finish(self) -> list[Tree]:
        """Return all trees. Raises RoutingError if any wire disturbs another or itself."""
        trees = [t for t in self.trees if t is not None]
        for index, tree in enumerate(trees):
            if self.conflict_cells(index):
                raise self._fail(index, "wires disturb each other")
            self._check_self(index, tree)
        return trees

    def _check_self(self, index: int, tree: Tree) -> None:
        """Refuse a tree in which dust of different strength segments touches by accident."""
        number = {cell: n for n, cell in enumerate(tree.cell)}
        for low in self._lower(tree, 0):
            if int(low) + 2 * self.rise in number:
                raise self._fail(index, f"its wire cuts its own step at {self.fabric.position(int(low))}")
        for n, cell in enumerate(tree.cell):
            for step in self.halo_steps:
                m = number.get(int(cell + step), n)
                if m == n or tree.parent[m] == n or tree.parent[n] == m:
                    continue
                same = tree.rt[m] == tree.rt[n] and not tree.side[m] and not tree.side[n]
                harmless = (tree.side[m] or tree.side[n]) and not self._reads(tree, m, n)
                if not same and not harmless:
                    raise self._fail(index, f"its wire touches itself at {self.fabric.position(cell)}")

    def _reads(self, tree: Tree, m: int, n: int) -> bool:
        """Whether of two touching elements a repeater has the other in front or behind, or stands on it."""
        for a, b in ((m, n), (n, m)):
            if tree.side[a]:
                step = self.stride[tree.side[a]]
                if tree.cell[b] - tree.cell[a] in (step, -step, self.rise, -self.rise):
                    return not (tree.joined[a] and tree.cell[b] - tree.cell[a] == step)
        return False
