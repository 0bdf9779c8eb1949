"""Several processes and one wisdom: they write it at once, are killed while they do, or are pinned to it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from convax.core import ConvSpec, Geometry
from convax.planner import Wisdom
from convax.planner.folders import calibration_file
from keeping import HERE, kept_in, odd_prices, output_of, started, warned

# Measuring is replaced, so that tune's own part (remembering) makes up the whole run.
TUNING = """
import random
from convax import tuning
from convax.algorithms import Direct, Fft, ShiftAdd, Toeplitz
from convax.core import ConvSpec, Geometry

choices = [Direct(), Fft(), ShiftAdd(), Toeplitz(), Toeplitz(128)]
tuning.measure = lambda *_, **__: {choice: random.random() for choice in choices}

def tune(length):
    tuning.tune(ConvSpec(Geometry(length, 5)), platform="cpu")
"""


def test_two_processes_that_tune_at_once_lose_nothing(tmp_path: Path) -> None:
    """Both measure the lengths 100 to 199 twice, in different orders, and fifty lengths of their own."""
    code = (
        TUNING
        + """
shared = list(range(100, 200)) * 2
random.seed({seed})
random.shuffle(shared)
for length in shared + list(range({seed}, {seed} + 50)):
    tune(length)
print(len(tuning.active_wisdom()))
"""
    )
    processes = [started(code.replace("{seed}", seed), tmp_path) for seed in ("1000", "2000")]
    folder = tmp_path / "wisdom-1"
    reads = 0
    with warned() as texts:
        while any(process.poll() is None for process in processes):
            seen = len(Wisdom(folder))
            assert seen >= reads, "what was there stays"
            reads = seen
        choices = Wisdom(folder).choices()
    counts = [int(output_of(process)) for process in processes]
    assert texts == [] and max(counts) == len(choices) == 200
    assert not list(folder.glob(".*"))


def test_a_process_that_is_killed_leaves_whole_files(tmp_path: Path) -> None:
    """SIGKILL at any moment, forty times; then surely between writing and renaming, and in the middle of writing."""
    code = """
import os, pathlib, random, signal, time, warnings
from convax.algorithms import Direct
from convax.core import ConvSpec, Geometry
from convax.planner import Remembered, Wisdom, active_wisdom

warnings.filterwarnings("ignore", ".*fork.*")  # the children write, and run nothing of JAX
folder = active_wisdom().folder

def remember(length):
    Wisdom(folder).remember(ConvSpec(Geometry(length, 5)), "device", Remembered(Direct(), {"direct": 1.0}))

def killed(work, after=None):
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def forever():
    while True:
        remember(random.randrange(100, 130))

def before_renaming():
    os.replace = die
    remember(50)

def while_writing():
    whole = pathlib.Path.open
    def opened(path, *arguments, **options):
        file = whole(path, *arguments, **options)
        def write(text):
            os.write(file.fileno(), text[: len(text) // 2].encode())
            die()
        file.write = write
        return file
    pathlib.Path.open = opened
    remember(101)

most = 0
for number in range(40):
    killed(forever, after=random.uniform(0.002, 0.02))
    count = len(Wisdom(folder))
    assert count >= most, "lost"
    most = count
remember(101)
known = Wisdom(folder).choices()
killed(before_renaming)
killed(while_writing)
assert Wisdom(folder).choices() == known
for number in range(100, 130):
    remember(number)
parts = list(folder.glob(".*.part"))
for part in parts:
    os.utime(part, (0, 0))
print(most > 0, len(parts) >= 2, len(Wisdom(folder)))
Wisdom(folder).forget()
print(list(folder.iterdir()))
"""
    assert output_of(started(code, tmp_path)) == "True True 30\n[]\n"


def test_pinned_plans_give_the_same_bits(tmp_path: Path) -> None:
    """Two processes whose estimates differ: the same choices, the same program, the same results."""
    layer = """
import hashlib, json, sys
import jax, jax.numpy as jnp, numpy as np
import convax
from convax.planner import DeviceModel
random = np.random.default_rng(0)
x, w = (jnp.asarray(random.normal(size=shape), "float32") for shape in ((1, 2, 600), (3, 2, 33)))
layer = lambda x, w: convax.conv1d(x, w, padding="SAME")
loss = jax.value_and_grad(lambda x, w: jnp.sum(layer(x, w) ** 2), (0, 1))

def show(name):
    lowered = jax.jit(loss).lower(x, w)
    bits = b"".join(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(lowered.compile()(x, w)))
    print(name, *(hashlib.sha256(data).hexdigest() for data in (lowered.as_text().encode(), bits)))
"""
    pin = (
        layer
        + """
from convax.tuning import convolutions_of
show("estimated")
wisdom = convax.Wisdom()
for spec in convolutions_of(loss, x, w):
    wisdom.pin(convax.plan(spec))
wisdom.save(sys.argv[1])
with convax.use_wisdom(wisdom):
    show("pinned")
"""
    )
    follow = (
        layer
        + """
show("estimated")
wisdom = convax.Wisdom()
assert wisdom.load(sys.argv[1]) == 3
with convax.use_wisdom(wisdom):
    show("pinned")
"""
    )
    saved, prices = tmp_path / "pins.json", tmp_path / "b"
    first = _shown(output_of(started(pin.replace("sys.argv[1]", repr(str(saved))), tmp_path / "a")))
    _write_odd_prices(prices)
    second = _shown(output_of(started(follow.replace("sys.argv[1]", repr(str(saved))), prices)))
    assert first["estimated"] == first["pinned"] == second["pinned"]
    assert all(ours != others for ours, others in zip(second["estimated"], first["estimated"], strict=True))


def _shown(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()}


def _write_odd_prices(folder: Path) -> None:
    """Prices by which each of the three convolutions goes another way than usual."""
    forward = ConvSpec(Geometry(600, 33, padding=(16, 16)), 1, 2, 3)
    of_data = dataclasses.replace(forward, channels=3, features=2)
    of_kernel = ConvSpec(Geometry(600, 600, padding=(16, 16)), 2, 1, 3)
    with kept_in(folder):
        file = calibration_file(HERE)
        assert file is not None
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(odd_prices(forward, of_data, of_kernel)))
