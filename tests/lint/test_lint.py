"""Every lint has a board that triggers it and one that does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from craftc.blocks import Volume
from craftc.blocks.volume import Pos
from craftc.lint import Finding, LintReport, Setting, Stimulus, lint_board
from craftc.lint.history import Piece, Recorder, first_difference, same_elsewhere
from craftc.lint.origins import origin_findings
from craftc.sim import Board, settle

LEVER = "lever[face=floor,facing=north,powered=false]"
WEST = "repeater[facing=west,delay={}]"


def board(rows: Mapping[tuple[int, int], str], size: tuple[int, int] = (12, 5)) -> Volume:
    """A settled board with blocks at (x, z) on a floor of stone."""
    volume = Volume((size[0], 3, size[1]))
    for (x, z), block in rows.items():
        volume.set((x, 0, z), "stone")
        volume.set((x, 1, z), block)
    return settle(volume)


def line(*blocks: str) -> Volume:
    """A settled board with blocks along x."""
    return board({(x, 1): block for x, block in enumerate(blocks)})


def found(report: LintReport, rule: str) -> list[Finding]:
    """The findings of one rule."""
    return [finding for finding in report.findings if finding.rule == rule]


def pulses(pos: Pos, *times: int) -> list[Stimulus]:
    """A lever turned over at the given game ticks, from off."""
    return [Stimulus(t, pos, k % 2 == 0) for k, t in enumerate(times)]


def test_a_plain_line_is_clean() -> None:
    report = lint_board(line(LEVER, "redstone_wire", WEST.format(1), "redstone_wire", "redstone_lamp"))
    assert report.findings == () and report.orders == 22 and report.game_ticks == 400
    assert report.plain()["rules"] == {}


def race_board(last: str) -> Volume:
    """Comparator A is driven by a lever; B, driven by the same lever, gives dust beside A. Seen from above:

    lever
    dust  dust  A     lamp
    dust        dust
    dust        B
    dust  last  dust
    """
    dust = dict.fromkeys([(0, 1), (1, 1), (0, 2), (0, 3), (0, 4), (2, 4), (2, 2)], "redstone_wire")
    subtract, compare = "comparator[facing=west,mode=subtract]", "comparator[facing=south,mode=compare]"
    return board(
        dust | {(0, 0): LEVER, (2, 1): subtract, (3, 1): "redstone_lamp", (2, 3): compare, (1, 4): last}
    )  # fmt: skip


def test_race() -> None:
    """Both comparators fire in one game tick; which fires first decides what A sees."""
    report = lint_board(race_board("redstone_wire"), Setting(pulses((0, 1, 0), 4, 44), 80))
    races = found(report, "race")
    assert [(f.pos, f.severity) for f in races] == [((2, 1, 1), "error")]
    assert "game tick 5" in races[0].what and "the compare at 2,1,3; shown by" in races[0].what
    later = lint_board(race_board("repeater[facing=west,delay=1]"), Setting(pulses((0, 1, 0), 4, 44), 80))
    assert found(later, "race") == []


def place_board() -> Volume:
    """Comparators A and B behind two stones that one dust points at; B gives dust beside A. From above:

        dust  dust  dust
        B           dust
        stone       dust
        dust  stone A     dust  lamp

    A lever below the dust powers it. Which stone the game tells first depends on where the dust lies.
    """
    rows = dict.fromkeys([(2, 3), (2, 0), (3, 0), (4, 0), (4, 1), (4, 2), (5, 3)], "redstone_wire")
    rows |= {(3, 3): "stone", (2, 2): "stone", (6, 3): "redstone_lamp"}
    rows |= {(4, 3): "comparator[facing=west,mode=subtract]", (2, 1): "comparator[facing=south,mode=compare]"}
    volume = Volume((8, 3, 6))
    for (x, z), block in rows.items():
        volume.set((x, 0, z), "stone")
        volume.set((x, 1, z), block)
    volume.set((2, 0, 4), "lever[face=wall,facing=south,powered=false]")
    return settle(volume)


def test_place_in_the_world() -> None:
    script = pulses((2, 0, 4), 4, 44)
    findings = origin_findings(place_board(), script, 80)
    assert {(f.pos, f.severity) for f in findings} == {((5, 1, 3), "error")}
    assert "in game tick 5 when the board stands (160, 11, -48) away" in findings[0].what
    assert set(findings) <= set(lint_board(place_board(), Setting(script, 80)).findings)
    assert origin_findings(race_board("repeater[facing=west,delay=1]"), pulses((0, 1, 0), 4, 44), 80) == []


def test_priority_decides() -> None:
    """B points into the side of A, so its tick has a higher priority and comes first."""
    dust = dict.fromkeys([(0, 1), (1, 1), (0, 2), (0, 3), (1, 3), (2, 3)], "redstone_wire")
    subtract, compare = "comparator[facing=west,mode=subtract]", "comparator[facing=south,mode=compare]"
    rows = dust | {(0, 0): LEVER, (2, 1): subtract, (3, 1): "redstone_lamp", (2, 2): compare}
    report = lint_board(board(rows), Setting(pulses((0, 1, 0), 4, 44), 80))
    assert [(f.pos, f.severity) for f in found(report, "priority")] == [((2, 1, 1), "warning")]
    assert report.errors == 0


@pytest.mark.parametrize(("period", "severity"), [(6, "error"), (8, "warning"), (12, None)])
def test_burnout(period: int, severity: str | None) -> None:
    volume = Volume((3, 3, 1))
    for x in range(3):
        volume.set((x, 0, 0), "stone")
    volume.set((0, 1, 0), LEVER)
    volume.set((1, 1, 0), "stone")
    volume.set((2, 1, 0), "redstone_wall_torch[facing=east]")
    volume.set((0, 1, 0), "redstone_wire")
    wide = Volume((4, 3, 1))
    wide.paste(volume, (1, 0, 0))
    wide.set((0, 0, 0), "stone")
    wide.set((0, 1, 0), LEVER)
    times = [2 + k * period // 2 for k in range(2 * 8 if period > 8 else 14 if period == 8 else 16)]
    report = lint_board(settle(wide), Setting(pulses((0, 1, 0), *times), 200, orders=0))
    assert [f.severity for f in found(report, "burnout")] == ([severity] if severity else [])


def test_short_pulses() -> None:
    blocks = (LEVER, "redstone_wire", WEST.format(4), "redstone_wire", "redstone_lamp")
    held = lint_board(line(*blocks), Setting(pulses((0, 1, 1), 10, 20, 30, 60), 100, orders=0))
    assert found(held, "pulse") == []
    short = lint_board(line(*blocks), Setting(pulses((0, 1, 1), 10, 14, 40, 60, 64, 90), 120, orders=0))
    texts = [f.what for f in found(short, "pulse")]
    assert len(texts) == 1 and "4 gt from game tick 10 is lengthened" in texts[0] and "2 times" in texts[0]


def test_judges_differ_about_side_inputs() -> None:
    rows = {(0, 1): "redstone_block", (1, 1): "comparator[facing=west]", (2, 1): "redstone_lamp",
            (1, 0): "redstone_torch"}  # fmt: skip
    assert [f.pos for f in found(lint_board(board(rows)), "judges")] == [(1, 1, 1)]
    rows[1, 0] = "barrel"
    assert found(lint_board(board(rows)), "judges") == []  # nothing can power the barrel
    rows[0, 0] = WEST.format(1)  # it points into the barrel
    assert [f.pos for f in found(lint_board(board(rows)), "judges")] == [(1, 1, 1)]


def test_judges_differ_about_torches_on_lamps_and_chests() -> None:
    volume = Volume((5, 3, 1))
    for x in range(5):
        volume.set((x, 0, 0), "stone")
    volume.set((0, 1, 0), "redstone_lamp")
    volume.set((0, 2, 0), "redstone_torch")
    volume.set((2, 1, 0), "chest")
    volume.set((3, 1, 0), "comparator[facing=west]")
    volume.set((4, 1, 0), "redstone_lamp")
    assert [f.pos for f in found(lint_board(settle(volume)), "judges")] == [(3, 1, 0), (0, 2, 0)]


@pytest.mark.parametrize(
    ("block", "word"),
    [("oak_button[face=floor]", "MCHPRS does not press"), ("cake", "takes a cake as a conductor"),
     ("stone_button[face=floor]", "")],
)  # fmt: skip
def test_judges_differ_about_some_blocks(block: str, word: str) -> None:
    findings = found(lint_board(line(block, "redstone_wire", "redstone_lamp")), "judges")
    assert [word in f.what for f in findings] == ([True] if word else [])


def test_dust_saved_wrong() -> None:
    good = line(LEVER, "redstone_wire", "redstone_lamp")
    assert found(lint_board(good), "dust") == []
    for change in ({"power": 7}, {"north": "side"}):
        bad = good.copy()
        bad.set((1, 1, 1), bad.get((1, 1, 1)).with_props(**change))
        findings = found(lint_board(bad), "dust")
        assert [(f.pos, f.severity) for f in findings] == [((1, 1, 1), "error")]
        assert "power=0" in findings[0].what


def test_state_saved_wrong() -> None:
    bad = line(LEVER, "redstone_wire", WEST.format(1), "redstone_wire", "redstone_lamp")
    bad.set((2, 1, 1), bad.get((2, 1, 1)).with_props(powered="true"))
    assert (2, 1, 1) in [f.pos for f in found(lint_board(bad), "state")]


def test_support() -> None:
    bad = line(LEVER, "redstone_wire", "redstone_lamp")
    bad.set((1, 0, 1), "air")
    assert [f.pos for f in found(lint_board(bad), "support")] == [(1, 1, 1)]


@pytest.mark.parametrize(
    ("blocks", "pos", "word"),
    [
        (("redstone_wire", WEST.format(1), "redstone_lamp"), (0, 1, 1), "nothing can power this dust"),
        ((LEVER, "redstone_wire"), (0, 1, 1), "nothing reads this lever"),
        ((LEVER, "redstone_wire", "redstone_wire"), (1, 1, 1), "nothing reads this dust and 1 more"),
        (("stone", WEST.format(1), "redstone_lamp"), (1, 1, 1), "nothing drives this repeater"),
        (("redstone_lamp",), (0, 1, 1), "nothing drives this lamp"),
    ],
)
def test_idle(blocks: Sequence[str], pos: Pos, word: str) -> None:
    findings = found(lint_board(line(*blocks)), "idle")
    assert any(f.pos == pos and word in f.what for f in findings), findings


def test_what_a_port_reads_is_not_idle() -> None:
    volume = line(LEVER, "redstone_wire")
    assert found(lint_board(volume, Setting(read=frozenset({(0, 1, 1), (1, 1, 1)}))), "idle") == []


def test_chunks() -> None:
    volume = board({(x, 1): "redstone_wire" for x in range(40)} | {(0, 0): LEVER}, (40, 3))
    volume.origin = (0, 64, 0)
    every = {(0, 0), (1, 0), (2, 0)}
    assert found(lint_board(volume, Setting(forced=every)), "chunk") == []
    assert found(lint_board(volume), "chunk") == []
    findings = found(lint_board(volume, Setting(forced={(0, 0)})), "chunk")
    assert [(f.pos, f.severity) for f in findings] == [((32, 1, 1), "error"), ((16, 1, 1), "warning")]
    assert "chunk 2, 0" in findings[0].what


def _everything() -> list[tuple[Volume, list[Stimulus]]]:
    """Boards that have a race, a short pulse and a burnt torch, and how they are used."""
    blocks = (LEVER, "redstone_wire", WEST.format(4), "redstone_wire", "redstone_lamp")
    torch = line("stone", "redstone_wall_torch[facing=east]", "redstone_wire", "redstone_lamp")
    torch.set((0, 2, 1), LEVER)
    return [
        (race_board("redstone_wire"), pulses((0, 1, 0), 4, 44, 80, 120)),
        (line(*blocks), pulses((0, 1, 1), 10, 14, 40, 60, 64, 90, 100, 103)),
        (settle(torch), pulses((0, 2, 1), *range(3, 200, 3))),
    ]


@pytest.mark.parametrize("rows", [1, 7, 50])
def test_the_size_of_the_pieces_of_a_run_changes_nothing(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    whole = [lint_board(volume, Setting(script, 220)) for volume, script in _everything()]
    assert {rule for report in whole for rule in report.counts()} >= {"race", "pulse", "burnout"}
    monkeypatch.setattr("craftc.lint.board.PIECE_ROWS", rows)
    assert [lint_board(volume, Setting(script, 220)) for volume, script in _everything()] == whole


def test_memory_of_a_run_does_not_grow_with_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """No piece has more rows than asked for and those of one game tick."""
    volume, script = _everything()[2]
    monkeypatch.setattr("craftc.lint.board.PIECE_ROWS", 8)
    seen: list[int] = []
    kept = Recorder.advance

    def advance(self: Recorder, until_gt: int, most_rows: int | None = None) -> Piece:
        piece = kept(self, until_gt, most_rows)
        seen.append(len(piece.node))
        return piece

    monkeypatch.setattr(Recorder, "advance", advance)
    report = lint_board(volume, Setting(script, 2_000, orders=0))
    assert report.game_ticks == 2_000 and len(seen) > 15
    assert max(seen) < 8 + 3 * Board(volume, "trusted").nodes


def test_what_stays_within_a_component_is_no_finding() -> None:
    """Piece against piece: another time of one output, and nothing else."""

    def piece(*rows: tuple[int, int, int]) -> Piece:
        node, time_gt, change = np.array(rows, dtype=np.int32).T
        return Piece(0, 100, node, time_gt, change)

    early, late = piece((3, 10, 62), (4, 20, 62)), piece((3, 12, 62), (4, 20, 62))
    tick, nodes = first_difference(early, late)
    assert (tick, nodes.tolist()) == (10, [3]) and same_elsewhere(early, late, nodes)
    assert not same_elsewhere(early, piece((3, 12, 62), (4, 22, 62)), nodes)
