"""The training example: the loss falls, the picture is drawn, and the archive's files are read."""

from __future__ import annotations

import importlib.machinery
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
import pytest

pytest.importorskip("matplotlib")
train_ucr = pytest.importorskip("examples.train_ucr")  # needs Equinox, optax and rich

pytestmark = pytest.mark.parametrize("x64", [False])
TS = "# a comment\n@problemName Small\n@classLabel true up down\n@data\n{}\n"


@pytest.fixture(autouse=True)
def as_it_comes(strict_jax: None) -> Iterator[None]:
    """Equinox and optax mix types and ranks, as JAX lets them."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def write(folder: Path, suffix: str, train: list[str], test: list[str]) -> None:
    for part, lines in (("TRAIN", train), ("TEST", test)):
        text = "\n".join(lines)
        (folder / f"Small_{part}{suffix}").write_text(TS.format(text) if suffix == ".ts" else text)


def test_the_loss_falls_and_the_picture_is_there(tmp_path: Path) -> None:
    series = train_ucr.cylinder_bell_funnel(train=120, test=120)  # as many, so that one compilation serves both
    history = train_ucr.main(series, tmp_path / "curve.png", epochs=6)
    assert len(history.losses) == len(history.train) == len(history.test) == 6
    assert history.losses[-1] < 0.8 * history.losses[0]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_formula_of_the_three_classes() -> None:
    series = train_ucr.cylinder_bell_funnel(30, 900)
    assert series.train.shape == (30, 1, 128) and series.test.shape == (900, 1, 128)
    assert np.bincount(series.train_labels).tolist() == [10, 10, 10]
    np.testing.assert_allclose(series.test.std(2), 1, rtol=1e-4)
    # A bell rises from its beginning to its end, and a funnel falls.
    late = [series.test[series.test_labels == label, 0, 64:].mean() for label in (1, 2)]
    assert late[0] > 0 > late[1]


@pytest.mark.parametrize("suffix", [".ts", ".tsv", ".txt"])
def test_the_archives_files(tmp_path: Path, suffix: str) -> None:
    rows = {"up": "1,2,6", "down": "3,2,1"}
    lines = [
        f"{values}:{name}" if suffix == ".ts" else f"{name}\t" + values.replace(",", "\t")
        for name, values in rows.items()
    ]
    write(tmp_path, suffix, lines, lines[:1])
    series = train_ucr.read(tmp_path, "Small")
    assert series.classes == ("down", "up") and series.train_labels.tolist() == [1, 0]
    assert series.test_labels.tolist() == [1] and series.train.dtype == np.float32
    np.testing.assert_allclose(series.train[1, 0], np.array([1, 0, -1]) * 1.5**0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("train", "test", "part"),
    [
        (["1,2:up", "1,2,3:up"], ["1,2:up"], "not all of one length"),
        (["1,?:up"], ["1,2:up"], "values are missing"),
        (["1,2:3,4:up"], ["1,2:up"], "2 channels"),
        (["1,2:up"], ["1,2:down"], "the classes down, which the training part lacks"),
        (["1,2:up"], ["1,2,3:up"], "2 samples to train and of 3 to test"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, train: list[str], test: list[str], part: str) -> None:
    write(tmp_path, ".ts", train, test)
    with pytest.raises(ValueError, match=part):
        train_ucr.read(tmp_path, "Small")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no Small_TRAIN with one of the suffixes \.ts, \.tsv, \.txt"):
        train_ucr.read(tmp_path, "Small")


def test_the_sets_that_ship_inside_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "aeon" / "datasets" / "data" / "Small"
    folder.mkdir(parents=True)
    write(folder, ".ts", ["1,2:up", "2,1:down"], ["1,3:up"])
    spec = importlib.machinery.ModuleSpec("aeon", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / "aeon")]
    monkeypatch.setattr(train_ucr.importlib.util, "find_spec", lambda name: spec if name == "aeon" else None)
    assert train_ucr.read(train_ucr.shipped("Small"), "Small").classes == ("down", "up")
    with pytest.raises(FileNotFoundError, match="ships no set Large; it has Small"):
        train_ucr.shipped("Large")
    monkeypatch.setattr(train_ucr.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="make train"):
        train_ucr.shipped("Small")
