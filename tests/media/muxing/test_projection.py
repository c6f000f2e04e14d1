"""Results say how their pictures are meant to be seen, around the viewer or by two eyes, or it is said that they do not."""

from pathlib import Path

import av
import pytest

from tests.clicks import program
from tests.clips import make_clip
from tests.packets import complaints
from tests.pipeline import passed_with_complaints
from vidstyle.media.muxing.boxes import add_boxes, box
from vidstyle.media.muxing.projection import CUBE_MAP, EQUIRECTANGULAR, Projection, mark_projection
from vidstyle.media.probe import probe

SPHERE = (EQUIRECTANGULAR, 45 << 16, -30 << 16, 10 << 16, 0, 0, 0, 0, 0)


def marked(path: Path, projection: Projection, **others: int) -> Path:
    mark_projection(make_clip(path, frames=3, **others), projection)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize(
    "projection", [Projection(SPHERE, "top_bottom"), Projection((), "left_right"), Projection((CUBE_MAP, *[0] * 8))]
)
def test_every_container_keeps_the_projection(tmp_path: Path, suffix: str, projection: Projection) -> None:
    source, target = marked(tmp_path / "a.mp4", projection), tmp_path / f"out{suffix}"
    assert probe(source).projection == projection
    assert passed_with_complaints(source, target)[1] == []
    clip = probe(target)
    assert (clip.projection, clip.sample_aspect, complaints(target)) == (projection, 1, "")


def test_the_old_box_of_spherical_video_is_read(tmp_path: Path) -> None:
    """Version 1 is XML in a box of the track."""
    source = make_clip(tmp_path / "a.mp4", frames=3, movflags="")
    xml = (
        '<?xml version="1.0"?><rdf:SphericalVideo xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/"><GSpherical:Spherical>true</GSpherical:Spherical>'
        "<GSpherical:Stitched>true</GSpherical:Stitched><GSpherical:StitchingSoftware>x</GSpherical:StitchingSoftware>"
        "<GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType></rdf:SphericalVideo>"
    )
    add_boxes(
        source, [(((b"trak", 0),), box(b"uuid", bytes.fromhex("ffcc8263f8554a938814587a02521fdd"), xml.encode()))]
    )
    assert passed_with_complaints(source, tmp_path / "out.mov")[1] == []
    assert probe(tmp_path / "out.mov").projection == Projection((EQUIRECTANGULAR, *[0] * 8))


@pytest.mark.parametrize(("suffix", "kept"), [(".mkv", "checkerboard_lr"), (".mp4", ""), (".webm", "")])
def test_a_kind_of_stereo_that_a_container_does_not_know_is_told_of(tmp_path: Path, suffix: str, kept: str) -> None:
    plain, source = make_clip(tmp_path / "a.mp4", frames=3), tmp_path / "a.mkv"
    program("-i", str(plain), "-c", "copy", "-metadata:s:v", "stereo_mode=checkerboard_lr", str(source))
    said = [] if kept else [f"left out: stereo 3D (checkerboard_lr); {suffix[1:]} cannot hold it with this codec."]
    assert passed_with_complaints(source, tmp_path / f"out{suffix}")[1] == said
    assert probe(tmp_path / f"out{suffix}").projection.stereo_mode == kept


def test_a_turned_video_loses_its_projection_and_that_is_said(tmp_path: Path) -> None:
    source = marked(tmp_path / "a.mp4", Projection(SPHERE, "left_right"), rotation=90)
    (said,) = passed_with_complaints(source, tmp_path / "out.mp4")[1]
    assert (
        said
        == "left out: spherical mapping (equirectangular), stereo 3D (left_right); the pictures are turned upright."
    )
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(list(container.decode(video=0))) == 3
