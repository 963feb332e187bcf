"""Language models: files, exact execution with caches, dialogues. See docs/lm-checkpoint.md.

Nothing here imports torch at import time; only reading and writing files do.
"""

from craftc.lm.crowd import converse
from craftc.lm.dialogue import Dialogue, Turn
from craftc.lm.executor import Executor, golden
from craftc.lm.file import load, save
from craftc.lm.measure import Recording, record, score
from craftc.lm.model import NUMERICS, IntegerMatrix, LanguageModel, integer_weights
from craftc.lm.tokenizer import Tokenizer

__all__ = [
    "NUMERICS",
    "Dialogue",
    "Executor",
    "IntegerMatrix",
    "LanguageModel",
    "Recording",
    "Tokenizer",
    "Turn",
    "converse",
    "golden",
    "integer_weights",
    "load",
    "record",
    "save",
    "score",
]
