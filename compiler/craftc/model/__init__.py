"""The model side: quantized checkpoints, their exact reference, and what makes them.

Nothing here imports torch at import time; only reading, writing and training do.
"""

from craftc.model.checkpoint import Checkpoint, Layer, bias_codes
from craftc.model.checkpoint_file import load_checkpoint, save_checkpoint
from craftc.model.golden import GoldenModel, LayerTrace, Trace
from craftc.model.overflow import LayerRange, prove
from craftc.model.random_model import random_model

__all__ = [
    "Checkpoint",
    "GoldenModel",
    "Layer",
    "LayerRange",
    "LayerTrace",
    "Trace",
    "bias_codes",
    "load_checkpoint",
    "prove",
    "random_model",
    "save_checkpoint",
]
