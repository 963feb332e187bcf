"""Arithmetic on levels 0..15 of many places at once: four words, least bit first, added and compared like
the adders of a processor do."""

from __future__ import annotations

from craftc.sim.kernel import hot_inline
from craftc.sim.wide import Planes, spread

Level = tuple[int, int, int, int]


@hot_inline
def minus(a: Level, b: Level) -> tuple[int, int, int, int, int]:
    """Return the bits of a - b modulo 16, and the places where b > a."""
    d0 = a[0] ^ b[0]
    low = ~a[0] & b[0]
    d1 = a[1] ^ b[1] ^ low
    low = (~a[1] & (b[1] | low)) | (b[1] & low)
    d2 = a[2] ^ b[2] ^ low
    low = (~a[2] & (b[2] | low)) | (b[2] & low)
    d3 = a[3] ^ b[3] ^ low
    low = (~a[3] & (b[3] | low)) | (b[3] & low)
    return d0, d1, d2, d3, low


@hot_inline
def greater(a: Level, b: Level) -> int:
    """Return the places where a > b."""
    low = a[0] & ~b[0]
    low = (a[1] & (~b[1] | low)) | (~b[1] & low)
    low = (a[2] & (~b[2] | low)) | (~b[2] & low)
    return (a[3] & (~b[3] | low)) | (~b[3] & low)


@hot_inline
def higher(a: Level, b: Level) -> Level:
    """Return the greater of two levels."""
    use = greater(b, a)
    return chosen(use, b, a)


@hot_inline
def chosen(use: int, a: Level, b: Level) -> Level:
    """Return level a at the places `use` and level b elsewhere."""
    keep = ~use
    return (
        (a[0] & use) | (b[0] & keep),
        (a[1] & use) | (b[1] & keep),
        (a[2] & use) | (b[2] & keep),
        (a[3] & use) | (b[3] & keep),
    )


@hot_inline
def constant(like: Planes, value: int) -> Level:
    """Return one level at all places, in words as in an array."""
    return (
        spread(like, value & 1),
        spread(like, value >> 1 & 1),
        spread(like, value >> 2 & 1),
        spread(like, value >> 3 & 1),
    )


@hot_inline
def at_places(mask: int, a: Level) -> Level:
    """Return a level at the places of a mask, 0 elsewhere."""
    return a[0] & mask, a[1] & mask, a[2] & mask, a[3] & mask


@hot_inline
def lessened(a: Level, b: Level) -> Level:
    """Return max(0, a - b)."""
    d0, d1, d2, d3, low = minus(a, b)
    return at_places(~low, (d0, d1, d2, d3))


@hot_inline
def any_bit(a: Level) -> int:
    """Return the places where a level is above 0."""
    return a[0] | a[1] | a[2] | a[3]


@hot_inline
def differs(a: Level, b: Level) -> int:
    """Return the places where two levels differ."""
    return (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])
