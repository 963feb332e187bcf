"""Shortest wires over the fabric: A* with signal strength in the state, compiled.

A label is (cell, strength, repeaters so far). Labels of one cell are pruned by dominance: a label that
costs no less and is no stronger than another of its cell is dropped. The estimate counts cells, steps and
repeaters of a wire that crosses every column with a legal cell freely, and never overestimates.
"""

from __future__ import annotations

import heapq

import numba as nb
import numpy as np

from craftc.layout.fabric import NO_CLIMB, NO_DUST, NO_REPEATER
from craftc.layout.grid import Labels, inside, place
from craftc.units import MAX_SIGNAL

CLIMB_PRICE = 0.25  # of a step up or down, beside its cell
LOOK_BACK = 40  # elements of the own wire that a new one is compared with during the search


@nb.njit(cache=True)
def _ways(grid, task):  # type: ignore[no-untyped-def]
    """Return per column (z, x) of the window the fewest steps to a goal through legal columns, -1 if none."""
    nz, nx = grid.shape[1], grid.shape[2]
    depth, width = task.high[1] - task.low[1] + 1, task.high[2] - task.low[2] + 1
    far = np.full((depth, width), -1, np.int32)
    queue = np.empty((depth * width, 2), np.int32)
    first, last = 0, 0
    for goal in task.goal:
        z, x = goal // nx % nz - task.low[1], goal % nx - task.low[2]
        if 0 <= z < depth and 0 <= x < width and far[z, x] < 0:
            far[z, x] = 0
            queue[last, 0], queue[last, 1] = z, x
            last += 1
    while first < last:
        z, x = queue[first, 0], queue[first, 1]
        first += 1
        for dz, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            b, a = z + dz, x + dx
            if not (0 <= b < depth and 0 <= a < width) or far[b, a] >= 0:
                continue
            if grid.column[(b + task.low[1]) * nx + a + task.low[2]]:
                far[b, a] = far[z, x] + 1
                queue[last, 0], queue[last, 1] = b, a
                last += 1
    return far


