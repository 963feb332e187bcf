"""Chooses how layers are cut where redstone ticks count and volume does not (`--optimize speed`).

A cut saves words and readout slots and costs skew, longer lines and adders, so what is best depends on the
network. Every number of groups of every hidden layer is placed with guessed wires, one layer after the
other from the widest on, and the one with the earliest answer is kept; of equal ones that with fewer groups.
"""

from __future__ import annotations

from collections.abc import Callable

from craftc.config import BuildConfig
from craftc.errors import PlacementError, TimingError
from craftc.model.checkpoint import Checkpoint
from craftc.passes.assemble import first_placement
from craftc.passes.fold import LayerPlan, fold, legal_cuts
from craftc.passes.program import HASTY

Plans = tuple[LayerPlan, ...]
Cuts = tuple[int, ...]  # groups per hidden layer
NEVER = 1 << 30
Progress = Callable[[str, int, int], None]


def answer_word(plans: Plans) -> int:
    """Return the word of the coil at which the machine says done, by guessed wires; NEVER if none fits."""
    try:
        _, _, control = first_placement(plans, HASTY)
    except (PlacementError, TimingError):
        return NEVER
    return next(tap.word for tap in control.taps if tap.window == "done")


def foldings(checkpoint: Checkpoint, config: BuildConfig, progress: Progress | None = None) -> list[Plans]:
    """Return the plans to try, the fastest first; the last one is not cut at all.

    Raises what `fold` refuses.
    """
    plain = fold(checkpoint, config)
    best: Cuts = (1,) * (len(plain) - 1)
    plans: dict[Cuts, Plans] = {best: plain}
    words: dict[Cuts, int] = {}
    for layer in sorted(range(len(best)), key=lambda k: (-plain[k].n_out, k)):
        options = [(*best[:layer], groups, *best[layer + 1 :]) for groups in _options(plain, best, layer)]
        for number, cuts in enumerate(options):
            if progress:
                progress("cut", number, len(options))
            plans.setdefault(cuts, fold(checkpoint, config, cuts))
            words.setdefault(cuts, answer_word(plans[cuts]))
        best = min(options, key=lambda cuts: (words[cuts], sum(cuts)), default=best)
    uncut = words.get((1,) * len(best), NEVER)
    order = sorted(words, key=lambda cuts: (words[cuts], sum(cuts)))
    return [plans[cuts] for cuts in order if words[cuts] < uncut] + [plain]


def _options(plain: Plans, cuts: Cuts, layer: int) -> tuple[int, ...]:
    """Return the numbers of groups that a hidden layer can have beside the present cuts of its neighbours."""
    beside = [cuts[k] for k in (layer - 1, layer + 1) if 0 <= k < len(cuts)]
    if plain[layer].passes > 1 or plain[layer + 1].passes > 1 or max(beside, default=1) > 1:
        return ()
    legal = legal_cuts(plain[layer].n_out, plain[layer + 1].n_out)
    return legal if len(legal) > 1 else ()
