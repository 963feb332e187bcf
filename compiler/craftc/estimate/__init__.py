"""Costs of a machine before it is built."""

from craftc.estimate.model import Estimate, estimate

__all__ = ["Estimate", "estimate"]
