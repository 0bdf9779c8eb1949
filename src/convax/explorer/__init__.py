"""The explorer: one page, without server or network, that shows what a convolution does to its samples.

`explorer.html` is assembled from the parts in the folder `explorer_page` of the repository.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["page"]


def page() -> Path:
    """Where the page is.

    Returns:
        The file that a browser opens.

    Example:
        >>> page().name
        'explorer.html'
    """
    return Path(__file__).with_name("explorer.html")
