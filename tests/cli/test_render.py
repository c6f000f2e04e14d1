"""The command `vidstyle render`: its words, exit codes and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.clips import make_audio_only, make_clip, make_empty_file, make_text_file, make_truncated
from tests.commands import Commands
from tests.styles import make_style
from vidstyle.cli.main import main
from vidstyle.cluster.settings import LOCAL
from vidstyle.errors import ExitCode
from vidstyle.models.inst.look_file import Look, save_look
from vidstyle.progress import StageResult
from vidstyle.render.outcome import combine


@pytest.fixture
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    style_path = make_style(tmp_path_factory.mktemp("style") / "random.safetensors")
    return [
        "--style",
        str(style_path),
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--upscaler",
        "none",
        "--preset",
        "ultrafast",
    ]


def call(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as left:
        main(["render", *(str(one) for one in arguments)])
    return int(str(left.value.code))


def test_a_render_ends_with_one_line_that_says_what_and_where(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=3)
    assert call(source, "-o", tmp_path / "out.mp4", *options) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("Rendered 3 frames in ") and last.endswith(f" s into {tmp_path}/out.mp4.")


def test_a_dry_run_says_style_and_finish(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=3)
    assert call(source, "-o", tmp_path / "out.mp4", *options, "--finish=guided", "--dry-run") == ExitCode.OK
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"Would render 3 frames in the style {options[1]} with the finish guided."
    assert not (tmp_path / "out.mp4").exists()


def test_json_is_all_that_stands_on_standard_output(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=3, audio=1)
    assert call(source, "-o", tmp_path / "out.webm", *options[:-2], "--json") == ExitCode.OK
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert (record["counts"]["frames"], record["outputs"]) == (3, [f"{tmp_path}/out.webm"])
    assert f"Note: {source}: sound track 1 (aac) becomes libopus: webm does not hold it as it is." in err


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda path: path, ExitCode.INPUT, "There is no file"),
        (make_empty_file, ExitCode.INPUT, "is empty (0 bytes)"),
        (make_text_file, ExitCode.INPUT, "Error: "),
        (make_audio_only, ExitCode.INPUT, "has no video stream"),
    ],
    ids=["missing", "empty", "text", "audio-only"],
)
def test_a_bad_source_is_one_line_without_a_traceback(
    tmp_path: Path, options: list[str], capfd: pytest.CaptureFixture[str], make: object, code: ExitCode, words: str
) -> None:
    source = make(tmp_path / "a.mp4")  # type: ignore[operator]
    assert call(source, "-o", tmp_path / "out" / "b.mp4", *options) == code
    out, err = capfd.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert err.startswith("Error: ") and words in err
    assert not (tmp_path / "out").exists()


def test_a_bad_target_or_style_has_its_own_code(tmp_path: Path, options: list[str]) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=2)
    (tmp_path / "there.mp4").write_bytes(b"")
    for target in ("there.mp4", "a.mp4", "out.xyz", "a.mp4/out.mp4"):
        assert call(source, "-o", tmp_path / target, *options) == ExitCode.OUTPUT
    assert call(source, "-o", tmp_path / "out.mp4", "--style", "nobody") == ExitCode.STYLE
    assert call(source, "-o", tmp_path / "out.mp4", *options, "--crf", "99") == ExitCode.USAGE
    assert call(source, "-o", tmp_path / "out.webm", *options, "--codec", "libx264") == ExitCode.USAGE
    assert call(source, "-o", tmp_path / "out.mp4", *options, "--device", "cuda:77") == ExitCode.DEVICE
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.mp4", "there.mp4"]


def test_a_damaged_source_is_warned_of_and_has_its_own_code(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = make_truncated(make_clip(tmp_path / "whole.mkv", frames=96), tmp_path / "broken.mkv")
    assert call(broken, "-o", tmp_path / "out.mp4", *options) == ExitCode.DAMAGED
    assert f"Warning: {broken}" in capsys.readouterr().err
    assert (tmp_path / "out.mp4").exists()
    assert call(broken, "-o", tmp_path / "strict.mp4", *options, "--strict") == ExitCode.DAMAGED
    assert not (tmp_path / "strict.mp4").exists()


def test_failures_among_several_are_listed_and_counted(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    good = make_clip(tmp_path / "a.mp4", frames=2)
    assert call(good, tmp_path / "b.mp4", "-o", tmp_path / "out", *options) == ExitCode.INPUT
    err = capsys.readouterr().err
    assert f"There is no file {tmp_path}/b.mp4. Check the path." in err
    assert err.splitlines()[-1].endswith(f" into {tmp_path}/out/a.mp4. 1 of 2 failed.")
    assert call(good, tmp_path / "b.mp4", "-o", tmp_path / "out", *options, "-q") == ExitCode.INPUT
    quiet = capsys.readouterr().err.splitlines()
    assert [line.split() for line in quiet[-1:]] == [
        [f"{tmp_path}/out/b.mp4", *f"There is no file {tmp_path}/b.mp4. Check the path.".split()]
    ]


def test_each_varied_result_that_fails_is_listed_and_counted(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, look = make_text_file(tmp_path / "a.png"), tmp_path / "look.safetensors"
    save_look(Look(torch.zeros(4), "base", ""), look)
    varied = ["--diversify", "2", "--diversify-style", look, "--strength", "0"]
    assert call(source, "-o", tmp_path / "out" / "a.png", *options, *varied) == ExitCode.INPUT
    *lines, last = capsys.readouterr().err.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith(str(tmp_path))]
    assert listed == [f"{tmp_path}/out/a_01.png", f"{tmp_path}/out/a_02.png"]
    assert last == "Nothing was rendered. 2 of 2 failed."


def test_results_that_stand_are_kept_when_a_folder_is_rendered_again(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [make_clip(tmp_path / name, frames=2) for name in ("a.mp4", "b.mp4")]
    assert call(sources[0], "-o", tmp_path / "out" / "a.mp4", *options) == ExitCode.OK
    assert call(*sources, "-o", tmp_path / "out", *options) == ExitCode.OK
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f" into {tmp_path}/out/b.mp4. 1 was there already and is kept; --overwrite renders it anew.")
    assert call(*sources, "-o", tmp_path / "out", *options) == ExitCode.OK
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Nothing was rendered. 2 were there already and are kept; --overwrite renders them anew."


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that takes longer to paint than a signal to arrive."""
    return make_clip(tmp_path_factory.mktemp("long") / "a.mp4", frames=600, size=(128, 96))


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Starts processes that have loaded what rendering needs."""
    with Commands(tmp_path_factory.mktemp("commands") / "log") as commands:
        yield commands


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_from_outside_ends_with_130_and_says_how_to_go_on(
    tmp_path: Path, options: list[str], long_clip: Path, commands: Commands, sent: signal.Signals
) -> None:
    (tmp_path / "out").mkdir()
    journal = tmp_path / "out" / ".b.mp4.render" / "journal.jsonl"

    def stop(process: int) -> None:
        deadline = time.monotonic() + 60
        while not (journal.exists() and journal.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process, sent)

    begun = commands.log.stat().st_size if commands.log.exists() else 0
    code = commands.run(
        "render", long_clip, "-o", tmp_path / "out" / "b.mp4", "--segment", "24", *options, meanwhile=stop
    )
    err = commands.log.read_bytes()[begun:].decode()
    assert code == ExitCode.INTERRUPTED, err
    frames = 24 * len(journal.read_text().splitlines())
    assert err.splitlines()[-1] == (
        f"Stopped after {frames} of 600 frames of b.mp4; they are kept. Give the same command to go on."
    )
    assert "Finishing the segment under way, then stopping. Ctrl-C again stops at once." in err
    assert "Traceback" not in err


def test_frame_by_frame_video_is_rendered_without_opencv(tmp_path: Path, options: list[str]) -> None:
    source = make_clip(tmp_path / "a.mp4", frames=2)
    arguments = ["render", str(source), "-o", str(tmp_path / "out.mp4"), "--flicker", "off", *options]
    program = (
        "import sys\nsys.modules['cv2'] = None\nfrom vidstyle.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as left:\n    sys.exit(left.code)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_ray_without_its_extra_says_what_to_install(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    source = make_clip(tmp_path / "a.mp4", frames=3)
    assert call(source, "-o", tmp_path / "out.mp4", *options, "--ray") == ExitCode.DEPENDENCY
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: --ray needs Ray (") and line.endswith("Install it: pip install 'vidstyle[ray]'")


@pytest.mark.parametrize(
    ("arguments", "inputs", "address"),
    [
        (["--ray", "a.mp4", "-o", "out"], ["a.mp4"], LOCAL),
        (["a.mp4", "--ray", "b.mp4", "-o", "out"], ["a.mp4", "b.mp4"], LOCAL),
        (["a.mp4", "-o", "out", "--ray"], ["a.mp4"], LOCAL),
        (["-o", "out", "--ray", "--", "a.mp4", "--ray"], ["a.mp4", "--ray"], LOCAL),
        (["--ray", "local", "-o", "out"], ["local"], LOCAL),
        (["--ray=auto", "auto", "-o", "out"], ["auto"], "auto"),
        (["--ray", "head:6379", "a.mp4", "-o", "out"], ["a.mp4"], "head:6379"),
        (["--ray", "[::1]:6379", "a.mp4", "-o", "out"], ["a.mp4"], "[::1]:6379"),
        (["a.mp4", "-o", "out", "--ray", "ray://head:10001"], ["a.mp4"], "ray://head:10001"),
    ],
)
def test_inputs_stand_before_and_after_ray_whatever_they_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], inputs: list[str], address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("local", "auto"):
        (tmp_path / folder).mkdir()
    asked: list[tuple[Any, ...]] = []

    def run(sources: Any, target: Path, settings: Any, cluster: Any, at: str, on_progress: Any) -> StageResult:
        asked.append(([str(one) for one in sources], str(target), at))
        return combine([], {}, settings, 0.0)

    monkeypatch.setattr("vidstyle.cluster.stage.run", run)
    assert call(*arguments) == ExitCode.OK
    assert asked == [(inputs, "out", address)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["a.mp4", "-o", "out.mp4", "--ray=head-node"],
            "--ray=head-node is no address. Give HOST:PORT or auto, or --ray alone for this machine.",
        ),
        (["a.mp4", "-o", "out.mp4", "--ray-gpus", "0.5"], "--ray-gpus is for a cluster. Add --ray."),
        (
            ["a.mp4", "-o", "out.mp4", "--device", "cuda:1", "--ray"],
            "Ray chooses the device, not cuda:1. Give --device auto, cpu or cuda with --ray.",
        ),
        (
            ["a.mp4", "-o", "out.mp4", "--diversify", "2", "--diversify-style", "look.safetensors", "--ray"],
            "Varied results are not made on Ray: each rests on all shots before. Leave --ray out.",
        ),
    ],
)
def test_what_does_not_go_with_ray_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vidstyle.cluster.stage.load_ray", lambda: None)
    make_clip(tmp_path / "a.mp4", frames=3)
    assert call(*arguments) == ExitCode.USAGE
    assert capsys.readouterr().err == f"Error: {message}\n"
    assert not (tmp_path / "out.mp4").exists()
