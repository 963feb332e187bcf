"""The reference model against a plain-Python interpreter, and its import cost."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craftc.errors import ModelError
from craftc.model import Checkpoint, GoldenModel, random_model
from craftc.model.checkpoint import make_layer


def slow_model(checkpoint: Checkpoint, x: list[int]) -> tuple[list[list[int]], int]:
    """Returns the activations and the class of one input, with Python integers only."""
    hidden: list[list[int]] = []
    values = x
    for layer in checkpoint.layers:
        rows, biases = layer.weight_codes.tolist(), layer.bias.tolist()
        values = [
            sum(w * v for w, v in zip(row, values, strict=True)) + b
            for row, b in zip(rows, biases, strict=True)
        ]
        if layer.shift is not None:
            values = [min(15, max(0, y // 2**layer.shift)) for y in values]
            hidden.append(values)
    return hidden, values.index(max(values))


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
    bits=st.sampled_from([1, 4]),
)
def test_equal_to_plain_integers(sizes: list[int], seed: int, bits: int) -> None:
    model = random_model(sizes, seed, input_bits=bits)
    x = np.random.default_rng(seed).integers(0, 1 << bits, (8, sizes[0]))
    trace = GoldenModel.from_checkpoint(model).run(x)
    for k, row in enumerate(x.tolist()):
        hidden, winner = slow_model(model, row)
        assert [h[k].tolist() for h in trace.hidden] == hidden
        assert trace.classes[k] == winner


def test_one_changed_weight_is_seen() -> None:
    model = random_model((16, 8, 4), 1)
    codes = model.layers[0].weight_codes.copy()
    codes[3, 5] ^= 1
    first = model.layers[0]
    broken = Checkpoint(
        "broken",
        (make_layer(codes, first.bias, first.bias_constants, 1, first.shift), *model.layers[1:]),
    )
    x = np.eye(16, dtype=np.int64)
    good, bad = GoldenModel(model).run(x), GoldenModel(broken).run(x)
    assert np.flatnonzero((good.layers[0].y != bad.layers[0].y).any(axis=0)).tolist() == [3]


def test_shift_rounds_down_and_clamps() -> None:
    layer = make_layer([[1], [1], [1], [1]], [-1, 7, 63, 119], [1, 8] * 2, 4, 3)
    last = make_layer([[1, 0, 0, 0]], [0], [], 4, None)
    trace = GoldenModel(Checkpoint("edge", (layer, last))).run(np.array([[0], [1], [15]]))
    assert trace.hidden[0].tolist() == [[0, 0, 7, 14], [0, 1, 8, 15], [1, 2, 9, 15]]


def test_tie_goes_to_the_lowest_index() -> None:
    layer = make_layer([[0], [1], [1]], [0, 0, 0], [], 1, None)
    assert GoldenModel(Checkpoint("tie", (layer,))).classify(np.array([[0], [1]])).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 5), int), r"shape is \(2, 5\) \(legal: \(batch, 6\)\)"),
        (np.zeros(6, int), r"shape is \(6,\)"),
        (np.full((1, 6), 2), r"values reach 2\.\.2 \(legal: 0\.\.1\)"),
        (np.full((1, 6), -1), r"values reach -1"),
        (np.zeros((1, 6)), r"type is float64"),
    ],
)
def test_wrong_input_is_refused(x: np.ndarray, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        GoldenModel(random_model((6, 3), 0)).run(x)


def test_import_does_not_load_torch() -> None:
    code = "import sys, craftc.model, craftc.model.digits, craftc.model.train_digits, craftc.model.quantize; "
    code += "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
