"""All pages and pictures that are generated: `python -m pages`, or `make pages`."""

from __future__ import annotations

import pathlib

from pages import command_line, formulations
from pages.drawing import save, styled
from pages.lessons import PICTURES

IMAGES = pathlib.Path(__file__).parent.parent / "docs" / "images"


def main() -> None:
    """Writes them."""
    command_line.PAGE.write_text(command_line.page(), "utf-8")
    with styled():
        for name, draw in PICTURES.items():
            save(draw().figure, IMAGES / "learn" / f"{name}.svg")
        for name in formulations.SWEEPS:
            save(formulations.draw(name), IMAGES / "algorithms" / f"{name}.svg")


if __name__ == "__main__":
    main()
