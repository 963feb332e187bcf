"""Races: components whose result depends on what runs first within a game tick.

Found in the history of a run (pulses.py), then confirmed by running the board again under other orders.
Two ticks of different priority have an order in the game (TickPriority); a race between them is a warning,
one between equals an error. What a player does comes before all ticks and races with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from craftc.blocks.volume import Volume
from craftc.lint.findings import Finding
from craftc.lint.history import OUT, History, Stimulus, first_difference
from craftc.lint.orders import Variant, rerun
from craftc.lint.pulses import Scan
from craftc.sim import Board
from craftc.sim.devices import BUTTON, COMPARE, KIND_NAMES, LEVER, REPEATER, SUBTRACT
from craftc.sim.spread import transpose

_SHOWN = 3


class _Sources:
    """Which nodes feed a node, and which outputs changed when."""

    def __init__(self, board: Board, history: History) -> None:
        self._board = board
        link = board.graph.link
        self._start, self._source = transpose(link.start, link.target >> 1, board.nodes)
        mask = history.what == OUT
        self._node, self._time = history.node[mask], history.time_gt[mask]
        self._level = history.level[mask]
        self._first = np.searchsorted(self._node, np.arange(board.nodes + 1))
        self._begin = history.start[:, OUT]

    def output(self, node: int, time_gt: int) -> tuple[int, int]:
        """Return the outputs of a node before and after a game tick."""
        low, high = self._first[node], self._first[node + 1]
        at = low + int(np.searchsorted(self._time[low:high], time_gt))
        before = int(self._level[at - 1]) if at > low else int(self._begin[node])
        moved = at < high and self._time[at] == time_gt
        return before, int(self._level[at]) if moved else before

    def changed(self, node: int, time_gt: int) -> list[int]:
        """Return the sources of a node whose scheduled ticks changed their outputs in a game tick."""
        rows = np.unique(self._source[self._start[node] : self._start[node + 1]])
        found = []
        for source in rows.tolist():
            before, after = self.output(source, time_gt)
            kind = self._board.graph.kind[source]
            pressed = kind == LEVER or (kind == BUTTON and after > 0)
            if before != after and not pressed and source != node:  # its own change comes after its firing
                found.append(source)
        return found

    def priority(self, node: int, time_gt: int) -> int:
        """Return the priority (-3 first .. 0) of the tick of a node that fires (DiodeBlock)."""
        kind = self._board.graph.kind[node]
        faces_diode = bool(self._board.graph.front_diode[node])
        if kind == REPEATER:
            return -3 if faces_diode else -2 if self.output(node, time_gt)[0] > 0 else -1
        if COMPARE <= kind <= SUBTRACT:
            return -1 if faces_diode else 0
        return 0


def find_races(
    volume: Volume,
    board: Board,
    history: History,
    scan: Scan,
    script: Sequence[Stimulus],
    chosen: Sequence[Variant],
    tell: Callable[[int, int], None] | None = None,
) -> list[Finding]:
    """Return the races of a run of `board` (of `volume`, trusted) that gave `history`."""
    sources = _Sources(board, history)
    proven: dict[tuple[int, int], Variant] = {}
    for done, (variant, other) in enumerate(rerun(volume, script, history.game_ticks, chosen)):
        if tell is not None:
            tell(done + 1, len(chosen))
        tick, nodes = first_difference(history, other)
        for node in nodes.tolist():
            known = proven.get((node, tick))
            if known is None or (variant.strict and not known.strict):
                proven[node, tick] = variant
    findings = _from_candidates(board, scan.race, sources, proven)
    told = {(int(node), int(tick)) for node, tick in scan.race}
    for (node, tick), variant in proven.items():
        if (node, tick) not in told:
            findings.append(_unexplained(board, node, tick, variant))
    return findings


def _from_candidates(
    board: Board,
    race: npt.NDArray[np.int32],
    sources: _Sources,
    proven: dict[tuple[int, int], Variant],
) -> list[Finding]:
    findings: dict[tuple[int, str], Finding] = {}
    for node, tick in race.tolist():
        rivals = sources.changed(node, tick)
        if not rivals:
            continue
        mine = sources.priority(node, tick)
        equal = [r for r in rivals if sources.priority(r, tick) == mine]
        variant = proven.get((node, tick))
        rule = "race" if equal or (variant is not None and variant.strict) else "priority"
        shown = ", ".join(_named(board, r) for r in (equal or rivals)[:_SHOWN])
        what = f"{_kind(board, node)} fires in game tick {tick} while its input changes by {shown}"
        how = "" if variant is None else f"; shown by {variant}"
        severity = "error" if variant is not None and variant.strict else "warning"
        finding = Finding(rule, board.position(node), severity, what + how)  # type: ignore[arg-type]
        known = findings.get((node, rule))
        if known is None or (known.severity == "warning" and severity == "error"):
            findings[node, rule] = finding
    return list(findings.values())


def _unexplained(board: Board, node: int, tick: int, variant: Variant) -> Finding:
    what = f"{_kind(board, node)} does something else in game tick {tick} under {variant}"
    rule = "priority" if variant.priorities and not variant.flicker else "race"
    return Finding(rule, board.position(node), "error" if variant.strict else "warning", what)


def _kind(board: Board, node: int) -> str:
    return KIND_NAMES[int(board.graph.kind[node])]


def _named(board: Board, node: int) -> str:
    return "the {} at {},{},{}".format(_kind(board, node), *board.position(node))
