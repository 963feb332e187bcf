"""Steps of rows: least error, within their bits, and exact where products are largest."""

import pytest
import torch

from craftc.errors import ConfigError
from craftc.train.config import ChatConfig, Scales
from craftc.train.net import EXACT_BITS, Gpt
from craftc.train.scales import MULTIPLIER_BITS, choose, rounding_errors

KINDS: tuple[Scales, ...] = ("matrix", "shift", "row")


def weights(rows: int = 40, columns: int = 64) -> torch.Tensor:
    """Returns rows of different sizes."""
    made = torch.randn(rows, columns, generator=torch.Generator().manual_seed(0))
    return made * torch.linspace(0.02, 0.2, rows)[:, None]


def error(kind: Scales, low: int = 0, high: int = 14) -> float:
    """Returns the squared error that a kind of steps leaves."""
    fraction, multiplier = choose(weights(), 7, kind, low, high)
    return float(rounding_errors(weights(), multiplier[:, None] * 2.0**-fraction, 7).sum())


def test_freer_steps_round_better() -> None:
    assert error("row") < error("shift") < error("matrix")
    assert error("row") < 0.5 * error("matrix")


@pytest.mark.parametrize("kind", KINDS)
def test_multipliers_and_fractions_keep_to_their_bits(kind: Scales) -> None:
    for scale in (1e-6, 1e-2, 1.0, 1e3):
        for low, high in ((0, 14), (6, 10)):
            fraction, multiplier = choose(weights() * scale, 7, kind, low, high)
            assert (low if kind != "matrix" else 0) <= fraction <= high
            assert int(multiplier.min()) >= 1 and int(multiplier.max()) < 1 << MULTIPLIER_BITS
            if kind == "matrix":
                assert int(multiplier.max()) == 1
            if kind == "shift":
                assert not (multiplier & (multiplier - 1)).any()


def test_rows_of_zeros_have_a_step() -> None:
    made = weights()
    made[3] = 0.0
    assert int(choose(made, 7, "row", 0, 14)[1].min()) >= 1


def test_products_past_float32_lie_outside_of_their_format() -> None:
    net = Gpt(ChatConfig(scales="row", hidden=288), 64, torch.Generator().manual_seed(0))
    block = net.blocks[0]
    with torch.no_grad():
        block.down.weight.fill_(0.0)
        block.down.weight[:, ::2] = 0.001  # the finest steps, all codes at their largest
        block.down.weight[:, 1::2] = -0.001
        block.down.weight[0] = 0.001
    net.quantize()
    frac = net.config.format("activation").frac + int(block.down.fraction)
    h = torch.full((1, 288), 127 / 16)
    units = float(block.down.product(h, True)[0, 0].detach()) * 2.0**frac
    assert units == 127 * 288 * 7 * int(block.down.multiplier[0])
    residual = net.config.format("residual")
    assert 2.0 ** (EXACT_BITS - frac) >= 2.0 ** (residual.bits - 1 - residual.frac)


def test_logits_too_fine_for_a_tied_head_are_refused() -> None:
    ChatConfig(logits="s20.15", residual="s16.10")
    with pytest.raises(ConfigError, match="logits are too fine for a tied head"):
        ChatConfig(logits="s20.15", residual="s16.10", scales="row")
