"""Styles that share a start are mixed by their weights, whatever their names are, and others are refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.styles import make_style
from vidstyle.checksum import sha256_of
from vidstyle.errors import StyleError
from vidstyle.models.style_file import load_style, save_style, start_identity
from vidstyle.models.style_generator import StyleGenerator
from vidstyle.models.style_mixture import StyleMixture, find_mixture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the style `start`, and `a` and `b`, which began with it; `other` began with nothing."""
    folder = tmp_path_factory.mktemp("styles")
    start = load_style(make_style(folder / "start"))
    for seed, name in enumerate(("a", "b", "other")):
        style = load_style(make_style(folder / name, seed))
        if name != "other":
            save_style(replace(style, start=start_identity(start), size=32 + 16 * seed, licence="CC0"), folder / name)
    return folder


def test_the_weights_are_mixed_by_their_shares(folder: Path) -> None:
    mixture = find_mixture(f"{folder}/a:0.6,{folder}/b:0.4,{folder}/start:0")
    mixed = mixture.load()
    a, b = (load_style(folder / name) for name in "ab")
    for name, weight in mixed.weights.items():
        torch.testing.assert_close(weight, 0.6 * a.weights[name] + 0.4 * b.weights[name])
    assert (mixed.size, mixed.start, mixed.licence) == (32, a.start, "CC0")
    assert mixed.history["mixture"][1] == {"style": f"{folder}/b", "share": 0.4}
    assert mixture.identity() == f"{sha256_of(folder / 'a')}:0.6,{sha256_of(folder / 'b')}:0.4," + (
        f"{sha256_of(folder / 'start')}:0"
    )


def test_shares_are_divided_by_their_sum_and_an_end_is_the_style_itself(folder: Path) -> None:
    picture = torch.rand(1, 3, 32, 32)

    def painted(name: str) -> torch.Tensor:
        return StyleGenerator(find_mixture(name).load(), torch.device("cpu"), torch.float32)(picture)

    a, b = f"{folder}/a", f"{folder}/b"
    torch.testing.assert_close(painted(f"{a}:3,{b}:1"), painted(f"{a}:.75,{b}:0.25"))
    torch.testing.assert_close(painted(f"{a}:1,{b}:0"), painted(a))
    assert not torch.allclose(painted(f"{a}:1,{b}:1"), painted(a), atol=0.01)
    assert find_mixture(f"{a}:0.3").identity() == sha256_of(folder / "a")


def test_a_share_below_0_leads_away_from_a_style(folder: Path) -> None:
    a, b = (load_style(folder / name) for name in "ab")
    mixture = find_mixture(f"{folder}/a:1.3,{folder}/b:-0.3")
    for name, weight in mixture.load().weights.items():
        torch.testing.assert_close(weight, b.weights[name] + 1.3 * (a.weights[name] - b.weights[name]))
    assert find_mixture(mixture.spelled()) == mixture


def test_names_with_colons_and_commas_are_still_names(tmp_path: Path, folder: Path) -> None:
    awkward = tmp_path / "a:0.5,b" / "x:1"
    awkward.parent.mkdir()
    awkward.write_bytes((folder / "a").read_bytes())
    assert find_mixture(str(awkward)).parts == ((awkward, 1.0),)
    for text in (f"{awkward}:0.25,{folder}/b:0.75", f"{folder}/b:1e-3,{awkward}:2"):
        found = find_mixture(text)
        assert set(found.paths) == {awkward, folder / "b"}
        assert find_mixture(found.spelled()) == found
    moved = StyleMixture(((awkward, 0.1), (folder / "b", 1 / 3))).at({awkward: Path("k"), folder / "b": Path("l,m")})
    assert moved.spelled() == "k:0.1,l,m:0.3333333333333333"


@pytest.mark.parametrize(
    ("spelled", "refused"),
    [
        ("{0}/a:0.6,nobody:0.4", "There is no style 'nobody'. "),
        ("{0}/a:0.6,{0}/b", "each part is a style, a colon and its share, as in a:0.6,b:0.4."),
        ("{0}/a,{0}/b:0.4", "A mixture is spelled as a:0.6,b:0.4."),
        (":0.6,{0}/b:0.4", "each part is a style, a colon and its share, "),
        ("{0}/a:0,{0}/b:0", "do not add up to a number above 0. "),
        ("{0}/a:1,{0}/b:-1", "do not add up to a number above 0. "),
        ("{0}/a:1e999,{0}/b:-1e999", "do not add up to a number above 0. "),
        ("{0}/a:1e999,{0}/b:1", "do not add up to a number above 0. "),
        ("{0}/a:0.6,{0}/other:0.4", "they do not share a start"),
    ],
)
def test_what_cannot_be_mixed_is_named(folder: Path, spelled: str, refused: str) -> None:
    with pytest.raises(StyleError) as caught:
        find_mixture(spelled.format(folder)).load()
    assert refused in str(caught.value)


def test_another_shape_is_refused_even_with_the_same_start(tmp_path: Path, folder: Path) -> None:
    style = load_style(folder / "a")
    fewer = {name: weight for name, weight in style.weights.items() if ".16." not in name}
    save_style(replace(style, blocks=4, weights=fewer), tmp_path / "short")
    with pytest.raises(
        StyleError, match=r"a resnet generator of 4 channels and 5 blocks, the other a resnet .* 4 blocks"
    ):
        find_mixture(f"{folder}/a:1,{tmp_path}/short:1").load()
