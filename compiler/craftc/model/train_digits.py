"""Training of the shipped digit recogniser: 64 levers - hidden units - 10 lamps, in int4.

Recipe, fixed by 5-fold validation on the 1,437 training images alone: binarised scans with a
dithered threshold and a few flipped bits, label smoothing, cosine learning rate; several seeds, of
which the one with the lowest loss on training batches is kept. The test images are looked at once,
for the accuracies written into the metadata.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from craftc.errors import require_within
from craftc.model.checkpoint import Checkpoint
from craftc.model.checkpoint_file import save_checkpoint
from craftc.model.digits import CLASSES, SPLIT_SEED, THRESHOLD, Digits, ImageSet, digits_data, save_images
from craftc.model.golden import GoldenModel

if TYPE_CHECKING:
    from torch import Tensor

    from craftc.model.qat import LayerSpec, Progress, QatNet

NAME = "digits"
SHIFT = 3  # the hardware drops one octal digit
BATCH = 128
DITHER = 4.0  # the threshold of a whole image moves by up to this much, of 16
FLIP = 0.015  # probability that one bit is inverted
SMOOTHING = 0.05
SPREAD = 9 / 7  # first layer: most latents start at the outermost codes, so that sums reach many steps of 8
SEED_STRIDE = 1000  # candidate k of seed s is trained with s + k * SEED_STRIDE


@dataclass(frozen=True, slots=True)
class DigitsConfig:
    """Settings of one training."""

    hidden: int = 32
    weight_max: int = 7  # 7 = int4, symmetric; 1 = ternary
    epochs: int = 400
    lr: float = 0.4  # codes per step
    candidates: int = 4

    def __post_init__(self) -> None:
        limits = {
            "hidden": (self.hidden, 1, 4096),
            "weight_max": (self.weight_max, 1, 7),
            "epochs": (self.epochs, 1, 100_000),
            "candidates": (self.candidates, 1, 1000),
        }
        require_within(limits, "train digits")


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A trained checkpoint with its accuracies on the test images."""

    checkpoint: Checkpoint
    float_accuracy: float
    integer_accuracy: float


def train_digits(
    out: Path, seed: int = 0, config: DigitsConfig | None = None, progress: "Progress | None" = None
) -> TrainingResult:
    """Trains, writes `out` and the test images beside it (<stem>-test.npz), and returns the result.

    Raises ConfigError without scikit-learn, OutputError if a file cannot be written.
    """
    data = digits_data(SPLIT_SEED)
    result = train(data, seed, config or DigitsConfig(), progress)
    save_checkpoint(result.checkpoint, out)
    save_images(data.test, out.with_name(f"{out.stem}-test.npz"))
    return result


def train(
    data: Digits, seed: int, config: DigitsConfig, progress: "Progress | None" = None
) -> TrainingResult:
    """Returns the best integer candidate, and the accuracy of the best float one of the same recipe."""
    from craftc.model.threads import one_thread

    with one_thread():
        twin = _best(data, seed, config, quantized=False, progress=progress)
        net = _best(data, seed, config, quantized=True, progress=progress)
        float_accuracy = _accuracy(twin, data.test)
    layers = net.export()
    bare = Checkpoint(name=NAME, layers=layers)
    integer_accuracy = GoldenModel(bare).accuracy(data.test.bits, data.test.labels)
    meta = _meta(data, seed, config, float_accuracy, integer_accuracy)
    return TrainingResult(Checkpoint(NAME, layers, meta), float_accuracy, integer_accuracy)


def _meta(data: Digits, seed: int, config: DigitsConfig, float_acc: float, int_acc: float) -> dict[str, Any]:
    """Returns what the checkpoint says about its making."""
    return {
        "data": "scikit-learn load_digits",
        "threshold": THRESHOLD,
        "split_seed": SPLIT_SEED,
        "train_images": len(data.train),
        "test_images": len(data.test),
        "seed": seed,
        "hidden": config.hidden,
        "weight_max": config.weight_max,
        "epochs": config.epochs,
        "candidates": config.candidates,
        "float_accuracy": float_acc,
        "integer_accuracy": int_acc,
    }


def _specs(config: DigitsConfig, *, quantized: bool) -> "tuple[LayerSpec, ...]":
    """Returns the two layers: 4 constants of 1 for the biases of the first, (1, 8) for the second.

    Ternary sums are about 7 times smaller, so their hidden layer is not shifted.
    """
    from craftc.model.qat import LayerSpec

    shift = SHIFT if config.weight_max > 1 else 0
    spread = SPREAD if quantized else 2 / 7
    return (
        LayerSpec(64, config.hidden, 1, shift, config.weight_max, (1, 1, 1, 1), spread),
        LayerSpec(config.hidden, CLASSES, 4, None, config.weight_max, (1, 8)),
    )


def _best(
    data: Digits, seed: int, config: DigitsConfig, *, quantized: bool, progress: "Progress | None"
) -> "QatNet":
    """Returns the candidate with the lowest final training loss."""
    import torch

    from craftc.model.qat import FitConfig, QatNet, fit

    steps = config.epochs * -(-len(data.train) // BATCH)
    phase = "integer model" if quantized else "float model"
    best: tuple[float, QatNet] | None = None
    for k in range(config.candidates):
        generator = torch.Generator().manual_seed(seed + k * SEED_STRIDE)
        net = QatNet(_specs(config, quantized=quantized), generator, quantized=quantized)
        report = None
        if progress is not None:
            tell, done = progress, k * steps

            def report(step: int, tell: "Progress" = tell, done: int = done) -> None:
                tell(phase, done + step, config.candidates * steps)

        lr = config.lr * config.weight_max / 7 if quantized else config.lr / 2
        loss = fit(net, _Sampler(data, generator), FitConfig(steps, lr), report)
        if best is None or loss < best[0]:
            best = loss, net
    assert best is not None
    return best[1]


class _Sampler:
    """Gives augmented training batches, one permutation of the images per epoch."""

    def __init__(self, data: Digits, generator: Any) -> None:
        import torch

        self._grey = torch.from_numpy(data.train_grey.astype(np.float32))  # (n, 64)
        hot = torch.nn.functional.one_hot(torch.from_numpy(data.train.labels.copy()), CLASSES)
        self._target = hot.float() * (1 - SMOOTHING) + SMOOTHING / CLASSES  # (n, 10)
        self._generator = generator
        self._per_epoch = -(-len(data.train) // BATCH)
        self._order = torch.arange(len(data.train))

    def __call__(self, step: int) -> "tuple[Tensor, Tensor]":
        """Returns binary images (B, 64) and smoothed targets (B, 10) of one step."""
        import torch

        part = step % self._per_epoch
        if part == 0:
            self._order = torch.randperm(len(self._grey), generator=self._generator)
        chosen = self._order[part * BATCH : (part + 1) * BATCH]
        grey = self._grey[chosen]
        dither = (torch.rand(len(chosen), 1, generator=self._generator) * 2 - 1) * DITHER
        bits = (grey + dither > THRESHOLD).float()
        flips = (torch.rand(bits.shape, generator=self._generator) < FLIP).float()
        return (bits - flips).abs(), self._target[chosen]


def _accuracy(net: "QatNet", images: ImageSet) -> float:
    """Returns the accuracy of a trained net in floats."""
    import torch

    with torch.no_grad():
        found = net(torch.from_numpy(images.bits.astype(np.float32))).argmax(dim=1).numpy()
    return float(np.mean(found == images.labels))
