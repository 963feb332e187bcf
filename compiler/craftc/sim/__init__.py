"""The block simulator: volumes of redstone that run, game tick by game tick. See `board.py`."""

from craftc.sim.board import Board, Snapshot, settle

__all__ = ["Board", "Snapshot", "settle"]
