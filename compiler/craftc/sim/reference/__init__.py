"""The reference engine: every block by its own rule, in the game's order. Slow, and the definition.

    entries.py    block states with their properties parsed
    world.py      the blocks, how one is changed, how power is asked for
    updates.py    neighbour and shape updates in the game's order
    ticks.py      scheduled ticks
    rules.py      the form of a rule; dust, diodes, torch, inputs, outputs hold the rules
    board.py      the board that runs (`Reference`)

What is modelled is Java 1.20.4; docs/simulator.md lists what is not. Meant for boards up to some ten
thousand blocks.
"""

from craftc.sim.reference.board import Reference

__all__ = ["Reference"]
