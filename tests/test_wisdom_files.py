"""Files of wisdom that cannot be trusted: passed over with one warning, and measured again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convax.algorithms import Direct, Fft
from convax.planner import Remembered, Wisdom, make_plan, use_wisdom
from convax.planner.folders import digest
from convax.planner.remembered import key_of
from keeping import HERE, OTHERS, SIGNAL, remembering, warned
from specs import with_dtype


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "wisdom"


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def plans_by_estimate(folder: Path) -> list[str]:
    """Plans by a store with a damaged file, in each way that reads it; returns the warnings."""
    with warned() as texts, use_wisdom(Wisdom(folder)) as wisdom:
        assert make_plan(SIGNAL).source == "estimate"
        wisdom.remember(OTHERS["batch"], HERE, Remembered(Direct(), {}))  # forgets what it had answered
        assert make_plan(SIGNAL).source == "estimate"
        assert len(wisdom) == 1
        wisdom.save(folder.parent / "saved.json")
        (folder / f"{digest(key_of(OTHERS['batch'], HERE))}.json").unlink()
    return texts


def test_a_truncated_file_gives_one_warning(folder: Path) -> None:
    remembering(folder)
    file = only_file(folder)
    whole = file.read_bytes()
    for length in range(0, len(whole.rstrip()), 7):
        file.write_bytes(whole[:length])
        (text,) = plans_by_estimate(folder)
        assert str(file) in text and "convax.tune measures it again" in text
    file.write_bytes(whole)
    with use_wisdom(Wisdom(folder)):
        assert make_plan(SIGNAL).source == "wisdom"


def _with(*path: str, value: Any) -> Callable[[Any], Any]:
    def change(plain: Any) -> Any:
        inner = plain
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
        return plain

    return change


def _without(name: str) -> Callable[[Any], Any]:
    return lambda plain: {key: value for key, value in plain.items() if key != name}


DAMAGES: dict[str, Callable[[Any], Any]] = {
    "unknown algorithm": _with("algorithm", "name", value="sorcery"),
    "unknown setting": _with("algorithm", value={"name": "toeplitz", "colour": 3}),
    "negative setting": _with("algorithm", value={"name": "toeplitz", "block": -64}),
    "zero": _with("algorithm", value={"name": "overlap_save", "points": 0}),
    "setting of another type": _with("algorithm", value={"name": "shift_add", "block": "many"}),
    "null setting": _with("algorithm", value={"name": "inner_product", "lanes": None}),
    "unknown word": _with("algorithm", value={"name": "matmul", "form": "sideways"}),
    "unknown inner": _with("algorithm", value={"name": "polyphase", "inner": {"name": "sorcery"}}),
    "damaged inner": _with("algorithm", value={"name": "polyphase", "inner": {"name": "toeplitz", "block": 0}}),
    "inner that is none": _with("algorithm", value={"name": "polyphase", "inner": 3}),
    "algorithm of another type": _with("algorithm", value=["fft"]),
    "no algorithm": _without("algorithm"),
    "no seconds": _without("seconds"),
    "seconds of another type": _with("seconds", value=[1, 2]),
    "words for seconds": _with("seconds", value={"fft": "fast"}),
    "no date": _without("date"),
    "date of another type": _with("date", value=20260502),
    "words for a date": _with("date", value="yesterday"),
    "other format": _with("format", value=2),
    "no format": _without("format"),
    "no key": _without("key"),
    "key of another convolution": _with("key", value=key_of(OTHERS["length"], HERE)),
    "key of no convolution": _with("key", value="{}"),
    "key of another type": _with("key", value=7),
    "a list": lambda plain: [plain],
    "a number": lambda plain: 3,
    "null": lambda plain: None,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_file_damaged_by_hand_gives_one_warning(folder: Path, damage: Callable[[Any], Any]) -> None:
    remembering(folder)
    file = only_file(folder)
    file.write_text(json.dumps(damage(json.loads(file.read_text()))))
    (text,) = plans_by_estimate(folder)
    assert str(file) in text
    remembering(folder)  # measured again: whole again
    assert Wisdom(folder).recall(SIGNAL, HERE) is not None


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 100_000, b"{}", b'{"entries": 3}'])
def test_a_file_of_other_bytes_gives_one_warning(folder: Path, tmp_path: Path, content: bytes) -> None:
    remembering(folder)
    only_file(folder).write_bytes(content)
    assert len(plans_by_estimate(folder)) == 1
    saved = tmp_path / "other.json"
    saved.write_bytes(content)
    with warned() as texts:
        assert Wisdom().load(saved) == 0
    assert len(texts) == 1 and str(saved) in texts[0]


def test_a_choice_that_cannot_serve_is_passed_over() -> None:
    """By hand in memory: transforms for a type that has none."""
    spec = with_dtype(SIGNAL, "int32")
    with use_wisdom(remembering(None, spec)):
        assert make_plan(spec).source == "estimate"


def test_a_saved_file_is_loaded_as_far_as_it_is_known(tmp_path: Path) -> None:
    """One warning for the file, however many of its choices are of another version."""
    wisdom, path = remembering(None), tmp_path / "saved.json"
    for spec in OTHERS.values():
        wisdom.remember(spec, HERE, Remembered(Direct(), {}))
    wisdom.save(path)
    plain = json.loads(path.read_text())
    known = key_of(SIGNAL, HERE)
    for key, entry in plain["entries"].items():
        if key != known:
            entry["algorithm"]["name"] = "sorcery"
    path.write_text(json.dumps(plain))
    loaded = Wisdom()
    with warned() as texts:
        assert loaded.load(path) == 1
    assert list(loaded.choices()) == [known]
    assert len(texts) == 1 and f"{len(OTHERS)} of {len(OTHERS) + 1} choices" in texts[0]


def test_a_saved_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Wisdom().load(tmp_path / "missing.json")
    with pytest.raises(FileNotFoundError):
        remembering(None).save(tmp_path / "no folder" / "saved.json")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_gives_one_warning(folder: Path) -> None:
    folder.write_text("a file")
    wisdom = Wisdom(folder)
    with warned() as texts:
        for spec in (SIGNAL, *OTHERS.values()):
            wisdom.remember(spec, HERE, Remembered(Fft(), {}))
    assert len(texts) == 1 and "choices last only for this process" in texts[0]
    with use_wisdom(wisdom):
        assert make_plan(SIGNAL).source == "wisdom"
