"""Everything that only a GPU can tell, in one command that wastes none of its minutes.

    python -m benchmarks.on_gpu -o OUT --minutes 9 --dataset DATASET -- --channels 64
    python -m benchmarks.on_gpu -o OUT --rehearse

The parts run in the order of what is learnt a minute: the tests that need CUDA, rendering from memory, rendering of
files, training steps, several processes, and training for the rest of the minutes. Each has a process group of its own
and a time limit; one that fails or hangs costs its own limit and no more. OUT holds table.md, figures.json, output.log
and training.tar.00 and so on, whose pieces `cat` joins. What stands after `--` goes to `vidstyle train`. `--rehearse` does
the same on the CPU at tiny sizes. benchmarks/on_gpu_kit.sh packs what a bare machine needs.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.on_gpu.parts import Outcome, Part, run_parts

MINUTES, REHEARSAL_MINUTES = 9.0, 5.0
SHARES = {"tests": 90, "render": 120, "files": 40, "steps": 100, "processes": 30, "training": 160}
"""Seconds of nine minutes; what a part leaves over goes to those after it."""
REHEARSAL_SHARES = {"tests": 2, "render": 4, "files": 2, "steps": 4, "processes": 2, "training": 2}
NEED_PYAV = ("render", "files")
"""The code of rendering imports it also where frames come from memory."""
FINISH_SECONDS = 25.0
"""What training leaves of its limit for what it writes at the end, and for packing it."""
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""For a rehearsal, whose networks are too small for more."""
TINY_SECONDS = 3.0
"""How long tiny networks are trained in a rehearsal."""


def parts_of(
    folder: Path, rehearse: bool, dataset: Path | None, settings: Sequence[str], training: Sequence[str]
) -> list[Part]:
    """Return all parts; `settings` are those of rendering as NAME=VALUE, `training` arguments of `vidstyle train`."""
    tiny, shares = (["--rehearse"], REHEARSAL_SHARES) if rehearse else ([], SHARES)
    chosen = [word for pair in settings for word in ("--set", pair)]

    def part(name: str, *arguments: str) -> Part:
        needs = "av" if name in NEED_PYAV else ""
        return Part(name, shares[name], lambda figures, limit: _module(name, str(figures), *tiny, *arguments), needs)

    def train(figures: Path, limit: float) -> list[str]:
        seconds = TINY_SECONDS if rehearse else max(limit - FINISH_SECONDS, TINY_SECONDS)
        data = ["--dataset", str(dataset)] if dataset else []
        words = [str(figures), *tiny, *data, "--seconds", str(seconds), "--home", str(folder)]
        return _module("training", *words, "--", *training)

    training_part = Part("training", shares["training"], train)
    return [
        part("tests"),
        part("render", *chosen),
        part("files", *chosen),
        part("steps"),
        part("processes"),
        training_part,
    ]


def _module(name: str, *arguments: str) -> list[str]:
    return ["-m", f"benchmarks.on_gpu.{name}", *arguments]


def say(outcomes: Sequence[Outcome]) -> None:
    """Print how each part ended."""
    for outcome in outcomes:
        click.echo(
            f"{outcome.name}: {outcome.ending} in {outcome.seconds:.0f} s. {outcome.figures.get('headline', '')}"
        )


@click.command(help=__doc__)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of what is found.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help=f"For all parts [default: {MINUTES:g}].")
@click.option("--only", multiple=True, type=click.Choice(list(SHARES)), help="A part, may be given several times.")
@click.option("--rehearse", is_flag=True, help="On the CPU at tiny sizes, five minutes at most.")
@click.option("--dataset", type=click.Path(path_type=Path), help="Folder with trainA and trainB to train on.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of `vidstyle render`.")
@click.argument("training", nargs=-1)
def main(
    output: Path,
    minutes: float | None,
    only: tuple[str, ...],
    rehearse: bool,
    dataset: Path | None,
    settings: tuple[str, ...],
    training: tuple[str, ...],
) -> None:
    output = output.resolve()
    parts = parts_of(output, rehearse, dataset, settings, training)
    chosen = [part for part in parts if not only or part.name in only]
    minutes = minutes or (REHEARSAL_MINUTES if rehearse else MINUTES)
    outcomes = run_parts(chosen, minutes, output, ONE_THREAD if rehearse else {})
    say(outcomes)
    click.echo(f"See {output / 'table.md'}.")
    if not all(outcome.good for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
