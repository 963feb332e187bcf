"""What octal matrix engines cost, measured on built ones: coefficients of fits, and the builds themselves.

Source: engines of CraftGPT's layers.0.attention.query and of its first rows and inputs (`BUILT`), placed,
checked and simulated; fits to their corners, the others lie within 1 %. A lane works on one row; a row of n
inputs takes `words(n)` ROM words. What is not in here: a matrix in several passes, or of more rows than
`MAX_ROWS`, which the height of the world allows.
"""

from __future__ import annotations

from dataclasses import dataclass

WORD_RT = 32  # 16 octal digits of 2 rt
WORDS_PER_WEIGHT = 3
EXTRA_WORDS = 17  # lead and tail words, and those of the four fixed inputs
MAX_ROWS = 280
LOAD_RT_PER_INPUT = 34  # 31 of the token, 3 of the streams
RUN_EXTRA_RT, LEVEL_RT, FIRST_LEVEL = 56, 2, 12  # start to done beyond the words; the highest level is last

BLOCKS_PER_DIGIT, BLOCKS_PER_WORD, BLOCKS_PER_LANE, BLOCKS_REST = 10.62, 337.0, 1004.0, 3_800
NODES_PER_DIGIT, NODES_PER_WORD, NODES_PER_LANE, NODES_REST = 3.457, 80.2, 168.6, 900
LANE_EVENTS, HOP_EVENTS = 936.0, 0.387  # per lane and word; hops grow with the words of the row
BASE_EVENTS, TOKEN_EVENTS = 4_460.0, 12.2  # per word, of all lanes together


@dataclass(frozen=True, slots=True)
class BuiltMatrix:
    """A built engine: placed blocks, cells of its box, nodes, events of one run (load apart)."""

    rows: int
    inputs: int
    words: int
    blocks: int
    cells: int
    nodes: int
    events: int
    load_events: int


BUILT: tuple[BuiltMatrix, ...] = (
    BuiltMatrix(60, 60, 197, 255_967, 5_042_520, 67_675, 13_316_384, 249_375),
    BuiltMatrix(60, 240, 737, 782_030, 17_289_720, 222_982, 63_893_599, 3_447_008),
    BuiltMatrix(240, 60, 197, 813_289, 15_127_560, 220_610, 49_152_178, 249_375),
    BuiltMatrix(240, 240, 737, 2_371_664, 51_869_160, 711_981, 225_776_787, 3_447_008),
)
"""Blocks and nodes are exact; events are of one recorded activation (full size: the mean of several)."""


def words(inputs: int) -> int:
    """Return the ROM words of a row."""
    return WORDS_PER_WEIGHT * inputs + EXTRA_WORDS


def run_rt(rows: int, inputs: int) -> int:
    """Return the redstone ticks from start to done."""
    return WORD_RT * words(inputs) + RUN_EXTRA_RT + LEVEL_RT * (FIRST_LEVEL - 1 + -(-rows // 2))


def blocks(rows: int, inputs: int) -> int:
    """Return the placed blocks of an engine."""
    count = words(inputs)
    return round(
        BLOCKS_PER_DIGIT * rows * count + BLOCKS_PER_WORD * count + BLOCKS_PER_LANE * rows + BLOCKS_REST
    )


def nodes(rows: int, inputs: int) -> int:
    """Return the nodes of an engine in our simulator."""
    count = words(inputs)
    return round(NODES_PER_DIGIT * rows * count + NODES_PER_WORD * count + NODES_PER_LANE * rows + NODES_REST)


def events(rows: int, inputs: int) -> int:
    """Return the output changes of a run, without the load."""
    count = words(inputs)
    lane = LANE_EVENTS + HOP_EVENTS * count
    return round(count * (rows * lane + BASE_EVENTS + TOKEN_EVENTS * count))
