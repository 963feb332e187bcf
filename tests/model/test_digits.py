"""The shipped digit recogniser, its data and its training."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from craftc.errors import ConfigError, ModelError
from craftc.model import GoldenModel, load_checkpoint, prove
from craftc.model.digits import (
    SPLIT_SEED,
    TEST_IMAGES,
    ImageSet,
    digits_data,
    digits_split,
    load_images,
    save_images,
)
from craftc.model.train_digits import DigitsConfig, train_digits

WEIGHTS = Path(__file__).parents[2] / "weights"


def test_shipped_model_reaches_its_accuracy() -> None:
    model, images = load_checkpoint(WEIGHTS / "digits.pt"), load_images(WEIGHTS / "digits-test.npz")
    assert model.sizes == (64, 32, 10) and len(images) == TEST_IMAGES
    accuracy = GoldenModel.from_checkpoint(model).accuracy(images.bits, images.labels)
    assert accuracy == model.meta["integer_accuracy"] >= 0.95
    assert accuracy >= model.meta["float_accuracy"] - 0.005


def test_shipped_model_fits_the_lanes() -> None:
    model = load_checkpoint(WEIGHTS / "digits.pt")
    assert [layer.shift for layer in model.layers] == [3, None]
    assert [layer.bias_constants.tolist() for layer in model.layers] == [[1, 1, 1, 1], [1, 8]]
    assert [found.digits for found in prove(model, 4)] == [3, 4]
    assert max(int(np.abs(layer.weight_codes).max()) for layer in model.layers) == 7


def test_card_names_the_shipped_files() -> None:
    card = (WEIGHTS / "digits.md").read_text()
    for name in ("digits.pt", "digits-test.npz"):
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() in card


def test_changed_weights_lose_accuracy() -> None:
    model, images = load_checkpoint(WEIGHTS / "digits.pt"), load_images(WEIGHTS / "digits-test.npz")
    wrong = GoldenModel(model).accuracy(np.roll(images.bits, 1, axis=1), images.labels)
    assert wrong < model.meta["integer_accuracy"]


def test_split_is_stratified_disjoint_and_seeded() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 1797)
    train, test = digits_split(labels, 3)
    assert test.size == 360 and np.array_equal(np.sort(np.concatenate([train, test])), np.arange(1797))
    share = np.bincount(labels[test]) - np.bincount(labels) * 360 / 1797
    assert np.abs(share).max() < 1
    assert np.array_equal(digits_split(labels, 3)[1], test)
    assert not np.array_equal(digits_split(labels, 4)[1], test)


def test_stored_images_are_those_of_the_split() -> None:
    pytest.importorskip("sklearn")
    data, stored = digits_data(SPLIT_SEED), load_images(WEIGHTS / "digits-test.npz")
    assert np.array_equal(data.test.bits, stored.bits)
    assert np.array_equal(data.test.labels, stored.labels)
    assert np.array_equal(data.test.index, stored.index)
    assert not np.intersect1d(data.train.index, data.test.index).size


def test_damaged_image_files_are_refused(tmp_path: Path) -> None:
    images = ImageSet(np.eye(64, dtype=np.int64)[:3], np.array([1, 2, 3]), np.array([5, 6, 7]))
    save_images(images, tmp_path / "a.npz")
    assert np.array_equal(load_images(tmp_path / "a.npz").bits, images.bits)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:200])
    np.savez(tmp_path / "keys.npz", x=np.zeros(3))
    save_images(ImageSet(images.bits, np.array([1, 2, 10]), images.index), tmp_path / "label.npz")
    save_images(ImageSet(images.bits[:2], images.labels, images.index), tmp_path / "shape.npz")
    for name in ("cut", "keys", "label", "shape", "absent"):
        with pytest.raises(ModelError, match=rf"{name}\.npz"):
            load_images(tmp_path / f"{name}.npz")


def test_missing_scikit_learn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(ConfigError, match=r"needs scikit-learn.*craftc\[train\]"):
        digits_data()


def test_short_training_is_reproducible(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    config = DigitsConfig(hidden=12, epochs=6, candidates=2)
    seen: list[tuple[str, int, int]] = []
    result = train_digits(tmp_path / "a.pt", 5, config, lambda *step: seen.append(step))
    train_digits(tmp_path / "b.pt", 5, config)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()
    assert (tmp_path / "a-test.npz").read_bytes() == (WEIGHTS / "digits-test.npz").read_bytes()
    assert seen[-1] == ("integer model", 2 * 6 * 12, 2 * 6 * 12)
    images = load_images(tmp_path / "a-test.npz")
    assert GoldenModel(load_checkpoint(tmp_path / "a.pt")).accuracy(images.bits, images.labels) > 0.6
    assert result.integer_accuracy > 0.6


@pytest.mark.slow
def test_full_training_reaches_the_goal(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    result = train_digits(tmp_path / "digits.pt", 0)
    assert result.integer_accuracy >= 0.95
    assert result.integer_accuracy >= result.float_accuracy - 0.005


@pytest.mark.parametrize("changes", [{"hidden": 0}, {"weight_max": 8}, {"epochs": 0}, {"candidates": 0}])
def test_settings_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"train digits: .*legal: "):
        DigitsConfig(**changes)
