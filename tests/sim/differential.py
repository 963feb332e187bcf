"""Our engines against the judges, batch by batch; see tiles.py for batches.

Ours is the graph engine, which a share of the boards also runs on the reference engine. mc-tick is compared
by every net change of every block in every game tick, MCHPRS by the levels of every device and dust after
every redstone tick, under its four flag settings (optimize, io_only) in turn.

A board that differs is cut out, compared alone, and explained (reasons.py) or left unexplained; unexplained
ones are shrunk to the smallest board and fewest actions that still differ (shrink.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sim.judges import FLAGS, Judges
from tests.sim.ours import run_ours, run_reference, settled, tiles_of_rows
from tests.sim.reasons import depends_on_order, explain
from tests.sim.shrink import as_text, differs, mchprs_differs, shrink
from tests.sim.tiles import TILES, Batch, cut, make_batch


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
