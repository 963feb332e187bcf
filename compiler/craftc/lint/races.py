"""Races: components whose result depends on what runs first within a game tick.

Found in the history of a run (pulses.py), then confirmed by running the board again under other orders.
Two ticks of different priority have an order in the game (TickPriority); a race between them is a warning,
one between equals an error. What a player does comes before all ticks and races with nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from craftc.lint.findings import Finding, Severity
from craftc.lint.history import BEFORE, LEVEL, Ints, Piece, first_difference, same_elsewhere
from craftc.lint.orders import Rerun, Variant
from craftc.sim import Board
from craftc.sim.devices import BUTTON, COMPARE, KIND_NAMES, LEVER, REPEATER, SUBTRACT
from craftc.sim.spread import transpose

_SHOWN = 3


@dataclass(slots=True)
class _Followed:
    """A variant under way (`run` is None when it need not go on), and where it differed first: game tick and
    nodes; `spread`: other components then did something else too."""

    variant: Variant
    run: Rerun | None
    tick: int = -1
    nodes: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    spread: bool = False

    def follow(self, piece: Piece) -> None:
        """Run on to the end of a piece and compare."""
        if self.run is None:
            return
        other = self.run.advance(piece.end_gt)
        if self.tick < 0:
            self.tick, self.nodes = first_difference(piece, other)
        if self.tick >= 0:
            self.spread = not same_elsewhere(piece, other, self.nodes)
            if self.spread or self.variant.strict:
                self.run = None


class Races:
    """Finds the races of a run, piece by piece, with the same run under other orders beside it.

    A variant goes on until it differs. One in an order that the game never has goes on as long as nothing
    but the components that differed first does something else: if that is so to the end, what they do is
    theirs alone and changes nothing, and it is no finding.
    """

    def __init__(self, board: Board, runs: Sequence[tuple[Variant, Rerun]]) -> None:
        """`runs`: the variants, not yet under way."""
        self._board = board
        self._followed = [_Followed(variant, run) for variant, run in runs]
        link = board.graph.link
        self._start, self._source = transpose(link.start, link.target >> 1, board.nodes)
        self._found: dict[tuple[int, str], Finding] = {}
        self._explained: set[tuple[int, int]] = set()

    def read(self, piece: Piece, race: npt.NDArray[np.int32]) -> None:
        """Take in a piece of the run, and which components fired in it while an input changed (n, 3), as
        Scanner.read returns them."""
        proven: dict[tuple[int, int], Variant] = {}
        for one in self._followed:
            one.follow(piece)
            if piece.begin_gt <= one.tick < piece.end_gt:
                for node in one.nodes.tolist():
                    known = proven.get((node, one.tick))
                    if known is None or (one.variant.strict and not known.strict):
                        proven[node, one.tick] = one.variant
        outputs = piece.outputs() if len(race) else piece
        for node, tick, out in race.tolist():
            self._explained.update({(node, tick)} & proven.keys())
            self._candidate(outputs, node, tick, out, proven.get((node, tick)))

    def findings(self) -> list[Finding]:
        """Return the races found so far."""
        found, told = list(self._found.values()), set(self._explained)
        for one in sorted(self._followed, key=lambda f: not f.variant.strict):
            if not (one.spread or one.variant.strict):
                continue
            for node in one.nodes.tolist():
                if (node, one.tick) not in told:
                    told.add((node, one.tick))
                    found.append(_unexplained(self._board, node, one.tick, one.variant))
        return found

    def _candidate(self, outputs: Piece, node: int, tick: int, out: int, variant: Variant | None) -> None:
        """Note that a node fired while an input changed; `out` was its output before."""
        rivals = self._rivals(outputs, node, tick)
        if not rivals:
            return
        mine = self._priority(node, out)
        equal = [r for r, before in rivals if self._priority(r, before) == mine]
        strict = variant is not None and variant.strict
        rule = "race" if equal or strict else "priority"
        severity: Severity = "error" if strict else "warning"
        known = self._found.get((node, rule))
        if known is not None and (known.severity == "error" or severity == "warning"):
            return
        shown = ", ".join(_named(self._board, r) for r in (equal or [r for r, _ in rivals])[:_SHOWN])
        what = f"{_kind(self._board, node)} fires in game tick {tick} while its input changes by {shown}"
        how = "" if variant is None else f"; shown by {variant}"
        self._found[node, rule] = Finding(rule, self._board.position(node), severity, what + how)

    def _rivals(self, outputs: Piece, node: int, tick: int) -> list[tuple[int, int]]:
        """Return the sources of a node whose scheduled ticks changed their outputs in a game tick, and their
        outputs before."""
        nodes, changes = outputs.at(tick)
        found = []
        for source in np.unique(self._source[self._start[node] : self._start[node + 1]]).tolist():
            at = int(np.searchsorted(nodes, source))
            if source == node or at == len(nodes) or nodes[at] != source:
                continue  # its own change comes after its firing
            kind, change = self._board.graph.kind[source], int(changes[at])
            pressed = kind == LEVER or (kind == BUTTON and change >> LEVEL & 15 > 0)
            if not pressed:
                found.append((source, change >> BEFORE))
        return found

    def _priority(self, node: int, out: int) -> int:
        """Return the priority (-3 first .. 0) of the tick of a node whose output is `out` (DiodeBlock)."""
        kind = self._board.graph.kind[node]
        faces_diode = bool(self._board.graph.front_diode[node])
        if kind == REPEATER:
            return -3 if faces_diode else -2 if out > 0 else -1
        if COMPARE <= kind <= SUBTRACT:
            return -1 if faces_diode else 0
        return 0


def _unexplained(board: Board, node: int, tick: int, variant: Variant) -> Finding:
    what = f"{_kind(board, node)} does something else in game tick {tick} under {variant}"
    rule = "priority" if variant.priorities and not variant.flicker else "race"
    return Finding(rule, board.position(node), "error" if variant.strict else "warning", what)


def _kind(board: Board, node: int) -> str:
    return KIND_NAMES[int(board.graph.kind[node])]


def _named(board: Board, node: int) -> str:
    return "the {} at {},{},{}".format(_kind(board, node), *board.position(node))
