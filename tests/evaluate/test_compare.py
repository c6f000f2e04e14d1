"""Runs become rows: seeds together, variants apart, with mean, spread and cost, as a table and as a grid."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest

from tests.evaluate.conftest import MakeRun
from vidstyle.errors import InputError, SettingsError
from vidstyle.evaluate.compare import run
from vidstyle.evaluate.settings import CompareSettings
from vidstyle.evaluate.table import Cell, Row, as_markdown
from vidstyle.media.images import read_image, write_image
from vidstyle.models.style_file import load_style, save_style

SETTINGS = CompareSettings(metrics="psnr,ssim", rows=2, device="cpu")


@pytest.fixture
def compared(folders: Path, make_run: MakeRun) -> Path:
    """The output of a comparison of two seeds of cut and one run of cut++."""
    runs = [make_run("cut", 0), make_run("cut", 1), make_run("cut++", 0)]
    (folders / "target" / "notes.txt").write_text("text")
    result = run(runs, folders / "source", folders / "target", folders / "table", SETTINGS)
    assert f"{folders}/target: passed over notes.txt." in result.warnings
    return folders / "table"


def test_seeds_share_a_row_with_mean_and_spread(compared: Path) -> None:
    rows = json.loads((compared / "table.json").read_text())["rows"]
    assert [(row["method"], len(row["runs"])) for row in rows] == [("cut", 2), ("cut++", 1)]
    values = [one["figures"][0]["value"] for one in rows[0]["runs"]]
    assert values[0] != values[1]
    assert rows[0]["figures"]["psnr"] == {"mean": pytest.approx(mean(values)), "spread": pytest.approx(stdev(values))}
    assert rows[1]["figures"]["psnr"]["spread"] is None


def test_the_costs_are_those_of_the_runs(compared: Path) -> None:
    row = json.loads((compared / "table.json").read_text())["rows"][1]
    style = load_style(compared.parent / "runs" / "cut++-0" / "style.safetensors")
    assert row["figures"]["train seconds"]["mean"] == pytest.approx((20 * 0.5 + 10 * 1) * 32 / 30)
    assert row["figures"]["parameters"]["mean"] == sum(weight.numel() for weight in style.weights.values())
    assert row["figures"]["ms a picture"]["mean"] > 0


def test_the_same_numbers_stand_in_markdown_and_csv(compared: Path) -> None:
    records = json.loads((compared / "table.json").read_text())["rows"]
    rows = list(csv.DictReader((compared / "table.csv").open()))
    assert float(rows[0]["ssim"]) == records[0]["figures"]["ssim"]["mean"]
    assert float(rows[0]["ssim spread"]) == records[0]["figures"]["ssim"]["spread"]
    lines = (compared / "table.md").read_text().splitlines()
    assert lines[0] == "| method | runs | psnr ↑ | ssim ↑ | train seconds | parameters | ms a picture |"
    shown = records[0]["figures"]["psnr"]
    assert lines[2].startswith(f"| cut | 2 | {shown['mean']:.4g} ± {shown['spread']:.2g} | ")
    assert "- psnr: n: 4 pairs; 44x32; resized: none; fp64." in lines


def test_the_grid_shows_each_photo_beside_what_each_method_made_of_it(compared: Path) -> None:
    sheet = read_image(compared / "grid.png")
    assert sheet.shape == (28 + 2 * 36 + 4, 3 * 36 + 4, 3)
    painted = read_image(compared.parent / "runs" / "cut++-0" / "evaluation" / "32px" / "3.png")
    np.testing.assert_array_equal(sheet[28 + 4 + 36 :, 2 * 36 + 4 :][:32, :32], painted[:, 6:38])
    assert sheet[:28].min() < 100


def test_variants_of_a_method_are_told_apart_by_what_differs(folders: Path, make_run: MakeRun) -> None:
    runs = [make_run("cut", 0, lr=0.1), make_run("cut", 1, lr=0.2), make_run("cyclegan", 0)]
    result = run(runs, folders / "source", folders / "target", folders / "table", SETTINGS)
    assert [line.split(" | ")[0] for line in result.details["table"].splitlines()[2:5]] == [
        "| cut (lr 0.1)",
        "| cut (lr 0.2)",
        "| cyclegan",
    ]


def labels(table: str) -> list[str]:
    """Return the first cells of the rows of a Markdown table, with how many runs each has."""
    return [" x ".join(line.split(" | ")[:2])[2:] for line in table.splitlines()[2:] if line.startswith("| ")]


def test_runs_on_different_datasets_are_no_seeds_of_one_row(
    folders: Path, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders)
    runs = [make_run("cut", 0, "a"), make_run("cut", 1, "b"), make_run("cut", 0, "c", dataset="other")]
    result = run(runs, folders / "source", folders / "target", folders / "table", SETTINGS)
    assert labels(result.details["table"]) == [
        "cut (dataset dataset) x 2",
        "cut (dataset other) x 1",
    ]


def test_a_run_that_is_named_twice_counts_once(folders: Path, make_run: MakeRun) -> None:
    one = make_run()
    (folders / "link").symlink_to(one)
    result = run([one, one, folders / "link"], folders / "source", folders / "target", folders / "table", SETTINGS)
    assert labels(result.details["table"]) == ["cut x 1"]
    assert result.counts["runs"] == 1
    assert " ± " not in result.details["table"].splitlines()[2]


def test_runs_that_differ_in_nothing_make_no_spread(folders: Path, make_run: MakeRun) -> None:
    runs = [make_run("cut", 0), make_run("cut", 1), make_run("cut", 1, "again")]
    with pytest.raises(SettingsError) as caught:
        run(runs, folders / "source", folders / "target", folders / "table", SETTINGS)
    assert not (runs[0] / "evaluation").exists(), "it is said before anything is painted"
    assert str(caught.value) == (
        f"{runs[1]} and {runs[2]} have the same settings, dataset and seed 1: they are no two seeds of one row. "
        "Leave one of them out."
    )


def test_doing_nothing_has_a_row_of_its_own(folders: Path, make_run: MakeRun, real_weights: Path) -> None:
    settings = CompareSettings(metrics="fd-vgg16", crops=4, crop=32, crop_scale=32, device="cpu")
    result = run([make_run()], folders / "source", folders / "target", folders / "table", settings)
    assert result.details["table"].splitlines()[3].startswith("| (photos, untouched) | - | ")


def left_pictures(make_run: MakeRun, seed: int, side: int) -> Path:
    """Return a run that left pictures of that short side instead of a style."""
    folder = make_run("cmd", seed, load=side)
    (folder / "style.safetensors").unlink()
    (folder / "results").mkdir()
    return folder


def refusal(folders: Path, runs: list[Path], **settings: object) -> str:
    """Return the message with which a comparison is refused."""
    with pytest.raises(SettingsError) as caught:
        run(runs, folders / "source", folders / "target", folders / "table", replace(SETTINGS, **settings))
    return str(caught.value)


def test_runs_that_paint_at_different_sizes_are_not_compared_and_the_size_to_give_is_named(
    folders: Path, make_run: MakeRun
) -> None:
    runs = [make_run("cut", 0), left_pictures(make_run, 0, 40)]
    for given, at in ((None, 32), (48, 48)):
        assert refusal(folders, runs, size=given) == (
            f"The runs paint at different short sides ({runs[0]} at {at}, {runs[1]} at 40): their figures do not compare. "
            "Give --size 40."
        )
    styles = [make_run("cut", 1), make_run("cut", 2)]
    file = styles[1] / "style.safetensors"
    save_style(replace(load_style(file), size=40), file)
    assert refusal(folders, styles) == (
        f"The runs paint at different short sides ({styles[0]} at 32, {styles[1]} at 40): their figures do not compare. "
        "Give --size."
    )


def test_pictures_of_two_sizes_are_compared_by_themselves(folders: Path, make_run: MakeRun) -> None:
    runs = [left_pictures(make_run, seed, side) for seed, side in ((0, 40), (1, 48))]
    assert refusal(folders, runs, size=40) == (
        f"The runs paint at different short sides ({runs[0]} at 40, {runs[1]} at 48): their figures do not compare. "
        "Those that left pictures instead of a style cannot paint at another: compare them by themselves."
    )


def test_runs_that_leave_photos_as_they_are_have_an_infinite_psnr_in_every_form_of_the_table(
    folders: Path, make_run: MakeRun
) -> None:
    runs = [left_pictures(make_run, seed, 48) for seed in (0, 1)]
    for number in range(4):
        for one in runs:
            write_image(one / "results" / f"{number}.png", read_image(folders / "source" / f"{number}.png"))
    run(runs, folders / "source", folders / "target", folders / "table", SETTINGS)

    def refuse(text: str) -> float:
        pytest.fail(f"{text} is no JSON")

    rows = json.loads((folders / "table" / "table.json").read_text(), parse_constant=refuse)["rows"]
    assert rows[0]["figures"]["psnr"] == {"mean": "inf", "spread": None}
    assert (folders / "table" / "table.md").read_text().splitlines()[2].startswith("| cmd | 2 | inf | 1 ± 0 | ")
    assert next(csv.DictReader((folders / "table" / "table.csv").open()))["psnr"] == "inf"


def test_short_times_and_their_spread_are_shown() -> None:
    cells = {"train seconds": Cell(0.042, 0.0031), "parameters": Cell(715651, 0.0), "ms a picture": Cell(1234.5, None)}
    assert (
        as_markdown([Row("cut", (), cells)], [], []).splitlines()[2] == "| cut | - | 0.042 ± 0.0031 | 715,651 | 1,234 |"
    )


def test_a_folder_that_is_no_run_is_named(folders: Path) -> None:
    with pytest.raises(InputError) as caught:
        run([folders / "source"], folders / "source", folders / "target", folders / "table", SETTINGS)
    assert str(caught.value) == (
        f"{folders / 'source'} is no run folder: it has no settings.json. Give a folder that train made."
    )
