"""Our engines against the judges, batch by batch; see tiles.py for batches.

Ours is the graph engine, which a share of the boards also runs on the reference engine. mc-tick is compared
by every net change of every block in every game tick, MCHPRS by the levels of every device and dust after
every redstone tick, under its four flag settings (optimize, io_only) in turn.

A board that differs is cut out, compared alone, and explained (`explain`) or left unexplained; unexplained
ones are shrunk to the smallest board and fewest actions that still differ (`shrink`).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.sim.tiles import PITCH, ROW, TILES, Batch, cut, make_batch, spare, tile_of, without_tiles

from craftc.blocks import BlockState, Volume
from craftc.blocks.properties import complete
from craftc.blocks.tables import tables_of
from craftc.errors import SimError
from craftc.export.schem import write_schem
from craftc.sim import Board, bake
from craftc.sim.devices import BUTTON, CONSTANT, LEVER
from craftc.sim.live import GraphSimulator
from craftc.sim.queue import waiting
from craftc.sim.reference import Reference
from craftc.sim.trace import Action, Plan, record

WORKER = Path(__file__).parents[1] / "oracle" / "batch_worker.py"
FLAGS = ((False, False), (True, False), (False, True), (True, True))
"""MCHPRS (optimize, io_only)."""

_STEP = {
    "down": (0, -1, 0), "up": (0, 1, 0), "north": (0, 0, -1), "south": (0, 0, 1), "west": (-1, 0, 0),
    "east": (1, 0, 0),
}  # fmt: skip
Levels = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Row = tuple[int, int, int, int, str, str]


class Judges:
    """A running worker of the judges' Python. Use as a context manager."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._folder = tempfile.TemporaryDirectory(prefix="craftc-batch-")
        self.room = Path(self._folder.name)

    def __enter__(self) -> Judges:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._folder.cleanup()

    def put(self, batch: Batch) -> None:
        """Make `batch` (baked) what is asked about."""
        write_schem(batch.volume, self.room / "board.schem")
        np.save(self.room / "actions.npy", batch.actions)

    def _ask(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        files = {
            "schem": "board.schem",
            "actions": "actions.npy",
            "probes": "probes.npy",
            "out": request["out"],
        }
        request |= {key: str(self.room / name) for key, name in files.items()}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer.get("done"), answer

    def mchprs(
        self, game_ticks: int, probes: Positions, optimize: bool, io_only: bool, io: Positions
    ) -> Levels:
        """Return levels (game_ticks // 2, probes)."""
        np.save(self.room / "probes.npy", probes)
        self._ask({"engine": "mchprs", "game_ticks": game_ticks, "optimize": optimize, "io_only": io_only,
                   "custom_io": io.reshape(-1).tolist(), "out": "levels.npy"})  # fmt: skip
        return np.asarray(np.load(self.room / "levels.npy"))

    def mctick(self, game_ticks: int) -> set[Row]:
        """Return the net changes."""
        self._ask({"engine": "mctick", "game_ticks": game_ticks, "out": "changes.json"})
        return {tuple(row) for row in json.loads((self.room / "changes.json").read_text())}  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Ours:
    """What our graph engine does: net changes, and levels of nodes and dust after every redstone tick."""

    trace: set[Row]
    cells: Positions
    levels: Levels


def settled(batch: Batch) -> tuple[Batch, set[int]]:
    """Return the batch with settled blocks, and the tiles that do not come to rest or are left to the
    reference engine, which are emptied."""
    restless: set[int] = set()
    volume = batch.volume
    while True:
        try:
            board = Board(volume)
        except SimError as error:  # what the graph engine leaves to the reference engine
            x, _, z = (int(part) for part in error.where.strip("()").split(","))
            restless.add(z // PITCH * ROW + x // PITCH)
            volume = without_tiles(batch.volume, restless)
            continue
        if board.quiet:
            break
        cells = np.array([board.position(int(n)) for n in waiting(board).node])
        restless |= set(tile_of(cells[:, 0], cells[:, 2]).tolist())
        volume = without_tiles(batch.volume, restless)
    baked = board.write_back()
    _, x, _, z = batch.actions.T
    kept = ~np.isin(tile_of(x, z), sorted(restless))
    return Batch(baked, batch.actions[kept]), restless


def _positions(flat: npt.NDArray[np.int64], volume: Volume) -> Positions:
    y, z, x = np.unravel_index(flat, volume.ids.shape)
    return np.stack([x, y, z], axis=1).astype(np.int64)


def run_ours(batch: Batch, game_ticks: int) -> Ours:
    """Return what the graph engine does with a settled batch."""
    made = GraphSimulator(batch.volume, "trusted")
    board, graph = made.board, made.board.graph
    devices = ~np.isin(graph.kind, (CONSTANT, LEVER))
    cells = np.concatenate(
        [_positions(graph.cell[devices], batch.volume), _positions(graph.dust.flat, batch.volume)]
    )
    trace: set[Row] = set()
    texts: dict[BlockState, str] = {}
    levels = []
    done = 0
    for t in range(game_ticks):
        while done < len(batch.actions) and batch.actions[done, 0] == t:
            _, x, y, z = batch.actions[done].tolist()
            made.board.use((x, y, z))  # levers and buttons only
            done += 1
        made.run(1)
        for change in made.take_changes():
            for state in (change.before, change.after):
                if state not in texts:
                    texts[state] = str(state)
            trace.add((t, *change.pos, texts[change.before], texts[change.after]))
        if t % 2:
            out = board._state.out
            levels.append(np.concatenate([out[devices], bake.dust_power(graph, out)]))
    return Ours(trace, cells, np.array(levels, dtype=np.uint8))


def run_reference(batch: Batch, game_ticks: int) -> set[Row]:
    """Return the net changes of the reference engine."""
    board = Reference(batch.volume, "trusted")
    actions = [Action(t, (x, y, z)) for t, x, y, z in batch.actions.tolist()]
    return set(record(board, actions, Plan(game_ticks)))


def tiles_of_rows(rows: Iterable[Row]) -> set[int]:
    """Return the tiles in which rows lie."""
    cells = np.array([(row[1], row[3]) for row in rows], dtype=np.int64).reshape(-1, 2)
    return set(tile_of(cells[:, 0], cells[:, 1]).tolist())


def tiles_of_levels(ours: Ours, theirs: Levels, mask: npt.NDArray[np.bool_]) -> set[int]:
    """Return the tiles in which levels of the probes in `mask` differ."""
    wrong = (ours.levels != theirs).any(axis=0) & mask
    return set(tile_of(ours.cells[wrong, 0], ours.cells[wrong, 2]).tolist())


def mchprs_differs(
    judges: Judges, batch: Batch, ours: Ours, game_ticks: int, flags: tuple[bool, bool]
) -> set[int]:
    """Return the tiles that MCHPRS does not agree on; with the optimizer or io_only, lamps alone are read."""
    optimize, io_only = flags
    names = np.array([s.short for s, _ in batch.volume.palette])
    x, y, z = ours.cells.T
    mask = np.ones(len(ours.cells), dtype=np.bool_)
    if optimize or io_only:
        mask = names[batch.volume.ids[y, z, x]] == "redstone_lamp"
    if not mask.any():
        return set()
    io = np.array([spare(batch.volume)])
    theirs = judges.mchprs(game_ticks, ours.cells[mask], optimize, io_only, io)
    full = ours.levels.copy()
    full[:, mask] = theirs
    return tiles_of_levels(ours, full, mask)


# --- explanations ---------------------------------------------------------------------------


def depends_on_order(batch: Batch, game_ticks: int) -> bool:
    """Whether our own result changes under other orders within a game tick, or with needless ticks."""
    base = _outputs(batch, game_ticks, 0)
    return any(not np.array_equal(base, _outputs(batch, game_ticks, order)) for order in range(1, 25))


def _outputs(batch: Batch, game_ticks: int, order: int) -> npt.NDArray[np.uint8]:
    board = Board(batch.volume, "trusted", order=order, flicker=order > 12)
    nodes = [board.position(n) for n in range(board.nodes)]
    on: dict[tuple[int, int, int], bool] = {}
    script = []
    for t, x, y, z in batch.actions.tolist():
        pos = (x, y, z)
        button = board.graph.kind[board.node_at(pos)] == BUTTON
        on[pos] = True if button else not on.get(pos, board.power(pos) > 0)
        script.append((t, pos, on[pos]))
    return board.run_script(script, game_ticks, nodes, 1)


def burns_out(batch: Batch, game_ticks: int) -> bool:
    """Whether a torch burns out."""
    board = GraphSimulator(batch.volume, "trusted")
    record(board, [Action(t, (x, y, z)) for t, x, y, z in batch.actions.tolist()], Plan(game_ticks))
    return board.burnouts > 0


def drives_itself(batch: Batch) -> bool:
    """Whether any component feeds its own input."""
    board = Board(batch.volume, "trusted")
    link = board.graph.link
    source = np.repeat(np.arange(board.nodes), np.diff(link.start))
    return bool((link.target >> 1 == source).any())


def feeds_both_inputs(batch: Batch) -> bool:
    """Whether one component feeds both inputs of another: MCHPRS looks after each of them."""
    link = Board(batch.volume, "trusted").graph.link
    source = np.repeat(np.arange(len(link.start) - 1), np.diff(link.start))
    pairs = np.unique(np.stack([source, link.target], axis=1), axis=0)
    _, count = np.unique(np.stack([pairs[:, 0], pairs[:, 1] >> 1], axis=1), axis=0, return_counts=True)
    return bool((count > 1).any())


def _has(batch: Batch, name: str) -> bool:
    used = np.unique(batch.volume.ids)
    return any(batch.volume.palette.state(int(i)).short == name for i in used)


def torch_on_lamp(batch: Batch) -> bool:
    """Whether a torch stands on a lamp, which MCHPRS lights."""
    names = np.array([s.short for s, _ in batch.volume.palette])[batch.volume.ids]
    return bool(((names[1:] == "redstone_torch") & (names[:-1] == "redstone_lamp")).any())


def observes_repeater(batch: Batch) -> bool:
    """Whether an observer faces a repeater, whose lock mc-tick's observers do not see."""
    volume = batch.volume
    for pos in volume.positions(volume.ids != 0):
        state = volume.get(pos)
        if state.short == "observer":
            step = _STEP[state.get("facing")]
            there = (pos[0] + step[0], pos[1] + step[1], pos[2] + step[2])
            inside = all(0 <= p < s for p, s in zip(there, volume.size, strict=True))
            if inside and volume.get(there).short == "repeater":
                return True
    return False


def risky_side(batch: Batch) -> bool:
    """Whether a torch, switch or solid stands beside a comparator, which mc-tick takes as an input."""
    volume = batch.volume
    states = [state for state, _ in volume.palette]
    comparator = [s.short == "comparator" for s in states]
    giver = np.array([s.short.endswith(("torch", "button", "lever", "observer")) for s in states])
    risky = (giver | tables_of(volume.palette).conductor)[volume.ids]
    for axis, facings in ((2, ("north", "south")), (1, ("west", "east"))):
        turned = np.array([c and s.get("facing") in facings for c, s in zip(comparator, states, strict=True)])
        beside = np.roll(risky, 1, axis) | np.roll(risky, -1, axis)
        if (turned[volume.ids] & beside).any():
            return True
    return False


def explain(batch: Batch, game_ticks: int, judge: str) -> str:
    """Return why a judge differs on a board, or "" if nothing known explains it."""
    mchprs: dict[str, Callable[[], bool]] = {
        "wooden button": lambda: _has(batch, "oak_button"),
        "torch on lamp": lambda: torch_on_lamp(batch),
        "own output": lambda: drives_itself(batch),
        "burn-out": lambda: burns_out(batch, game_ticks),
    }
    mctick: dict[str, Callable[[], bool]] = {
        "cake": lambda: _has(batch, "cake"),
        "side input": lambda: risky_side(batch),
        "own output": lambda: drives_itself(batch),
        "observed lock": lambda: observes_repeater(batch),
    }
    for name, holds in (mchprs if judge == "mchprs" else mctick).items():
        if holds():
            return name
    if depends_on_order(batch, game_ticks):
        return "order"
    if judge == "mchprs" and feeds_both_inputs(batch):
        return "both inputs"
    same = run_reference(batch, game_ticks) == run_ours(batch, game_ticks).trace
    return "" if same else "falling dust"  # our reference engine differs from our graph engine too


# --- shrinking ------------------------------------------------------------------------------


def differs(judges: Judges, batch: Batch, game_ticks: int, judge: str, flags: tuple[bool, bool]) -> bool:
    """Whether a judge differs on a single settled board."""
    ours = run_ours(batch, game_ticks)
    judges.put(batch)
    if judge == "mctick":
        return ours.trace != judges.mctick(game_ticks)
    return bool(mchprs_differs(judges, batch, ours, game_ticks, flags))


def shrink(
    judges: Judges, batch: Batch, game_ticks: int, judge: str, flags: tuple[bool, bool], without: str = ""
) -> Batch:
    """Return the smallest board found that a judge still differs on without an explanation, or with the
    explanation `without` alone."""

    def bad(other: Batch) -> bool:
        board = Board(other.volume)
        if not board.quiet:
            return False
        baked = replace(other, volume=board.write_back())
        if not differs(judges, baked, game_ticks, judge, flags):
            return False
        return explain(baked, game_ticks, judge) == without

    best = _fewer_actions(batch, bad)
    changed = True
    while changed:
        changed = False
        x, y, z = spare(best.volume)
        kept = {(x, y, z), (x, y - 1, z)}
        for pos in [p for p in best.volume.positions(best.volume.ids != 0) if p not in kept]:
            smaller = _without(best, pos)
            if smaller is not None and bad(smaller):
                best, changed = smaller, True
        best = _fewer_actions(best, bad)
    return replace(best, volume=Board(best.volume).write_back())


def _fewer_actions(batch: Batch, bad: Any) -> Batch:
    for k in range(len(batch.actions) - 1, -1, -1):
        fewer = replace(batch, actions=np.delete(batch.actions, k, axis=0))
        if bad(fewer):
            batch = fewer
    return batch


def _without(batch: Batch, pos: tuple[int, int, int]) -> Batch | None:
    """Return the board without one block and its actions, or None if something would lose its support."""
    from craftc.sim.edit import with_block

    out = with_block(batch.volume, pos, "air")
    if int((out.ids != 0).sum()) != int((batch.volume.ids != 0).sum()) - 1:
        return None
    _, x, y, z = batch.actions.T
    return Batch(out, batch.actions[~((x == pos[0]) & (y == pos[1]) & (z == pos[2]))])


def as_text(batch: Batch) -> str:
    """Return a board and its actions as text: one block a line, then one action a line."""
    lines = [
        f"{x},{y},{z} {complete(batch.volume.get((x, y, z)))}"
        for x, y, z in batch.volume.positions(batch.volume.ids != 0)
    ]
    return "\n".join(lines + [f"use {x},{y},{z}@{t}" for t, x, y, z in batch.actions.tolist()])


@dataclass(slots=True)
class Tally:
    """What a run of many batches found."""

    boards: int = 0
    restless: int = 0
    reference: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    explained: dict[str, int] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)

    def add(self, table: dict[str, int], key: str, count: int = 1) -> None:
        """Count something."""
        table[key] = table.get(key, 0) + count


GAPS_GT = (20, 40, 12, 8, 6, 4)
GAME_TICKS = 80
REFERENCE_EVERY = 32


def examine(judges: Judges, seed: int, style: str, tally: Tally) -> None:
    """Run one batch everywhere and add to the tally; differences without explanation are shrunk into it."""
    gap_gt = GAPS_GT[seed % len(GAPS_GT)]
    batch, restless = settled(make_batch(seed, style, GAME_TICKS // gap_gt, gap_gt))
    tally.boards += TILES - len(restless)
    tally.restless += len(restless)
    ours = run_ours(batch, GAME_TICKS)
    judges.put(batch)
    asked: list[tuple[str, tuple[bool, bool], set[int]]] = [
        ("mctick", FLAGS[0], tiles_of_rows(ours.trace ^ judges.mctick(GAME_TICKS)))
    ]
    for flags in (FLAGS[0], FLAGS[1 + seed % 3]) if style != "wide" else ():
        asked.append(("mchprs", flags, mchprs_differs(judges, batch, ours, GAME_TICKS, flags)))
    if seed % REFERENCE_EVERY == 0:
        asked.append(("reference", FLAGS[0], tiles_of_rows(ours.trace ^ run_reference(batch, GAME_TICKS))))
    for judge, flags, tiles in asked:
        name = judge if judge != "mchprs" else f"mchprs optimize={flags[0]} io_only={flags[1]}"
        tally.add(tally.asked, name, TILES - len(restless))
        for tile in sorted(tiles):
            _account(judges, tally, cut(batch, tile), name, judge, flags, f"{style} {seed}, tile {tile}")


def _account(
    judges: Judges, tally: Tally, board: Batch, name: str, judge: str, flags: tuple[bool, bool], label: str
) -> None:
    if judge == "reference":
        why = "order" if depends_on_order(board, GAME_TICKS) else ""
        text = as_text(board)
    else:
        why = explain(board, GAME_TICKS, judge)
        text = ""
        if not why and differs(judges, board, GAME_TICKS, judge, flags):
            text = as_text(shrink(judges, board, GAME_TICKS, judge, flags))
        elif not why:
            text = "differs only beside other boards"
    if why:
        tally.add(tally.explained, f"{name}: {why}")
    else:
        tally.unexplained.append(f"{name}, {label}\n{text}")
