"""Units used in names and signatures.

1 redstone tick (rt) = 2 game ticks (gt); 20 gt = 1 s of unaccelerated game time
(Minecraft Wiki, "Tick"). Signal strength is 0..15.
"""

from typing import NewType

GameTick = NewType("GameTick", int)
RedstoneTick = NewType("RedstoneTick", int)

GT_PER_RT = 2
GT_PER_SECOND = 20
MAX_SIGNAL = 15
