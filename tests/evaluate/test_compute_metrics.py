"""Folders of pictures get their figures, each with what it rests on, and mistakes are named."""

from pathlib import Path

import numpy as np
import pytest

from tests.evaluate.conftest import measured, overwrite, refusal
from tests.odd_exif import odd_exif_photo
from vidstyle.errors import ExitCode, StyleError
from vidstyle.evaluate.inputs import Inputs
from vidstyle.evaluate.measurement import Measurement
from vidstyle.evaluate.paired_metrics import AT_ONE_SIZE
from vidstyle.evaluate.settings import EvaluateSettings
from vidstyle.evaluate.stage import run
from vidstyle.media.images import write_image
from vidstyle.models import weights


def test_without_weights_the_other_figures_come_and_the_missing_ones_are_explained(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIDSTYLE_WEIGHTS", raising=False)
    monkeypatch.setattr(weights, "find_spec", lambda package: None)
    inputs = Inputs(generated=(folders / "generated",), target=folders / "target", source=folders / "source")
    result = run(inputs, EvaluateSettings(device="cpu"))
    assert [record["name"] for record in result.details["figures"]] == ["psnr", "ssim", *AT_ONE_SIZE]
    missing = result.details["missing"]
    assert list(missing) == ["fid", "fid-clean", "kid", "fd-vgg16", "kid-vgg16", "lpips"]
    assert missing["kid"].startswith("The weights inception-2015-12-05 are not on this machine. Put ")
    assert missing["fd-vgg16"].startswith("The weights vgg16 are not on this machine. Put ")
    with pytest.raises(StyleError, match=r"^The weights inception-2015-12-05 are not on this machine\."):
        measured(folders, "fid")
    with pytest.raises(StyleError, match=r"^The weights .*alexnet are not on this machine\."):
        measured(folders, "lpips")


def test_lpips_psnr_and_ssim_are_means_over_the_pairs_of_one_name(folders: Path, real_weights: Path) -> None:
    whole = measured(folders, "psnr,ssim,lpips")
    parts = []
    for number in range(4):
        part = folders / f"part{number}"
        part.mkdir()
        (part / f"{number}.png").write_bytes((folders / "generated" / f"{number}.png").read_bytes())
        parts.append(measured(folders, "psnr,ssim,lpips", generated=(part,)))
    for name in ("psnr", "ssim", "lpips"):
        assert whole[name].value == pytest.approx(np.mean([one[name].value for one in parts]), rel=1e-6)
        assert whole[name].counts == {"pairs": 4}
    assert 0.01 < whole["lpips"].value < 1
    assert "alexnet" in whole["lpips"].basis and "alex.pth (sha256 " in whole["lpips"].basis


def test_pairs_that_are_equal_are_left_out_of_the_mean_psnr_and_counted(folders: Path) -> None:
    plain = measured(folders, "psnr,ssim")
    (folders / "source" / "4.png").write_bytes((folders / "source" / "0.png").read_bytes())
    (folders / "generated" / "4.png").write_bytes((folders / "source" / "0.png").read_bytes())
    inputs = Inputs(generated=(folders / "generated",), source=folders / "source")
    result = run(inputs, EvaluateSettings(metrics="psnr,ssim", device="cpu"))
    psnr, ssim = (Measurement.of(one) for one in result.details["figures"])
    assert psnr.value == pytest.approx(plain["psnr"].value)
    assert psnr.counts == {"pairs": 4, "equal pairs left out": 1}
    assert ssim.value == pytest.approx((4 * plain["ssim"].value + 1) / 5)
    assert ssim.counts == {"pairs": 5}
    assert result.warnings == ("psnr is the mean of 4 pairs; 1 more are equal, so theirs is infinite.",)


def test_results_of_one_source_differ_by_their_mean_lpips(folders: Path, real_weights: Path) -> None:
    for number in range(4):
        write_image(folders / "again" / f"{number}.png", np.full((48, 64, 3), 60 * number, np.uint8))
    both = (folders / "generated", folders / "again")
    found = measured(folders, "lpips-diversity", generated=both)["lpips-diversity"]
    twice = measured(folders, "lpips-diversity", generated=(both[0], both[0], both[0]))["lpips-diversity"]
    plain = measured(folders, "lpips", generated=both[:1], source=both[1])["lpips"]
    assert found.value == pytest.approx(plain.value, rel=1e-5)
    assert found.counts == {"sources": 4, "results of each": 2}
    assert twice.value == 0


def test_an_empty_folder_is_named(folders: Path) -> None:
    (folders / "empty").mkdir()
    message = refusal(folders, generated=(folders / "empty",))
    assert message == f"There are no images in {folders / 'empty'}. Name a folder that holds some."


def test_pictures_that_cannot_be_read_are_left_out_with_their_partners_and_named(folders: Path) -> None:
    (folders / "target" / "0.png").write_bytes(b"broken")
    plain = measured(folders, "psnr")["psnr"]
    (folders / "source" / "1.png").write_bytes(b"broken")
    odd_exif_photo(folders / "source" / "odd.jpg", np.zeros((64, 48, 3), np.uint8))
    (folders / "source" / "notes.txt").write_text("text")
    inputs = Inputs(generated=(folders / "generated",), source=folders / "source")
    result = run(inputs, EvaluateSettings(metrics="psnr", device="cpu"))
    assert Measurement.of(result.details["figures"][0]).counts == {"pairs": 3} != plain.counts
    cannot = "is not an image that can be read. Remove it or convert it to PNG or JPEG."
    assert result.warnings[:2] == (
        f"{folders}/source: passed over notes.txt.",
        f"Left out: {folders}/source/1.png {cannot}",
    )
    assert result.details["exit_code"] == ExitCode.INPUT


def test_a_set_without_a_picture_that_can_be_read_is_refused(folders: Path) -> None:
    for path in (folders / "source").iterdir():
        path.write_bytes(b"broken")
    assert "is not an image that can be read" in refusal(folders)


def test_a_missing_folder_is_named(folders: Path) -> None:
    message = refusal(folders, target=folders / "none")
    assert message == f"Cannot list the folder {folders / 'none'}: No such file or directory. Check the path."


def test_results_without_a_source_are_named(folders: Path) -> None:
    (folders / "source" / "2.png").unlink()
    (folders / "source" / "3.png").rename(folders / "source" / "three.png")
    assert refusal(folders) == (
        f"2 of 4 pictures in {folders / 'generated'} have no source of their name in {folders / 'source'}; the first is "
        "2.png. Name both alike, as a.png and a.jpg."
    )


def test_two_pictures_of_one_name_are_refused(folders: Path) -> None:
    overwrite(folders / "source" / "1.jpg", (64, 48))
    paths = [folders / "source" / name for name in ("1.jpg", "1.png")]
    assert refusal(folders) == (f"{paths[0]} and {paths[1]} share a name, so results cannot be told apart. Rename one.")


def test_sources_of_another_size_are_refused_or_scaled_where_asked(folders: Path) -> None:
    overwrite(folders / "source" / "1.png", (128, 96))
    assert refusal(folders) == (
        f"{folders / 'generated' / '1.png'} is 64x48 pixels and its source {folders / 'source' / '1.png'} 128x96. "
        "Give --resize-source to scale sources to their results."
    )
    found = measured(folders, "psnr", resize_source=True)["psnr"]
    assert found.resizer == "1 sources bicubic, antialiased"


def test_mixed_sizes_are_stated(folders: Path) -> None:
    for folder in ("source", "generated"):
        overwrite(folders / folder / "1.png", (96, 64))
    assert measured(folders, "psnr")["psnr"].size == "2 sizes, 64x48 to 96x64"


def test_pictures_too_small_to_measure_are_named(folders: Path) -> None:
    for folder in ("source", "generated"):
        overwrite(folders / folder / "0.png", (64, 10))
    assert refusal(folders, "psnr,ssim") == (
        f"{folders / 'generated' / '0.png'} is 64x10 pixels; ssim needs 11 or more on each side."
    )


def test_results_too_small_for_their_diversity_are_named(folders: Path, real_weights: Path) -> None:
    overwrite(folders / "generated" / "0.png", (64, 30))
    both = (folders / "generated", folders / "source")
    assert refusal(folders, "lpips-diversity", generated=both) == (
        f"{folders / 'generated' / '0.png'} is 64x30 pixels; lpips-diversity needs 31 or more on each side."
    )


def test_a_file_that_is_no_image_is_named(folders: Path) -> None:
    (folders / "generated" / "1.png").write_bytes(b"not an image")
    inputs = Inputs(generated=(folders / "generated",), source=folders / "source")
    result = run(inputs, EvaluateSettings(metrics="psnr,ssim", device="cpu"))
    named = f"Left out: {folders / 'generated' / '1.png'} is not an image that can be read"
    assert result.warnings[0].startswith(named)
    assert result.details["exit_code"] == ExitCode.INPUT


def test_results_of_other_names_have_no_diversity(folders: Path) -> None:
    (folders / "generated" / "3.png").rename(folders / "generated" / "x.png")
    message = refusal(folders, "lpips-diversity", generated=(folders / "generated", folders / "source"))
    assert message == (
        f"{folders / 'generated'} and {folders / 'source'} do not hold results of the same sources; the first that only "
        "one holds is 3."
    )


@pytest.mark.parametrize(
    ("given", "metrics", "message"),
    [
        ({"target": None}, "fid", "fid needs --target. Give it, or leave fid out of --metrics."),
        ({"source": None}, "psnr", "psnr needs --source. Give it, or leave psnr out of --metrics."),
        (
            {},
            "lpips-diversity",
            "lpips-diversity needs --generated twice or more, or --variants. Give it, or leave lpips-diversity out of --metrics.",
        ),
        (
            {"target": None, "source": None},
            "auto",
            "There is nothing to compare the pictures with. Give --target, --source or both.",
        ),
    ],
)
def test_what_a_metric_lacks_is_said(folders: Path, given: dict, metrics: str, message: str) -> None:
    assert refusal(folders, metrics, **given) == message