@nb.njit(cache=True)
def _estimate(grid, task, ways, at, strength):  # type: ignore[no-untyped-def]
    """Return a lower bound of the price from a dust of that strength at (y, z, x) to the nearest goal.

    inf if no goal can be reached. One repeater carries a wire 16 cells: 2 by itself, 14 by the dust after it.
    """
    y, z, x = at[0], at[1] - task.low[1], at[2] - task.low[2]
    if not (0 <= z < ways.shape[0] and 0 <= x < ways.shape[1]) or ways[z, x] < 0:
        return np.inf
    rise = grid.shape[0]
    layer = grid.shape[1] * grid.shape[2]
    for goal in task.goal:
        rise = min(rise, abs(goal // layer - y))
    far = max(ways[z, x], rise)
    repeaters = max(0, (far - strength + 1 + MAX_SIGNAL) // (MAX_SIGNAL + 1))
    return far + CLIMB_PRICE * rise + task.repeater_cost * repeaters


@nb.njit(cache=True)
def _disturbs(grid, a, b):  # type: ignore[no-untyped-def]
    """Whether elements of one wire that are not neighbours along it disturb each other."""
    nx = grid.shape[2]
    layer = grid.shape[1] * nx
    apart = a - b
    if apart > 2 * layer or apart < -2 * layer:
        return False
    for flat in (apart, apart - layer, apart + layer):
        if flat == 0 or flat == 1 or flat == -1 or flat == nx or flat == -nx:
            return True
    return apart == 2 * layer or apart == -2 * layer


@nb.njit(cache=True)
def _meets_itself(grid, labels, at, cell, skip_first):  # type: ignore[no-untyped-def]
    """Whether an element at `cell` disturbs the wire that ends in label `at` (its last element apart)."""
    cells, parents, by_repeater = labels[0], labels[1], labels[2]
    first = skip_first
    for _ in range(LOOK_BACK):
        if at < 0:
            return False
        if not first and _disturbs(grid, cell, cells[at]):
            return True
        above = parents[at]
        if above >= 0 and by_repeater[at] and _disturbs(grid, cell, (cells[at] + cells[above]) // 2):
            return True
        at, first = above, False
    return False


@nb.njit(cache=True)
def _crowded(grid, labels, at, cell):  # type: ignore[no-untyped-def]
    """Whether a repeater at `cell` shares its column with the wire that ends in label `at`.

    Dust beside the flank of a repeater is harmless.
    """
    layer = grid.shape[1] * grid.shape[2]
    for _ in range(LOOK_BACK):
        if at < 0:
            return False
        rise = abs(labels[0][at] - cell)
        if rise == 0 or rise == layer or rise == 2 * layer:
            return True
        at = labels[1][at]
    return False


@nb.njit(cache=True)
def _open(grid, task, cell, allowed):  # type: ignore[no-untyped-def]
    """Whether an element may stand in `cell`; `allowed` own elements may touch it."""
    if grid.flags[cell] & NO_DUST or (grid.owner[cell] != -1 and grid.owner[cell] != task.net):
        return False
    return grid.own[cell] <= allowed


@nb.njit(cache=True)
def _step(grid, task, here, side, move, strength, allowed):  # type: ignore[no-untyped-def]
    """Return (cost, cell, new strength) of a move: 0 flat, 1 up, 2 down, 3 repeater; cost < 0 is illegal."""
    rise = grid.shape[1] * grid.shape[2]
    if move == 3:
        middle, cell = here + side, here + 2 * side
        if grid.flags[middle] & NO_REPEATER or not _open(grid, task, middle, allowed):
            return -1.0, cell, 0
        if not _open(grid, task, cell, 0):
            return -1.0, cell, 0
        price = 2.0 + task.repeater_cost + grid.history[middle] + grid.history[cell]
        return price + task.present * (grid.halo[middle] + grid.halo[cell]), cell, MAX_SIGNAL
    cell = here + side + (rise if move == 1 else -rise if move == 2 else 0)
    if strength < 2 or not _open(grid, task, cell, allowed):
        return -1.0, cell, 0
    price = 1.0 + grid.history[cell] + task.present * grid.halo[cell]
    if move:
        lower = here if move == 1 else cell
        if grid.flags[lower] & NO_CLIMB or grid.own_solid[lower + rise]:
            return -1.0, cell, 0
        price += CLIMB_PRICE + task.present * grid.solid[lower + rise]
    return price, cell, strength - 1


@nb.njit(cache=True)
def _fresh(grid, number, cell):  # type: ignore[no-untyped-def]
    if grid.seen[cell] != number:
        grid.seen[cell] = number
        grid.cost[cell] = np.inf
        grid.strong[cell] = 0
        grid.closed[cell] = 0


@nb.njit(cache=True)
def _goal_of(task, cell):  # type: ignore[no-untyped-def]
    for index in range(len(task.goal)):
        if task.goal[index] == cell:
            return index
    return -1


@nb.njit(cache=True)
def _expand(grid, task, ways, book, heap, at, count):  # type: ignore[no-untyped-def]
    """Make the labels that follow label `at`; return the new number of labels."""
    cells, parents, strengths, rts, by_repeater, price = book
    links = (cells, parents, by_repeater)
    here = cells[at]
    y, z, x = place(grid, here)
    allowed = 1 if parents[at] < 0 else 0
    for way in range(16):
        move = way % 4
        dz, dx = ((0, 1), (0, -1), (1, 0), (-1, 0))[way // 4]
        side = dz * grid.shape[2] + dx
        reach = 2 if move == 3 else 1
        there = (y + (1 if move == 1 else -1 if move == 2 else 0), z + reach * dz, x + reach * dx)
        if not inside(task, there) or (move == 3 and rts[at] + 2 > task.max_rt):
            continue
        more, cell, strength = _step(grid, task, here, side, move, strengths[at], allowed)
        if more < 0.0:
            continue
        _fresh(grid, task.number, cell)
        total = price[at] + more
        if strength <= grid.closed[cell] or (total >= grid.cost[cell] and strength <= grid.strong[cell]):
            continue
        guess = _estimate(grid, task, ways, there, strength)
        if guess == np.inf or _meets_itself(grid, links, at, cell, move != 3):
            continue
        if move == 3 and _meets_itself(grid, links, at, here + side, True):
            continue
        grid.cost[cell], grid.strong[cell] = total, strength
        cells[count], parents[count], price[count] = cell, at, total
        strengths[count], rts[count] = strength, rts[at] + (1 if move == 3 else 0)
        by_repeater[count] = 1 if move == 3 else 0
        heapq.heappush(heap, (total + task.greed * guess, -total, count))
        count += 1
    return count


@nb.njit(cache=True)
def _reached(grid, task, book, at):  # type: ignore[no-untyped-def]
    """Whether label `at` stands at a goal with room for the last repeater."""
    cells, parents, rts = book[0], book[1], book[3]
    index = _goal_of(task, cells[at])
    if index < 0 or rts[at] >= task.max_rt:
        return False
    return not _crowded(grid, (cells, parents), at, task.goal_repeater[index])


@nb.njit(cache=True)
def search(grid, task):  # type: ignore[no-untyped-def]
    """Return the Labels of one search; about task.limit labels are made at most."""
    room = task.limit + 32 + len(task.start)
    cells, parents = np.empty(room, np.int64), np.empty(room, np.int32)
    strengths, rts = np.empty(room, np.uint8), np.empty(room, np.int32)
    by_repeater, price = np.zeros(room, np.uint8), np.zeros(room, np.float64)
    book = (cells, parents, strengths, rts, by_repeater, price)
    count, end, near, nearest = 0, -1, 0, np.inf
    ways = _ways(grid, task)
    heap = [(0.0, 0.0, -1)]
    heapq.heappop(heap)
    for index in range(len(task.start)):
        cells[count], parents[count] = task.start[index], -1
        strengths[count], rts[count] = task.start_strength[index], task.start_rt[index]
        guess = _estimate(grid, task, ways, place(grid, cells[count]), strengths[count])
        if guess < np.inf:
            heapq.heappush(heap, (guess, 0.0, count))
        _fresh(grid, task.number, cells[count])
        count += 1
    while len(heap) > 0 and count < task.limit:
        _, _, at = heapq.heappop(heap)
        here = cells[at]
        if strengths[at] <= grid.closed[here]:
            continue
        grid.closed[here] = strengths[at]
        away = _estimate(grid, task, ways, place(grid, here), strengths[at])
        if away < nearest:
            near, nearest = at, away
        if _reached(grid, task, book, at):
            end = at
            break
        count = _expand(grid, task, ways, book, heap, at, count)
    return Labels(
        cells[:count], parents[:count], strengths[:count], rts[:count], by_repeater[:count], end, near, count
    )
