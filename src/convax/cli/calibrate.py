"""The command `convax calibrate`: measure what operations cost on this device, for the planner's estimates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from convax.cli.console import Report, Stopwatch
from convax.cli.failure import CommandError
from convax.cli.output import check_output
from convax.cli.wisdom import NOWHERE

if TYPE_CHECKING:
    from convax.core import ConvSpec

__all__ = ["calibrate"]

SECONDS, QUICK_SECONDS = 0.2, 0.1  # for the runs of each convolution; compilation comes on top
# Beside the designed sample, random convolutions, and layers of common sizes with their gradients: another seed than
# any by which the planner is judged.
SEED, RANDOM, LAYERS = 20261122, 360, 30
SECOND_LOOKS = 3


def calibrate(
    output: Path | None, platform: str | None, report: Report, *, quick: bool, anew: bool, force: bool
) -> None:
    """Times a sample of convolutions, fits prices to the times, and writes them.

    Args:
        output: The file to write; None for this user's own prices of this device.
        platform: The platform to measure; None for JAX's default backend.
        report: Where to print.
        quick: Time fewer convolutions.
        anew: Rest on nothing that ships.
        force: Whether an existing `output` may be replaced.

    Raises:
        CommandError: If the output cannot be written, or no device of the platform is here.
    """
    if output is not None:
        check_output(output, [], force=force)
    with report.stage("starting JAX"):
        import jax

        from convax.files import write_whole
        from convax.planner import calibration, device_name, fitting
        from convax.sampling import model_specs, random_specs, scale_of

        platform = platform or jax.default_backend()
        try:
            jax.devices(platform)
        except RuntimeError as error:
            raise CommandError(f"no device of the platform {platform} is here, and measuring needs one") from error
        device = device_name(platform)
    target = output or _own_file(device)
    report.line("device", device)

    clock = Stopwatch()
    with report.hearing_warnings():
        scale = scale_of(platform)
        specs = calibration.sample(scale)
        if quick:
            specs = calibration.few(specs, platform)
        else:
            specs += [spec for _, spec in random_specs(SEED, RANDOM, scale)]
            specs += model_specs(SEED, LAYERS, scale)
        with report.stage("timing", len(specs)) as bar:
            begun = 0

            def told(spec: ConvSpec) -> None:
                nonlocal begun
                bar.advance(min(begun, 1))  # the one before is done
                bar.describe(f"timing {spec.dtype}, {spec.geometry.length} x {spec.geometry.taps}")
                begun += 1

            timings = calibration.record(specs, platform, told, QUICK_SECONDS if quick else SECONDS)
        with report.stage("looking again where the fit hopes wrongly"):
            for _ in range(0 if quick else SECOND_LOOKS):
                found = calibration.second_look(timings, platform, anew=anew)
                timings += found
                if not found:
                    break
    report.line("timed", f"{len(timings):,} ways to compute {len(specs)} convolutions, in {clock.seconds():.0f} s")
    with report.stage("fitting"):
        prices = fitting.fit(timings, platform, anew=anew)
    _print_quality(prices["provenance"], report)
    if output is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, prices)
    report.line("wrote", f"{target}")
    if output is None:
        report.line("", "convax plans by these prices from now on; without the file, by those that ship")


def _own_file(device: str) -> Path:
    from convax.planner.folders import calibration_file

    file = calibration_file(device)
    if file is None:
        raise CommandError(f"no prices are kept, since {NOWHERE}: name a file with --output")
    return file


def _print_quality(provenance: dict[str, Any], report: Report) -> None:
    """How near the estimates come to the times that they were fitted to."""
    from convax.planner.fitting import QUALITY

    report.line("fit", QUALITY)
    for dtype, quantiles in provenance[QUALITY].items():
        report.line("", f"{dtype:<10} {quantiles}")
