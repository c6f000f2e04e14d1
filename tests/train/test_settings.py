"""Settings that cannot be trained with are refused before anything is written."""

import pytest

from tests.train.conftest import small
from vidstyle.errors import SettingsError
from vidstyle.train.learning_rate import plan_schedule
from vidstyle.train.settings import CARTOON_WEIGHTS, TrainSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 64, "load": 48}, "crop 64 is larger than load 48. Choose a crop of at most 48."),
        *(
            ({"method": method, "crop": 35}, "crop 35 is no multiple of 4. Choose 32, for example.")
            for method in ("cut++", "cut", "fastcut", "cyclegan", "rt")
        ),
        ({"method": "cartoon", "crop": 40}, "crop 40 is no multiple of 16. Choose 32, for example."),
        *(({"method": method, "blocks": 4}, "blocks cannot be 4: it takes N, at least 5.") for method in ("cut", "rt")),
        ({"method": "cartoon", "blocks": 0}, "blocks cannot be 0: it takes N, at least 1."),
        (
            {"method": "cartoon", **dict.fromkeys(CARTOON_WEIGHTS, 0.0)},
            "There is nothing to learn: all weights of cartoon are 0. Raise one, lambda-structure for example.",
        ),
        ({"name": "../elsewhere"}, "name '../elsewhere' is no folder name. Give a name without slashes."),
        ({"steps_decay": 9}, "steps-decay 9 exceeds steps 6. Give at most 6."),
        (
            {"method": "dreams"},
            "method cannot be 'dreams': it takes cut++|cut|fastcut|cut-stylegan|cyclegan|cartoon|distil|rt|cmd|inst.",
        ),
    ],
)
def test_wrong_settings_say_what_would_be_right(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        small(**changes)
    assert str(caught.value) == message


def test_a_crop_of_any_size_will_do_where_the_networks_ask_for_it() -> None:
    assert small(method="cut-stylegan", crop=35).crop == 35


def test_nothing_to_train_is_said() -> None:
    with pytest.raises(SettingsError, match=r"^There is nothing to train: epochs and epochs-decay are 0\."):
        TrainSettings(epochs=0, epochs_decay=0)


def test_a_run_is_called_after_its_method_unless_named() -> None:
    assert (TrainSettings().name, TrainSettings(method="cut").name, TrainSettings(name="mine").name) == (
        "cut++",
        "cut",
        "mine",
    )


def test_the_learning_rate_is_constant_and_then_falls_in_a_line() -> None:
    schedule = plan_schedule(small(steps=None, epochs=1, epochs_decay=1, lr=1.0), epoch_images=4)
    assert [round(schedule.learning_rate(step), 3) for step in range(schedule.steps)] == [
        1,
        1,
        1,
        1,
        0.8,
        0.6,
        0.4,
        0.2,
    ]


def test_the_learning_rate_stays_with_steps_alone() -> None:
    schedule = plan_schedule(small(steps=5, lr=1.0), epoch_images=4)
    assert {schedule.learning_rate(step) for step in range(5)} == {1.0}
