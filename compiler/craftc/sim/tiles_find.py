"""Finds equal parts of a board: a tile index per node, and families of nodes that correspond.

A tiling is a translation (axis and pitch), optionally with a mirror plane::

    level 3   n n n | n n n        tile index  6 | 7       pitch: one level up
    level 2   n n n | n n n                    4 | 5       mirror: the plane between the sides
    level 1   n n n | n n n                    2 | 3
    level 0   n n n | n n n                    0 | 1

Candidates are judged by the graph: a node matches if the node one pitch further (or on the other side of
the plane) has the same colour. The colour of a node is what it is (kind, delay, front), what it reads and
what it feeds, with port and loss: one round of colour refinement. Positions are only where to look for
partners; nothing that runs relies on the parts being equal, because every link is kept as it is (see
tiles_build.py). A poor tiling costs speed, never exactness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from craftc.sim.graph import Graph
from craftc.sim.kernel import Bytes, Ints, Longs, kernel

AXES = "yzx"
MOST_PITCH = 24  # blocks
SAMPLE = 20_000  # nodes looked at per candidate
ROUGHLY = 20  # every so many of these for planes, of which there are as many as blocks
CANDIDATES = 8  # planes looked at more closely
LEAST_MATCH = 0.5  # share of nodes that must have a partner
Coordinates = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tiling:
    """A translation and a mirror.

    axis     0, 1, 2 for y, z, x; pitch in blocks
    mirror   (axis, twice the coordinate of the plane), or None
    match    share of nodes that have an equal partner one pitch further
    """

    axis: int
    pitch: int
    mirror: tuple[int, int] | None
    match: float

    @property
    def words(self) -> str:
        """The tiling as a reader says it."""
        folded = "" if self.mirror is None else f", mirrored in {AXES[self.mirror[0]]}"
        return f"every {self.pitch} blocks in {AXES[self.axis]}{folded}, {self.match:.0%} of nodes alike"


@kernel
def _mixed(a: int, b: int) -> int:
    x = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    return x ^ (x >> np.uint64(32))  # type: ignore[return-value]


@kernel
def _refine(colour: npt.NDArray[np.uint64], start: Longs, port: Ints, loss: Bytes) -> npt.NDArray[np.uint64]:
    """Return colours that also tell what a node reads and feeds."""
    read = np.zeros(len(colour), np.uint64)
    feeds = np.zeros(len(colour), np.uint64)
    for n in range(len(colour)):
        for e in range(start[n], start[n + 1]):
            there = port[e] >> 1
            link = _mixed(loss[e], port[e] & 1)
            feeds[n] += _mixed(colour[there], link)
            read[there] += _mixed(colour[n], link)
    out = np.empty(len(colour), np.uint64)
    for n in range(len(colour)):
        out[n] = _mixed(_mixed(colour[n], read[n]), feeds[n])
    return out


SIGNATURE_BITS = 20


def signature(graph: Graph) -> npt.NDArray[np.uint64]:
    """Return what a node is, as a number: nodes of one group must agree in it."""
    kind, delay, front = (a.astype(np.uint64) for a in (graph.kind, graph.delay, graph.front_diode))
    return np.asarray(kind << np.uint64(16) | delay << np.uint64(8) | front)


def colours(graph: Graph) -> npt.NDArray[np.uint64]:
    """Return the colour of every node."""
    return np.asarray(_refine(signature(graph), graph.link.start, graph.link.target, graph.loss))


def coordinates(graph: Graph, shape: tuple[int, ...]) -> Coordinates:
    """Return y, z, x per node, (3, nodes)."""
    return np.stack(np.unravel_index(graph.cell, shape)).astype(np.int64)


class _Partners:
    """Looks up nodes by position."""

    def __init__(self, graph: Graph, shape: tuple[int, ...]) -> None:
        self.cell = graph.cell
        self.shape = shape
        self.colour = colours(graph)
        rng = np.random.default_rng(0)
        size = min(SAMPLE, graph.nodes)
        self.sample = np.sort(rng.choice(graph.nodes, size, replace=False)) if size else np.zeros(0, np.int64)
        self.where = coordinates(graph, shape)[:, self.sample]

    def match(self, there: Coordinates, step: int = 1) -> float:
        """Return the share of every step-th sampled node that has a node of equal colour at `there` (3, those
        nodes)."""
        limit = np.array(self.shape)[:, None]
        inside = ((there >= 0) & (there < limit)).all(axis=0)
        flat = np.ravel_multi_index(tuple(np.where(inside, there, 0)), self.shape)
        index = np.minimum(np.searchsorted(self.cell, flat), len(self.cell) - 1)
        colour = self.colour[self.sample[::step]]
        equal = inside & (self.cell[index] == flat) & (self.colour[index] == colour)
        return float(equal.mean()) if len(equal) else 0.0


def find_tiling(graph: Graph, shape: tuple[int, ...]) -> Tiling | None:
    """Return the translation, with a mirror if there is one, under which most nodes have equal partners,
    or None if fewer than LEAST_MATCH have."""
    if graph.nodes < 2:
        return None
    partners = _Partners(graph, shape)
    best = Tiling(0, 1, None, 0.0)
    for axis in range(3):
        for pitch in range(1, min(MOST_PITCH, shape[axis] - 1) + 1):
            there = partners.where.copy()
            there[axis] += pitch
            match = partners.match(there)
            if match > best.match + 0.01:  # a multiple of a pitch matches nearly as well
                best = Tiling(axis, pitch, None, match)
    if best.match < LEAST_MATCH:
        return None
    return Tiling(best.axis, best.pitch, _find_mirror(partners, best.axis), best.match)


def _find_mirror(partners: _Partners, used: int) -> tuple[int, int] | None:
    """Return the mirror plane under which most nodes have equal partners, if over LEAST_MATCH have: among
    the best by few nodes, of all planes, the best by all sampled nodes."""
    rough = []
    for axis in range(3):
        for plane in range(0 if axis == used else 2 * partners.shape[axis] - 1):
            rough.append((-partners.match(_mirrored(partners, axis, plane, ROUGHLY), ROUGHLY), axis, plane))
    best, found = LEAST_MATCH, None
    for _, axis, plane in sorted(rough)[:CANDIDATES]:
        match = partners.match(_mirrored(partners, axis, plane, 1))
        if match > best:
            best, found = match, (axis, plane)
    return found


def _mirrored(partners: _Partners, axis: int, plane: int, step: int) -> Coordinates:
    there = partners.where[:, ::step].copy()
    there[axis] = plane - there[axis]
    return there

