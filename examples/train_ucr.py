"""Train a small convolutional network to tell time series apart, each step accelerated as a whole.

    python -m examples.train_ucr                                  # a set that ships inside the package aeon
    python -m examples.train_ucr --name ItalyPowerDemand          # another one
    python -m examples.train_ucr --data ~/UCRArchive_2018/Coffee --name Coffee
    python -m examples.train_ucr --made                           # cylinders, bells and funnels, made by their formula

`make train` installs what it needs, aeon without its dependencies: only its data files are read. A set consists of
NAME_TRAIN and NAME_TEST, as the UCR archive (.tsv, .txt) or aeon (.ts) writes them: one channel, equal lengths, nothing
missing. GunPoint's two classes, a hand that draws a gun or only points, are told apart with a test accuracy of 0.967;
ItalyPowerDemand's summers and winters with one of 0.960.

References:
    Dau et al., The UCR Time Series Archive, 2019.
    Saito, Local Feature Extraction and Its Applications Using a Library of Bases, 1994 (cylinder, bell, funnel).
    Wang, Yan, Oates, Time Series Classification from Scratch with Deep Neural Networks, 2017 (the network's form).
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import convax

__all__ = ["History", "Series", "cylinder_bell_funnel", "main", "read", "shipped"]

SEED = 0
EPOCHS, BATCH, LEARNING_RATE = 150, 10, 3e-3
FEATURES, TAPS = (32, 64, 64), (9, 5, 3)  # odd taps: SAME then keeps every sample in its place
GROUPS = 8
SUFFIXES = (".ts", ".tsv", ".txt")


@dataclasses.dataclass(frozen=True)
class Series:
    """Series with their classes, split for training and testing.

    Args:
        name: Of the set.
        train, test: Values, (series, 1, samples), float32, each series of mean 0 and deviation 1.
        train_labels, test_labels: Numbers of classes, (series,).
        classes: Their names.
    """

    name: str
    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class History:
    """What a training came to, an entry for each epoch; accuracies are shares of 1."""

    losses: list[float]
    train: list[float]
    test: list[float]


# Data.


def read(folder: Path, name: str) -> Series:
    """A set from the files that the archive comes in.

    Raises:
        FileNotFoundError: No such files.
        ValueError: Series of several channels or lengths, missing values, or classes that only the test knows.
    """
    (train, train_names), (test, test_names) = (
        _read_file(_file(folder, f"{name}_{part}")) for part in ("TRAIN", "TEST")
    )
    classes = tuple(sorted(set(train_names)))
    if unknown := sorted(set(test_names) - set(classes)):
        raise ValueError(f"{name}: the test has the classes {', '.join(unknown)}, which the training part lacks")
    if train.shape[1] != test.shape[1]:
        raise ValueError(f"{name}: series of {train.shape[1]} samples to train and of {test.shape[1]} to test")
    labels = [np.array([classes.index(each) for each in names]) for names in (train_names, test_names)]
    return Series(name, _normalised(train), labels[0], _normalised(test), labels[1], classes)


def shipped(name: str) -> Path:
    """The folder of a set that ships inside the package aeon, which is not imported.

    Raises:
        FileNotFoundError: aeon is not installed, or has no such set.
    """
    package = importlib.util.find_spec("aeon")
    places = [] if package is None else list(package.submodule_search_locations or [])
    if not places:
        raise FileNotFoundError("the package aeon, whose series this trains on, is not installed: make train does it")
    folder = Path(places[0], "datasets", "data", name)
    if not folder.is_dir():
        known = sorted(file.name.removesuffix("_TRAIN.ts") for file in folder.parent.glob("*/*_TRAIN.ts"))
        raise FileNotFoundError(f"aeon ships no set {name}; it has {', '.join(known)}")
    return folder


def _file(folder: Path, stem: str) -> Path:
    for suffix in SUFFIXES:
        if (folder / f"{stem}{suffix}").is_file():
            return folder / f"{stem}{suffix}"
    raise FileNotFoundError(f"{folder} has no {stem} with one of the suffixes {', '.join(SUFFIXES)}: name the folder")


def _read_file(file: Path) -> tuple[np.ndarray, list[str]]:
    """Values (series, samples), and the name of each one's class."""
    rows, names = [], []
    for line in file.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith(("#", "@")):
            continue
        if file.suffix == ".ts":  # 0.1,0.2,0.3:class
            *channels, name = line.split(":")
            if len(channels) != 1:
                raise ValueError(f"{file} has series of {len(channels)} channels, and this example takes one")
            values = channels[0].split(",")
        else:  # class 0.1 0.2 0.3
            name, *values = line.split()
        rows.append([float(value.replace("?", "nan")) for value in values])
        names.append(name.strip())
    if len({len(row) for row in rows}) != 1 or not np.isfinite(rows).all():
        raise ValueError(f"{file}: the series are not all of one length, or values are missing")
    return np.array(rows), names


