"""How the engine packs a node into one 64-bit word.

    bits   0-3    level of the main port      16     a tick is scheduled
           4-7    level of the side port      17-22  key of a tick scheduled while off: delay / 2 gt * 4
           8-11   code, see below                    + priority
           12-15  output                      23-28  key of a tick scheduled while on
    29, 30  main, side port has a row in State.sources (see engine.py)
    31      has exactly one link
    32-63   that link; else the place in Net.link behind the number of links

A link is node << 5 | side << 4 | amount. Ports of comparators hold levels 0..15; ports of all other devices,
which ask only whether there is any power, hold the number of sources that give some. The amount of a link
from a comparator is its loss; of another link, what the source being on adds to the port: 1, or if the port
holds a level or has a row, 15 - loss. The number of links may have the bit PAIRS: both ports of one device
stand side by side in the list. A torch keeps in bit 7 whether it burnt out. An observer keeps in its side
port what it last saw at its main port, a bulb whether it was powered, a trapdoor whether it ever followed its
power.

WANTED[word & 4095] is the output a node should have by its ports and code. HOLD: its output does not
follow from them (locked repeaters, sources, observers that saw no change). AT_ONCE is added where it is taken
without a tick; with HOLD, where a bulb saw its power come or go. ASLEEP is the table for settling: there
observers and bulbs hold.

DUE[word & 8191] is the output a node takes when its tick runs; of what is on or off, bit 12 says which it is.
LOGS: a torch turns off, which is remembered. SLOW: more than the output happens.
ASKS[word & 8191], of nodes that are on or off: ASK if they ask for a tick unless they have one, AT_ONCE as
above, and in bits 0-4 the place of the key of that tick in the word.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from craftc.sim import devices

SIDE, CODE, OUT, PENDING, KEY, WIDE, LINK = 4, 8, 12, 16, 17, 29, 32
KEY_BITS = 6
NIBBLE = 15
IS_PENDING = 1 << PENDING
SINGLE = 1 << 31
PAIRS = 1 << 31  # in the number of links
HOLD, AT_ONCE = 32, 64
LOGS, SLOW = 32, 64
ASK_AT, ASK = 7, 128
STATE = 8191  # ports, code, and whether it is on
MOST_GT = 30  # longest delay

# Codes. What holds levels has the bit ANALOG, what is no diode, torch, lamp or button the bit LATE.
(REPEATER, TORCH, LAMP, BUTTON, COMPARE, SUBTRACT) = range(6)
(SOURCE, OBSERVER, SINK, BULB, LEVEL_SOURCE, LEVEL_OBSERVER) = range(8, 14)
ANALOG, LATE = 4, 8
CODE_OF_KIND = np.zeros(16, dtype=np.int64)
CODE_OF_KIND[[devices.TORCH, devices.REPEATER, devices.COMPARE, devices.SUBTRACT]] = (
    TORCH, REPEATER, COMPARE, SUBTRACT,
)  # fmt: skip
CODE_OF_KIND[[devices.LAMP, devices.BUTTON, devices.CONSTANT, devices.LEVER]] = (LAMP, BUTTON, SOURCE, SOURCE)
CODE_OF_KIND[[devices.OBSERVER, devices.LEVEL_OBSERVER, devices.BULB]] = (OBSERVER, LEVEL_OBSERVER, BULB)
CODE_OF_KIND[[devices.TRAPDOOR, devices.NOTE_BLOCK, devices.INPUT]] = (SINK, SINK, LEVEL_SOURCE)


def _wanted() -> npt.NDArray[np.uint8]:
    table = np.full((16, 16, 16), HOLD, dtype=np.uint8)  # code, side, main
    main = np.arange(16)[None, :]
    side = np.arange(16)[:, None]
    table[REPEATER] = np.where(side > 0, HOLD, np.where(main > 0, 15, 0))
    table[TORCH] = np.where(main > 0, 0, 15)
    table[LAMP] = np.where(main > 0, 15 | AT_ONCE, 0)
    table[BUTTON] = 0
    table[COMPARE] = np.where(side > main, 0, main)
    table[SUBTRACT] = np.where(side > main, 0, main - side)
    table[SINK] = np.where(main > 0, 15, 0) | AT_ONCE
    table[BULB] = np.where((main > 0) == (side > 0), HOLD, HOLD | AT_ONCE)
    table[OBSERVER] = table[LEVEL_OBSERVER] = np.where(main == side, HOLD, 15)
    return table.reshape(-1)


def _asleep() -> npt.NDArray[np.uint8]:
    table = _wanted().reshape(16, 16, 16)
    table[[BULB, OBSERVER, LEVEL_OBSERVER]] = HOLD
    return table.reshape(-1)


def _due() -> npt.NDArray[np.uint8]:
    wanted = _wanted().reshape(16, 16, 16)
    table = np.stack([wanted & 15, wanted & 15])  # on, code, side, main
    main = np.arange(16)[None, :]
    side = np.arange(16)[:, None]
    table[0, REPEATER] = np.where(side > 0, 0, np.where(main > 0, 15, SLOW))
    table[1, REPEATER] = np.where((side > 0) | (main > 0), 15, 0)
    table[0, TORCH] = np.where(side > 7, SLOW, wanted[TORCH])
    table[1, TORCH] = np.where(side > 7, SLOW, np.where(main > 0, LOGS, 15))
    table[:, SOURCE:] = SLOW
    return table.reshape(-1)


def _asks(wanted: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    change = np.stack([wanted, wanted ^ 15])  # off, on
    asks = np.where((change > 0) & (change < 16), ASK, 0) | (change & AT_ONCE)
    table: npt.NDArray[np.uint8] = (asks | np.array([[KEY], [KEY + KEY_BITS]])).astype(np.uint8)
    return table.reshape(-1)


WANTED, ASLEEP, DUE = _wanted(), _asleep(), _due()
ASKS, ASKS_ASLEEP = _asks(WANTED), _asks(ASLEEP)


def port_levels(word: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return the levels at main and side ports (nodes, 2); 15 for any power where no level is held."""
    low = word.astype(np.uint8)
    code = (word >> CODE).astype(np.uint8) & np.uint8(15)
    seen = np.stack([low & np.uint8(15), low >> np.uint8(4)], axis=1)
    seen[code == TORCH, 1] = 0
    seen[code & ANALOG == 0] = np.where(seen[code & ANALOG == 0] > 0, 15, 0)
    watches = code & ~np.uint8(ANALOG) == OBSERVER
    seen[watches, 1] = low[watches] >> np.uint8(4)
    return seen
