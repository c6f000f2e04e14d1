"""The ablation of the method `cartoon` does each cell once with each seed, and its cells differ in one setting."""

from pathlib import Path

from benchmarks.ablation import add_row
from benchmarks.cartoon_ablation import CELLS, COLUMNS, open_cells
from vidstyle.train.settings import TrainSettings


def test_cells_that_stand_in_the_table_are_not_repeated(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    wanted = [(cell, seed) for seed in (0, 1) for cell in CELLS]
    assert list(open_cells(table, (0, 1), 400)) == wanted
    for cell, seed in wanted[:-2]:
        add_row(table, dict.fromkeys(COLUMNS, 0.25) | {"cell": cell, "seed": seed, "steps": 400}, COLUMNS)
    assert list(open_cells(table, (0, 1), 400)) == wanted[-2:]
    assert list(open_cells(table, (0, 1), 800)) == wanted


def test_every_cell_differs_from_the_method_in_one_setting() -> None:
    whole = TrainSettings(method="cartoon").record()
    for cell, changes in CELLS.items():
        record = TrainSettings(method="cartoon", **changes).record()
        assert {name for name in whole if record[name] != whole[name]} == set(changes), cell