def cylinder_bell_funnel(train: int = 30, test: int = 900) -> Series:
    """Saito's three classes: a plateau, a rise or a fall that begins and ends somewhere, in noise; 128 samples."""
    rng = np.random.default_rng(SEED)
    classes, time = ("cylinder", "bell", "funnel"), np.arange(1, 129)
    values, labels = np.empty((train + test, time.size)), np.arange(train + test) % len(classes)
    for row, label in zip(values, labels, strict=True):
        start, width = rng.integers(16, 33), rng.integers(32, 97)
        shape = (1.0, (time - start) / width, (start + width - time) / width)[label]
        inside = (time >= start) & (time <= start + width)
        row[:] = (6 + rng.normal()) * inside * shape + rng.normal(size=time.size)
    values = _normalised(values)
    return Series("CBF, made here", values[:train], labels[:train], values[train:], labels[train:], classes)


def _normalised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(1, keepdims=True)
    scaled: np.ndarray = centred / np.maximum(centred.std(1, keepdims=True), 1e-8)
    return scaled[:, None].astype(np.float32)


# Network.


class Network(eqx.Module):
    """Convolutions, each normalised and rectified; the mean over time; a linear layer."""

    convolutions: list[eqx.nn.Conv1d]
    norms: list[eqx.nn.GroupNorm]
    last: eqx.nn.Linear

    def __init__(self, classes: int, key: jax.Array) -> None:
        *keys, last = jax.random.split(key, len(FEATURES) + 1)
        sizes = zip((1, *FEATURES), FEATURES, TAPS, keys, strict=False)
        self.convolutions = [eqx.nn.Conv1d(i, o, taps, padding="SAME", key=key) for i, o, taps, key in sizes]
        self.norms = [eqx.nn.GroupNorm(GROUPS, features) for features in FEATURES]
        self.last = eqx.nn.Linear(FEATURES[-1], classes, key=last)

    def __call__(self, x: jax.Array) -> jax.Array:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = jax.nn.relu(norm(convolution(x)))
        return self.last(x.mean(axis=1))


def loss_of(network: Network, x: jax.Array, labels: jax.Array) -> jax.Array:
    """Mean cross entropy."""
    losses: jax.Array = optax.softmax_cross_entropy_with_integer_labels(jax.vmap(network)(x), labels)
    return losses.mean()


# Training.


