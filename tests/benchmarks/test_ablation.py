"""The ablation does each cell once, at each scale."""

from pathlib import Path

from benchmarks.ablation import CELLS, COLUMNS, add_row, open_cells, run_name
from benchmarks.ablation_table import groups, markdown
from vidstyle.train.settings import TrainSettings

SMALL = {"steps": 10, "channels": 4, "discriminator_channels": 4, "crop": 32, "load": 32, "precision": "fp32"}


def test_cells_that_stand_in_the_table_are_not_repeated_and_those_of_another_scale_are(tmp_path: Path) -> None:
    table, frames = tmp_path / "ablation.csv", (Path("a/trainB"), Path("a/uniform"))
    cells = ("CUT", "CUT + outside 0.8")
    wanted = [(cell, folder, seed) for seed in (0, 1) for cell in cells for folder in frames]
    assert list(open_cells(table, cells, frames, (0, 1), SMALL)) == wanted
    done = [("CUT", frames[0], 0), ("CUT + outside 0.8", frames[1], 1)]
    for cell, folder, seed in done:
        add_row(table, {**dict.fromkeys(COLUMNS, 0), **SMALL, "cell": cell, "frames": folder.name, "seed": seed})
    assert list(open_cells(table, cells, frames, (0, 1), SMALL)) == [cell for cell in wanted if cell not in done]
    assert list(open_cells(table, cells, frames, (0, 1), {**SMALL, "steps": 20})) == wanted


def test_runs_of_other_scales_seeds_and_cells_do_not_share_a_folder() -> None:
    row = {**SMALL, "cell": "CUT, R1", "frames": "trainB", "seed": 0}
    others = [row | {"channels": 8}, row | {"crop": 64}, row | {"seed": 1}, row | {"cell": "CUT"}]
    assert run_name(row) == "CUT-R1-trainB-0-10-4-4-32-32-fp32"
    assert len({run_name(row) for row in [row, *others]}) == 5


def test_every_cell_is_a_setting_that_training_takes_and_differs_from_all_others() -> None:
    settings = [TrainSettings(**cell, **SMALL, name="cell").record() for cell in CELLS.values()]
    assert all(record not in settings[number + 1 :] for number, record in enumerate(settings))


def test_the_table_shows_mean_and_spread_over_seeds_with_the_best_cell_first(tmp_path: Path) -> None:
    table = tmp_path / "ablation.csv"
    for cell, seed, distance in (("CUT", 0, 140.0), ("CUT++ 1.25", 0, 120.0), ("CUT++ 1.25", 1, 130.0)):
        row = {**dict.fromkeys(COLUMNS, 1), **SMALL, "cell": cell, "frames": "trainB", "seed": seed}
        add_row(table, row | {"fd-vgg16": distance})
    (cells,) = groups(table).values()
    assert [line.split(" | ")[:4] for line in markdown(cells).splitlines()[2:]] == [
        ["| CUT++ 1.25", "trainB", "2", "125 ± 7.1"],
        ["| CUT", "trainB", "1", "140"],
    ]
