"""Whatever lies in the folders is handled, or named in a line; nothing is trained on broken data."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.odd_exif import odd_exif_photo
from tests.train.conftest import picture, small
from vidstyle.errors import InputError
from vidstyle.media.images import write_image
from vidstyle.progress import Progress, silent
from vidstyle.train.data.dataset import Dataset, dataset_warnings, open_dataset
from vidstyle.train.settings import TrainSettings
from vidstyle.train.stage import run

FEW = (
    "There are only 5 photos to learn from; a few hundred give a better style.",
    "There are only 3 cartoon frames, which a discriminator soon knows by heart: extract more, or train with "
    "--augment colour,translation,cutout.",
)


def _opened(dataset: Path, settings: TrainSettings | None = None) -> Dataset:
    return open_dataset(dataset, settings or small(), silent)


def test_images_that_cannot_be_used_are_left_out_and_named(dataset: Path) -> None:
    photos = dataset / "trainA"
    (photos / "broken.png").write_bytes(b"nothing like a picture")
    (photos / "cut.jpg").write_bytes(_jpeg(photos / "whole.jpg")[:500])
    (photos / "whole.jpg").unlink()
    (photos / "phone.heic").write_bytes(b"nobody reads these")
    Image.new("RGB", (31, 200)).save(photos / "thin.png")
    Image.new("RGB", (80, 60), (20, 60, 240)).save(photos / "blue.jpg")
    Image.fromarray(np.dstack([picture(3, False), np.zeros((60, 72), np.uint8)])).save(photos / "clear.png")
    Image.fromarray(np.linspace(0, 255, 60 * 72, dtype=np.float32).reshape(60, 72)).save(photos / "float.tif")
    found = _opened(dataset)
    assert found.photos.names == tuple(f"{number}.png" for number in range(5))
    cannot = "is not an image that can be read. Remove it or convert it to PNG or JPEG."
    assert dataset_warnings(found, small()) == [
        f"Left out: {photos}/blue.jpg shows one flat colour and nothing else. Remove it.",
        f"Left out: {photos}/broken.png {cannot}",
        f"Left out: {photos}/clear.png shows one flat colour and nothing else. Remove it.",
        f"Left out: {photos}/cut.jpg {cannot}",
        f"Left out: {photos}/float.tif has values from 0 to 255, where 0 to 1 would be black to white. "
        "Convert it to 8 or 16 bits.",
        f"Left out: {photos}/phone.heic {cannot}",
        f"Left out: {photos}/thin.png has only 31x200 pixels; 32 a side are the least. Remove it.",
        *FEW,
    ]


def _jpeg(path: Path) -> bytes:
    Image.fromarray(picture(0, False)).save(path)
    return path.read_bytes()


def test_what_is_no_image_is_named(dataset: Path) -> None:
    photos = dataset / "trainA"
    for number in range(3):
        (photos / f"link{number}.jpg").symlink_to(photos / "gone" / f"{number}.jpg")
    write_image(photos / "sub" / "a.png", picture(9, False))
    (photos / "notes.txt").write_text("text")
    Image.fromarray(picture(8, False)).save(photos / "photo.jfif", "JPEG")
    found = _opened(dataset)
    assert found.photos.names == (*(f"{number}.png" for number in range(5)), "photo.jfif")
    others = ", ".join(f"link{number}.jpg (a broken link)" for number in range(3))
    assert dataset_warnings(found, small())[0] == f"{photos}: passed over {others}, notes.txt, sub (a folder)."


def test_images_in_a_folder_below_are_said_where_they_are(dataset: Path) -> None:
    photos = dataset / "trainA"
    (photos / "all of them").mkdir()
    for path in list(photos.glob("*.png")):
        path.rename(photos / "all of them" / path.name)
    with pytest.raises(InputError) as caught:
        _opened(dataset)
    assert str(caught.value) == (
        f"The folder {photos} itself holds no images, but its folder all of them holds 5. "
        f"Give --photos {photos}/all of them, or move them up."
    )


def test_an_odd_exif_tag_stops_no_training(dataset: Path) -> None:
    odd_exif_photo(dataset / "trainA" / "phone.jpg", picture(7, False))
    assert "phone.jpg" in _opened(dataset).photos.names


def test_many_broken_images_are_counted(dataset: Path) -> None:
    for number in range(14):
        (dataset / "trainB" / f"x{number}.png").write_bytes(b"")
    said = dataset_warnings(_opened(dataset), small())
    assert len([line for line in said if line.startswith("Left out:")]) == 11
    assert "Left out: 4 more images that cannot be used." in said


def test_a_folder_of_broken_images_alone_is_refused(dataset: Path) -> None:
    for number in range(3):
        (dataset / "trainB" / f"{number}.png").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        _opened(dataset)
    assert str(caught.value) == (
        f"None of the 3 images in {dataset}/trainB can be used. "
        f"Left out: The image {dataset}/trainB/0.png is empty (0 bytes). Copy it again."
    )


def test_cmyk_16_bit_turned_and_animated_images_are_read_as_they_look(dataset: Path) -> None:
    shown = Image.fromarray(np.kron(picture(1, True)[::12, ::12], np.ones((24, 24, 1), np.uint8)))
    folder = dataset / "trainA"
    shown.convert("CMYK").save(folder / "5.tif")
    grey = np.asarray(shown.convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "6.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    shown.rotate(90, expand=True).save(folder / "7.png", exif=turned)
    shown.save(folder / "8.webp", save_all=True, append_images=[shown.rotate(180)], lossless=True)
    found = _opened(dataset)
    plain = open_dataset(_alone(dataset / "plain", shown), small(photos=str(dataset / "plain")), silent).photos.image(0)
    for number in (5, 7, 8):
        assert np.abs(found.photos.image(number).astype(int) - plain).mean() < 3, found.photos.names[number]
    luma = np.asarray(Image.fromarray(plain).convert("L")).astype(int)
    assert np.abs(found.photos.image(6)[..., 0] - luma).mean() < 3
    assert "Of animated images the first picture is used: 8.webp." in dataset_warnings(found, small())


def _alone(folder: Path, shown: Image.Image) -> Path:
    folder.mkdir()
    shown.save(folder / "0.png")
    return folder.parent


def test_enlarged_images_are_named(dataset: Path) -> None:
    said = dataset_warnings(_opened(dataset, small(load=128)), small(load=128))
    assert said[0] == (
        "Enlarged more than twice to 128 pixels and therefore soft: 0.png (72x60), 1.png (72x60), 2.png (72x60) and 2 more."
    )


def test_doubts_are_told_at_once_and_kept_in_the_result(dataset: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def note(progress: Progress) -> None:
        told.extend([progress.note] if progress.note else [])

    result = run(dataset, tmp_path, small(steps=2), note)
    assert tuple(told) == result.warnings == FEW
    assert json.loads((tmp_path / "cut++" / "manifest.json").read_text())["warnings"] == list(FEW)
    again = run(dataset, tmp_path, small(steps=3), note)
    assert len(told) == 2
    assert again.warnings == FEW


def test_several_folders_of_paintings_are_learnt_from_together(dataset: Path) -> None:
    write_image(dataset / "more" / "0.png", picture(7, True))
    folders = (str(dataset / "trainB"), str(dataset / "more"))
    found = _opened(dataset, small(paintings=folders))
    assert found.paintings.names == ("0.png", "1.png", "2.png", "0.png")
    with pytest.raises(
        InputError, match=r"^There is no folder elsewhere\. Make it with `vidstyle extract EPISODE -o el"
    ):
        _opened(dataset, small(paintings=(*folders, "elsewhere")))


def test_photos_are_held_out_by_the_seed_and_not_learnt_from(dataset: Path) -> None:
    for number in range(5, 40):
        write_image(dataset / "trainA" / f"{number}.png", picture(number, False))
    found, again, other = (_opened(dataset, small(holdout=0.1, seed=seed)) for seed in (0, 0, 1))
    assert len(found.held_out) == 4
    assert found.held_out.names == again.held_out.names != other.held_out.names
    assert not set(found.held_out.names) & set(found.photos.names)
    assert len(found.photos) == 36
    assert len(_opened(dataset, small(holdout=0.05)).held_out) == 0


def test_the_shots_of_frames_are_those_of_the_manifest_of_extract(dataset: Path) -> None:
    frames = [{"name": f"{number}.png", "shot": number // 2, "kept": True} for number in range(2)]
    manifest = dataset / "trainB" / "manifest.json"
    manifest.write_text(json.dumps({"sources": [{"name": "one", "candidates": frames}]}))
    folder = dataset / "trainB"
    assert _opened(dataset).paintings.shots == (f"{folder}/one/0", f"{folder}/one/0", "")
    manifest.write_text("{}")
    with pytest.raises(InputError) as caught:
        _opened(dataset)
    assert str(caught.value) == f"{manifest} is not a manifest of extract. Remove it, or give another folder."


def test_balance_without_a_manifest_is_said(dataset: Path) -> None:
    assert dataset_warnings(_opened(dataset), small(balance_shots=True))[-1] == (
        "No manifest of extract says which shots the cartoon frames are from: each counts as its own."
    )


def test_missing_photos_are_explained(dataset: Path) -> None:
    for path in (dataset / "trainA").iterdir():
        path.unlink()
    with pytest.raises(InputError) as caught:
        _opened(dataset)
    assert str(caught.value) == (
        f"The folder {dataset}/trainA holds no images. Put photos of the kind you will paint there (a few hundred or more; "
        f"frames of your own videos will do: `vidstyle extract VIDEO -o {dataset}/trainA --deblur none`), "
        "or give --photos FOLDER."
    )
