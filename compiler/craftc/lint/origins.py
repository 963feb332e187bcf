"""The same run at other places of the world, on the reference engine.

In the game, dust that changed tells its surroundings in the order of a hash set of positions, so the order
depends on where a build stands. The reference engine follows that; it is slow, so only small boards are
run: at the corner they have, and moved by each of OFFSETS.
"""

from __future__ import annotations

from collections.abc import Sequence

from craftc.blocks.volume import Pos, Volume
from craftc.lint.findings import Finding
from craftc.lint.history import Stimulus
from craftc.sim.reference import Reference
from craftc.sim.trace import Action, Plan, Row, record

OFFSETS: tuple[Pos, ...] = ((5, 0, 3), (160, 11, -48), (-7, 3, 1021))
MOST_NODES = 300
"""Components of the largest board that is run."""

_DUST = "minecraft:redstone_wire"


def origin_findings(
    volume: Volume, script: Sequence[Stimulus], game_ticks: int, offsets: Sequence[Pos] = OFFSETS
) -> list[Finding]:
    """Return the components, or dust, in which a board first does something else at another place."""
    straight = _trace(volume, script, game_ticks, (0, 0, 0))
    findings = []
    for offset in offsets:
        moved = _trace(volume, script, game_ticks, offset)
        different = straight ^ moved
        if not different:
            continue
        tick = min(row[0] for row in different)
        first = sorted(row for row in different if row[0] == tick)
        devices = [row for row in first if not row[4].startswith(_DUST)]
        for row in devices or first[:1]:  # a comparator's level shows in the dust alone
            name = row[4].partition("[")[0].partition(":")[2]
            what = f"{name} does something else in game tick {tick} when the board stands {offset} away"
            findings.append(Finding("race", (row[1], row[2], row[3]), "error", what))
    return findings


def _trace(volume: Volume, script: Sequence[Stimulus], game_ticks: int, offset: Pos) -> set[Row]:
    there = volume.copy()
    x, y, z = (a + b for a, b in zip(volume.origin, offset, strict=True))
    there.origin = (x, y, z)
    return set(record(Reference(there, "trusted"), _clicks(volume, script, game_ticks), Plan(game_ticks)))


def _clicks(volume: Volume, script: Sequence[Stimulus], game_ticks: int) -> list[Action]:
    """Return the right-clicks that do what stimuli say: a lever that is there already is left alone."""
    on: dict[Pos, bool] = {}
    clicks = []
    for item in sorted(script, key=lambda item: item.at_gt):
        state = volume.get(item.pos)
        known = on.get(item.pos, state.get("powered") == "true")
        if item.at_gt < game_ticks and (state.short != "lever" or known != item.on):
            clicks.append(Action(item.at_gt, item.pos))
            on[item.pos] = item.on
    return clicks
