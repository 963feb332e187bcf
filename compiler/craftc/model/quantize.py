"""Post-training quantization of a float Linear/ReLU stack to the integers of the hardware.

Two stages, both deterministic, both driven by calibration inputs without labels:

1. Scales (`scales`): codes, shifts and one scale per hidden unit that reproduce the float activations best.
2. Distillation (`steps` > 0). The latents start at v / step and are trained straight-through
   (`qat`) so that the integer model gives the class probabilities of the float model; once for each learning
   rate, until one gives the class of the float model everywhere. The best is kept.

A bias that needs more constants than `max_constants` allows is refused by name, never clipped.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from craftc.errors import ConfigError, ModelError, require_within
from craftc.model.checkpoint import (
    ACTIVATION_MAX,
    SHIFT_MAX,
    Checkpoint,
    Int64,
    Layer,
    constants_for,
    make_layer,
)
from craftc.model.checkpoint_file import save_checkpoint
from craftc.model.golden import GoldenModel
from craftc.model.importer import Float64, FloatStack, import_stack
from craftc.model.scales import Latents, find_scales

if TYPE_CHECKING:
    from craftc.model.qat import Progress

_SAMPLE = 2048  # calibration inputs used in the search for scales
_BATCH = 128


@dataclass(frozen=True, slots=True)
class QuantizeConfig:
    """Settings of a quantization."""

    weight_max: int = 7  # codes are -weight_max..weight_max; 1 = ternary
    shifts: tuple[int, ...] = (0, 3, 6, 9)  # allowed; multiples of 3 drop whole octal digits
    max_constants: int = 16  # bias constants per layer
    steps: int = 3000  # of distillation with each rate; 0 = none
    rates: tuple[float, ...] = (0.05, 0.2, 0.02)  # learning rates, codes per step
    seed: int = 0

    def __post_init__(self) -> None:
        limits = {
            "weight_max": (self.weight_max, 1, 7),
            "max_constants": (self.max_constants, 1, 1024),
            "steps": (self.steps, 0, 1_000_000),
            "seed": (self.seed, 0, 2**62),
        }
        require_within(limits, "quantize")
        if not self.shifts or any(not 0 <= shift <= SHIFT_MAX for shift in self.shifts):
            raise ConfigError(f"shifts are {self.shifts}", where="quantize", legal=f"some of 0..{SHIFT_MAX}")
        if not self.rates or any(not 0 < rate <= 10 for rate in self.rates):
            raise ConfigError(f"rates are {self.rates}", where="quantize", legal="some above 0, at most 10")


@dataclass(frozen=True, slots=True)
class QuantizeResult:
    """A quantized checkpoint and how often it gives the class of the float model."""

    checkpoint: Checkpoint
    agreement: float  # fraction of calibration inputs


def quantize_file(
    model_path: Path,
    calibrate: Path,
    out: Path,
    config: QuantizeConfig | None = None,
    progress: "Progress | None" = None,
) -> QuantizeResult:
    """Quantizes a user's float model, writes `out`, and returns the result.

    `calibrate` is an .npz with the array x (B, n_in) of 0 and 1. Raises ModelError, UnsupportedOp,
    ConfigError or OutputError; nothing is written then.
    """
    stack = import_stack(model_path)
    x = load_calibration(calibrate, stack.sizes[0])
    result = quantize(stack, x, config or QuantizeConfig(), progress)
    save_checkpoint(result.checkpoint, out)
    return result


def load_calibration(path: Path, n_in: int) -> Int64:
    """Returns the array x (B, n_in) of an .npz file as int64; refuses anything but 0 and 1."""
    where = str(path)
    legal = f"an .npz with the array x (batch, {n_in}) of 0 and 1"
    try:
        with np.load(path, allow_pickle=False) as stored:
            if not isinstance(stored, np.lib.npyio.NpzFile) or "x" not in stored.files:
                raise ModelError("has no array named x", where=where, legal=legal)
            x = stored["x"]
    except FileNotFoundError as error:
        raise ModelError("no such file", where=where, legal=legal) from error
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ModelError("is not an .npz file of numbers", where=where, legal=legal) from error
    if x.ndim != 2 or x.shape[1] != n_in or not x.shape[0]:
        raise ModelError(f"x has shape {x.shape}", where=where, legal=f"(batch, {n_in}), batch >= 1")
    if x.dtype.kind not in "biuf" or not np.isin(x, (0, 1)).all():
        raise ModelError("x holds values other than 0 and 1", where=where, legal="binary inputs, 0 or 1")
    made: Int64 = x.astype(np.int64)
    return made


def quantize(
    stack: FloatStack, x: Int64, config: QuantizeConfig, progress: "Progress | None" = None
) -> QuantizeResult:
    """Returns the quantized form of a float stack, calibrated on binary inputs x (B, n_in)."""
    targets = stack.run(x.astype(np.float64))
    codes = find_scales(stack, x[:_SAMPLE], config.weight_max, config.shifts)
    layers = _integer_layers(codes, config, stack.name)
    wanted = np.argmax(targets[-1], axis=1)
    agreement = GoldenModel(Checkpoint(stack.name, layers)).accuracy(x, wanted)
    shapes = layers
    for rate in config.rates if config.steps else ():
        if agreement == 1:
            break
        tuned = _distil(codes, shapes, x, targets[-1], config, rate, progress)
        better = GoldenModel(Checkpoint(stack.name, tuned)).accuracy(x, wanted)
        if better >= agreement:
            layers, agreement = tuned, better
    meta = {
        "source": "craftc quantize",
        "weight_max": config.weight_max,
        "seed": config.seed,
        "steps": config.steps,
        "calibration_inputs": int(x.shape[0]),
        "float_agreement": agreement,
    }
    return QuantizeResult(Checkpoint(stack.name, layers, meta), agreement)


def _integer_layers(codes: list[Latents], config: QuantizeConfig, name: str) -> tuple[Layer, ...]:
    """Returns the rounded layers with the fewest bias constants; refuses more than allowed."""
    layers: list[Layer] = []
    for index, code in enumerate(codes):
        bits = 1 if index == 0 else 4
        bias = _harmless(np.rint(code.weight), np.rint(code.bias), code.shift, (1 << bits) - 1)
        constants = constants_for(bias, bits)
        if constants.size > config.max_constants:
            raise ModelError(
                f"biases reach {int(bias.min())}..{int(bias.max())} and need {constants.size} constants",
                where=f"{name}: layer {index}",
                legal=f"{config.max_constants} constants; smaller biases, or a larger max_constants",
            )
        layers.append(make_layer(np.rint(code.weight).astype(np.int64), bias, constants, bits, code.shift))
    return tuple(layers)


def _harmless(weight: Float64, bias: Float64, shift: int | None, input_max: int) -> Int64:
    """Returns biases moved towards 0 as far as no activation of any input can change.

    A hidden unit whose bias is below minus its largest sum gives 0 always, however far below.
    """
    if shift is not None:
        low = -np.maximum(weight, 0).sum(axis=1) * input_max - 1
        high = (ACTIVATION_MAX + 1 << shift) - np.minimum(weight, 0).sum(axis=1) * input_max
        bias = np.clip(bias, low, high)
    moved: Int64 = bias.astype(np.int64)
    return moved


def _distil(
    codes: list[Latents],
    layers: tuple[Layer, ...],
    x: Int64,
    logits: Float64,
    config: QuantizeConfig,
    rate: float,
    progress: "Progress | None",
) -> tuple[Layer, ...]:
    """Returns layers trained so that their classes follow the float logits (B, classes)."""
    import torch

    from craftc.model.qat import FitConfig, LayerSpec, QatNet, fit
    from craftc.model.threads import one_thread

    generator = torch.Generator().manual_seed(config.seed)
    specs = [
        LayerSpec(la.n_in, la.n_out, la.input_bits, la.shift, config.weight_max, _at_least_one(la))
        for la in layers
    ]
    inputs = torch.from_numpy(x.astype(np.float32))
    target = torch.softmax(torch.from_numpy(logits), dim=1).float()

    def batches(_: int) -> tuple[Any, Any]:
        chosen = torch.randint(len(inputs), (min(_BATCH, len(inputs)),), generator=generator)
        return inputs[chosen], target[chosen]

    def report(step: int) -> None:
        if progress is not None:
            progress(f"distillation, rate {rate}", step, config.steps)

    with one_thread():
        net = QatNet(specs, generator)
        net.load_latents([c.weight for c in codes], [c.bias for c in codes], float(codes[-1].scale[0]))
        fit(net, batches, FitConfig(config.steps, rate, warm=0.0), report)
    return net.export()


def _at_least_one(layer: Layer) -> tuple[int, ...]:
    """Returns the bias constants of a layer, or one constant so that training has a bias to move."""
    found: npt.NDArray[np.int64] = layer.bias_constants
    return tuple(found.tolist()) or (1,)
