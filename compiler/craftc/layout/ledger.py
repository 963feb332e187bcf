"""The router's ledger: one tree per net, and per cell which nets disturb it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from craftc.errors import RoutingError
from craftc.layout.fabric import HALO, NO_CLIMB, NO_DUST, NO_REPEATER, Fabric, Terminal
from craftc.layout.grid import Grid, add_all
from craftc.layout.tree import Net, Tree
from craftc.macros.base import Pos

HISTORY_STEP = 0.6
OPPOSITE = {"east": "west", "west": "east", "north": "south", "south": "north"}


def _ends(net: Net, offset: Pos) -> list[tuple[Pos, str, int]]:
    def moved(t: Terminal) -> tuple[Pos, str, int]:
        return (t.pos[0] + offset[0], t.pos[1] + offset[1], t.pos[2] + offset[2]), t.side, t.strength

    return [*map(moved, net.drivers), ((0, 0, 0), "", len(net.drivers)), *map(moved, net.sinks)]


class Ledger:
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
            if terminal.side not in OPPOSITE:
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
