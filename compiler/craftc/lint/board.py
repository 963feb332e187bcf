"""`lint_board`: all lints of one board.

The board is run as a loaded save ("trusted") with stimuli: those given, or every lever and button used at
random. Several runs under other orders, rotations, mirrors and, for small boards, at other places tell races
from coincidence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from craftc.blocks.properties import completed
from craftc.blocks.volume import Pos, Volume
from craftc.check import drc
from craftc.errors import SimError
from craftc.lint.chunks import Chunk, chunk_findings
from craftc.lint.findings import Finding, LintReport, sorted_findings
from craftc.lint.history import PIECE_ROWS, Recorder, Stimulus
from craftc.lint.judges import judge_findings
from craftc.lint.orders import reruns, variants
from craftc.lint.origins import MOST_NODES, OFFSETS, origin_findings
from craftc.lint.pulses import BURNT, LENGTHENED, NEARLY, Scanner
from craftc.lint.races import Races
from craftc.lint.still import dust_findings, idle_findings, state_findings, support_findings
from craftc.sim import Board
from craftc.sim.devices import BUTTON, KIND_NAMES, LEVER

Tell = Callable[[int, int], None]
ORDERS, MANY_NODES, FEW_ORDERS = 12, 5_000, 3
"""Permuted orders; boards with more nodes than MANY_NODES get FEW_ORDERS and no rotations."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How to lint.

    script      what is done to the board; None: levers and buttons at random
    game_ticks  length of the run
    read        positions that belong to an interface (ports), so that they are not idle
    forced      chunks kept loaded, None if the board is not in a world
    orders      permuted orders, None: by the size of the board; `turns` the same for rotations and mirrors
    seed        of the random stimuli
    """

    script: Sequence[Stimulus] | None = None
    game_ticks: int = 400
    read: Collection[Pos] = ()
    forced: Collection[Chunk] | None = None
    orders: int | None = None
    turns: bool | None = None
    seed: int = 1


def random_script(board: Board, game_ticks: int, seed: int, gap_gt: int = 40) -> list[Stimulus]:
    """Return stimuli that use every lever and button of a board at random every `gap_gt` game ticks."""
    rng = np.random.default_rng(seed)
    inputs = np.flatnonzero(np.isin(board.graph.kind, (LEVER, BUTTON))).tolist()
    on = {n: bool(board._state.out[n]) for n in inputs}
    script = []
    for at_gt in range(0, max(game_ticks - gap_gt, 1), gap_gt):
        for n in inputs:
            if rng.random() < 0.5:
                on[n] = True if board.graph.kind[n] == BUTTON else not on[n]
                script.append(Stimulus(at_gt, board.position(n), on[n]))
    return script


def lint_board(volume: Volume, setting: Setting | None = None, tell: Tell | None = None) -> LintReport:
    """Return everything the lints find. `tell(done, of)` is called as the runs go on, in game ticks.

    The runs go side by side in pieces of PIECE_ROWS changes, so memory does not grow with their length.
    Raises SimError on blocks the simulator refuses, or a stimulus for what is no input.
    """
    setting = setting or Setting()
    if setting.game_ticks < 0:
        raise SimError(f"cannot run {setting.game_ticks} game ticks", where="lint", legal="0 or more")
    whole = completed(volume)
    board = Board(whole, "trusted")
    findings = list(_still(volume, whole, board, setting))
    script = setting.script
    if script is None:
        script = random_script(board, setting.game_ticks, setting.seed)
    many = board.nodes > MANY_NODES
    orders = setting.orders if setting.orders is not None else FEW_ORDERS if many else ORDERS
    turns = setting.turns if setting.turns is not None else not many and orders > 0
    chosen = variants(orders, turns)
    recorder = Recorder(board, script)
    scanner, races = Scanner(board.graph, recorder), Races(board, reruns(whole, script, chosen))
    done = 0
    while done < setting.game_ticks:
        piece = recorder.advance(setting.game_ticks, PIECE_ROWS)
        races.read(piece, scanner.read(piece))
        done = piece.end_gt
        if tell is not None:
            tell(done, setting.game_ticks)
    findings += [*_pulses(board, scanner), *_burnouts(board, scanner), *races.findings()]
    runs = len(chosen)
    if turns and board.nodes <= MOST_NODES:
        findings += origin_findings(whole, script, setting.game_ticks)
        runs += len(OFFSETS)
    return LintReport(sorted_findings(findings), setting.game_ticks, runs)


def _still(volume: Volume, whole: Volume, board: Board, setting: Setting) -> Iterable[Finding]:
    _, broken = drc.check(whole, whole.volume)
    yield from support_findings(broken)
    yield from dust_findings(volume, board)
    yield from state_findings(whole, board)
    yield from idle_findings(whole, board, setting.read)
    yield from judge_findings(whole, board)
    if setting.forced is not None:
        yield from chunk_findings(whole, board, setting.forced)


def _pulses(board: Board, scanner: Scanner) -> list[Finding]:
    """Return one finding per component with its shortest input and how often there was one."""
    findings = []
    for node, begin, length, level, effect, times in scanner.short.tolist():
        kind, delay = KIND_NAMES[int(board.graph.kind[node])], int(board.graph.delay[node])
        sort = "pulse" if level else "gap"
        fate = "lengthened" if effect == LENGTHENED else "swallowed"
        often = f", {times} times" if times > 1 else ""
        what = f"a {sort} of {length} gt from game tick {begin} is {fate} by this {kind} of {delay} gt{often}"
        findings.append(Finding("pulse", board.position(node), "warning", what))
    return findings


def _burnouts(board: Board, scanner: Scanner) -> list[Finding]:
    burnt = {int(n): int(t) for n, t in scanner.turn_offs(BURNT)}
    findings = [
        Finding("burnout", board.position(n), "error", f"the torch burns out in game tick {t}")
        for n, t in burnt.items()
    ]
    for n, t in scanner.turn_offs(NEARLY).tolist():
        if n not in burnt:
            what = f"the torch is one turn-off short of burning out in game tick {t}"
            findings.append(Finding("burnout", board.position(n), "warning", what))
    return findings
