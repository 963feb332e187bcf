"""Blocks in arrays: palette, volume, transforms. See `volume.py` for the axes."""

from craftc.blocks.palette import AIR, BlockState, Entity, Palette
from craftc.blocks.volume import Volume

__all__ = ["AIR", "BlockState", "Entity", "Palette", "Volume"]