def train(series: Series, epochs: int) -> Iterator[tuple[float, float, float]]:
    """Trains a network; yields loss, training accuracy and test accuracy after each epoch."""
    count, batch = len(series.train), min(BATCH, len(series.train))
    steps = count // batch
    optimiser = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, max(1, epochs * steps)))
    network = Network(len(series.classes), jax.random.key(SEED))
    state = optimiser.init(eqx.filter(network, eqx.is_inexact_array))

    # The whole step: forward pass, gradients and update. This line is all that convax needs.
    @eqx.filter_jit
    @convax.accelerate
    def step(network: Network, state: Any, x: jax.Array, labels: jax.Array) -> tuple[Network, Any, jax.Array]:
        loss, gradients = eqx.filter_value_and_grad(loss_of)(network, x, labels)
        updates, state = optimiser.update(gradients, state)
        return eqx.apply_updates(network, updates), state, loss

    @eqx.filter_jit
    @convax.accelerate
    def accuracy(network: Network, x: jax.Array, labels: jax.Array) -> jax.Array:
        return jnp.mean(jnp.argmax(jax.vmap(network)(x), axis=1) == labels)

    rng = np.random.default_rng(SEED)
    for _ in range(epochs):
        losses = []
        for chosen in rng.permutation(count)[: steps * batch].reshape(steps, batch):
            network, state, loss = step(network, state, series.train[chosen], series.train_labels[chosen])
            losses.append(float(loss))
        seen = accuracy(network, series.train, series.train_labels)
        unseen = accuracy(network, series.test, series.test_labels)
        yield float(np.mean(losses)), float(seen), float(unseen)


def main(series: Series, output: Path, epochs: int = EPOCHS) -> History:
    """Trains, shows how far it is, and draws the learning curve."""
    history = History([], [], [])
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns) as bars:
        task = bars.add_task("compiling", total=epochs)
        for loss, seen, unseen in train(series, epochs):
            history.losses.append(loss)
            history.train.append(seen)
            history.test.append(unseen)
            bars.update(task, advance=1, description=f"loss {loss:.3f}, accuracy {seen:.3f}, test {unseen:.3f}")
    draw(series, history, output)
    return history


def draw(series: Series, history: History, output: Path) -> None:
    """Loss and accuracies by epoch."""
    from matplotlib.figure import Figure  # not pyplot, which would look for a screen
    from matplotlib.ticker import LogLocator, NullLocator

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(history.losses) + 1)
    left.plot(epochs, history.losses, color="#2b2d42")
    left.set(title="Loss", xlabel="epoch", ylabel="mean cross entropy (nats)", yscale="log")
    left.yaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_locator=NullLocator())
    right.plot(epochs, history.train, color="#9fb3c8", linewidth=3, label=f"training, {len(series.train)} series")
    right.plot(epochs, history.test, color="#c8553d", label=f"test, {len(series.test)} series")
    right.set(title="Accuracy", xlabel="epoch", ylabel="share of series told right", ylim=(None, 1.02))
    right.legend(loc="lower right", frameon=False)
    for axes in (left, right):
        axes.grid(color="#d9dee5", linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{series.name}: {len(series.classes)} classes, test accuracy {history.test[-1]:.3f} at the end")
    figure.savefig(output, dpi=150)


def _from_words() -> None:
    parser = argparse.ArgumentParser(description="Train a small network on time series; see the head of this file.")
    parser.add_argument("--data", type=Path, help="folder with NAME_TRAIN and NAME_TEST (default: aeon's)")
    parser.add_argument("--name", default="GunPoint", help="the set (default: %(default)s)")
    parser.add_argument("--made", action="store_true", help="make cylinders, bells and funnels instead")
    parser.add_argument("--output", type=Path, default=Path("learning-curve.png"), help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="(default: %(default)s)")
    words = parser.parse_args()
    if not words.output.absolute().parent.is_dir():
        parser.error(f"the folder of {words.output} does not exist: make it first")
    if words.epochs < 1:
        parser.error(f"--epochs {words.epochs} is not at least 1")
    try:
        series = cylinder_bell_funnel() if words.made else read(words.data or shipped(words.name), words.name)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    history = main(series, words.output, words.epochs)
    print(f"{series.name}: test accuracy {history.test[-1]:.4f} after {words.epochs} epochs; wrote {words.output}")


if __name__ == "__main__":
    _from_words()
