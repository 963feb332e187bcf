"""What octal matrix engines cost, measured on built ones: coefficients of fits, and the builds themselves.

Source: engines of CraftGPT's layers.0.attention.query and of its first rows and inputs (`BUILT`), placed,
checked and simulated; blocks and nodes are fits to the corners with 60 and 240 lanes. A fold says how many
words and passes a lane has (passes/matrix/fold.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.passes.matrix.fold import Fold

WORD_RT = 32  # 16 octal digits of 2 rt
LOAD_RT_PER_INPUT = 34  # 31 of the token, 3 of the streams
RUN_EXTRA_RT, LEVEL_RT, FIRST_LEVEL = 76, 2, 12  # start to done beyond the words; the highest level is last

BLOCKS_PER_DIGIT, BLOCKS_PER_WORD, BLOCKS_PER_LANE, BLOCKS_REST = 10.623, 251.3, 1156.6, 5_630
NODES_PER_DIGIT, NODES_PER_WORD, NODES_PER_LANE, NODES_REST = 3.458, 66.8, 222.4, 1_310
QUEUE_BLOCKS, QUEUE_NODES = 362.0, 36.0  # per lane and pass after the first
LANE_EVENTS, HOP_EVENTS = 923.9, 0.4207  # per lane and word; hops grow with the words of the row
BASE_EVENTS, TOKEN_EVENTS = 4_736.0, 2.11  # per word, of all lanes together


@dataclass(frozen=True, slots=True)
class BuiltMatrix:
    """A built engine: placed blocks, cells of its box, nodes, events of one run (load apart)."""

    fold: Fold
    blocks: int
    cells: int
    nodes: int
    events: int
    load_events: int


BUILT: tuple[BuiltMatrix, ...] = (
    BuiltMatrix(Fold(60, 60, 60), 250_087, 3_622_080, 68_689, 12_866_614, 275_003),
    BuiltMatrix(Fold(60, 240, 60), 729_965, 10_607_520, 216_793, 59_110_454, 3_517_176),
    BuiltMatrix(Fold(240, 60, 240), 834_954, 10_274_880, 231_345, 48_238_750, 275_003),
    BuiltMatrix(Fold(240, 60, 120), 794_088, 10_010_880, 224_144, 55_395_397, 1_022_774),
    BuiltMatrix(Fold(240, 120, 240), 1_340_433, 16_880_160, 393_211, 100_155_856, 936_651),
    BuiltMatrix(Fold(240, 240, 240), 2_347_369, 30_090_720, 715_558, 222_146_368, 3_517_176),
    BuiltMatrix(Fold(240, 240, 120), 2_443_348, 32_535_360, 744_348, 287_151_982, 13_770_552),
)
"""Blocks and nodes are exact; events are of one recorded activation, the same for all."""


def run_rt(fold: Fold) -> int:
    """Return the redstone ticks from start to done."""
    return WORD_RT * fold.words + RUN_EXTRA_RT + LEVEL_RT * (FIRST_LEVEL - 1 + -(-fold.lanes // 2))


def blocks(fold: Fold) -> int:
    """Return the placed blocks of an engine."""
    digits, queues = fold.lanes * fold.words, fold.lanes * (fold.passes - 1)
    each = BLOCKS_PER_DIGIT * digits + BLOCKS_PER_WORD * fold.words + BLOCKS_PER_LANE * fold.lanes
    return round(each + QUEUE_BLOCKS * queues + BLOCKS_REST)


def nodes(fold: Fold) -> int:
    """Return the nodes of an engine in our simulator."""
    digits, queues = fold.lanes * fold.words, fold.lanes * (fold.passes - 1)
    each = NODES_PER_DIGIT * digits + NODES_PER_WORD * fold.words + NODES_PER_LANE * fold.lanes
    return round(each + QUEUE_NODES * queues + NODES_REST)


def events(fold: Fold) -> int:
    """Return the output changes of a run, without the load."""
    lane = LANE_EVENTS + HOP_EVENTS * fold.words
    return round(fold.words * (fold.lanes * lane + BASE_EVENTS + TOKEN_EVENTS * fold.words))
