"""How a matrix is laid on lanes: rows, passes, words and input registers.

A lane works on one row at a time, so fewer lanes than rows need several passes. All passes are one run of
the ROM, with a pause between them in which no word is read and every sum is flushed::

    words      | lead  3 (n + 4)  tail | pause | lead  3 (n + 4)  tail | ...
    registers          x    fixed     (unused)          x    fixed

Every pass has input registers of its own, under its words: reading empties them. Results of earlier passes
are kept by the queue behind a lane's register (macros/octal_register.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from craftc.errors import ConfigError

WORDS = 3  # per weight
LEAD_WORDS, TAIL_WORDS, PAUSE_WORDS = 3, 2, 4
FIXED_INPUTS = 4
UNUSED = (LEAD_WORDS + TAIL_WORDS + PAUSE_WORDS) // WORDS  # registers under the words between two passes
MAX_LANES, MAX_PASSES = 280, 4  # the height of the world; how far the queues reach west


@dataclass(frozen=True, slots=True)
class Fold:
    """`rows` rows of `inputs` inputs on `lanes` lanes; row r is in lane r % lanes in pass r // lanes."""

    rows: int
    inputs: int
    lanes: int

    @property
    def passes(self) -> int:
        """How often a lane works on a row."""
        return -(-self.rows // self.lanes)

    @property
    def pass_words(self) -> int:
        """ROM words of one pass."""
        return LEAD_WORDS + WORDS * (self.inputs + FIXED_INPUTS) + TAIL_WORDS

    @property
    def words(self) -> int:
        """ROM words of a run, pauses included."""
        return self.passes * (self.pass_words + PAUSE_WORDS) - PAUSE_WORDS

    @property
    def registers(self) -> int:
        """Input registers, the unused ones included."""
        return self.passes * (self.inputs + FIXED_INPUTS + UNUSED) - UNUSED


def folds(rows: int, inputs: int) -> list[Fold]:
    """Return all folds of a matrix, most lanes first. Raises ConfigError if there is none."""
    found = [Fold(rows, inputs, -(-rows // passes)) for passes in range(1, MAX_PASSES + 1)]
    fitting = {fold.lanes: fold for fold in found if fold.lanes <= MAX_LANES}
    if not fitting:
        raise ConfigError(f"{rows} rows", where="lanes", legal=f"at most {MAX_LANES * MAX_PASSES}")
    return list(fitting.values())


def choose_fold(rows: int, inputs: int, lanes: int | None = None, words: int | None = None) -> Fold:
    """Return the fold with `lanes` lanes or `words` words per lane, or else the one with most lanes.

    Raises ConfigError that names all legal values.
    """
    legal = folds(rows, inputs)
    if lanes is not None and words is not None:
        raise ConfigError("both lanes and words per lane", where="build", legal="one of them")
    if lanes is None and words is None:
        return legal[0]
    for fold in legal:
        if lanes == fold.lanes or words == fold.words:
            return fold
    what, name = (f"{lanes} lanes", "lanes") if lanes is not None else (f"{words} words per lane", "words")
    values = ", ".join(str(getattr(fold, name)) for fold in legal)
    raise ConfigError(what, where=f"{rows} x {inputs} matrix", legal=values)
