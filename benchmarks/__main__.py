"""`python -m benchmarks`: the quick set with its bars, or with --full everything, recorded."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys

# Read when an OpenMP runtime (torch's) is loaded: its threads sleep between calls. Threads that spin after a call
# would take a core from the contender that comes next.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")
# What this machine happens to remember is no property of the library.
os.environ.setdefault("CONVAX_WISDOM", "off")


def main() -> None:
    """Read the arguments, and run one of the two sets."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all cases and rivals, into benchmarks/results/ (hours)")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name holds this text")
    parser.add_argument("--tags", default="", metavar="A,B", help="cases with all of these tags, types or layouts")
    parser.add_argument("--no-torch", action="store_true", help="leave torch out, even if it is installed")
    parser.add_argument("--resume", type=pathlib.Path, metavar="FILE", help="with --full: skip what FILE holds; add")
    parser.add_argument("--seconds", type=float, default=1.0, help="with --full: time for each contender of a case")
    parser.add_argument("--large-pages", action="store_true", help="the longest signals, in memory of large pages")
    parser.add_argument("--tuned", action="store_true", help="the layers, after convax.tune of each")
    given = parser.parse_args()
    if given.large_pages and given.tuned:
        parser.error("--large-pages and --tuned are two recordings: run them one after the other")
    tags = tuple(filter(None, given.tags.split(",")))
    if given.large_pages or given.tuned:
        from benchmarks import large_pages, tuned
        from benchmarks.recording import default_path

        if given.large_pages:
            large_pages.begin_again()
            given.only = given.only or large_pages.ONLY
        given.resume = given.resume or default_path(tuned.KIND if given.tuned else large_pages.KIND)

    import jax

    jax.config.update("jax_enable_x64", True)
    if given.full or given.resume:
        from benchmarks.full import run_full

        options = {"with_torch": not given.no_torch, "after_tuning": given.tuned}
        path = run_full(given.resume, given.only, tags, seconds=given.seconds, **options)
        print(f"recorded in {path.name}; python -m benchmarks.report makes the page")
        return
    from benchmarks.quick import run_quick

    sys.exit(0 if run_quick(given.only, tags) else 1)


if __name__ == "__main__":
    main()
