"""A style as a web page paints in the browser what it paints here, and loads nothing from elsewhere."""

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tests.clips import make_clip
from tests.models.test_compact_style import style as compact
from vidstyle.cli.export import export
from vidstyle.errors import OutputError, TargetExists
from vidstyle.media.images import read_image, write_image
from vidstyle.media.probe import probe
from vidstyle.media.read import VideoReader
from vidstyle.models.style_file import save_style
from vidstyle.models.web_page import RUNTIME, refuse_other_folder
from vidstyle.models.weights import VARIABLE, find, known_weights
from vidstyle.render.engine import Engine
from vidstyle.render.settings import RenderSettings

PICTURE = np.random.default_rng(3).integers(0, 256, (37, 50, 3), np.uint8).repeat(2, 0).repeat(2, 1)
READ_CANVAS = """id => {
    const canvas = document.getElementById(id);
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [height, width, Array.from(data)];
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def style_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("style") / "mine.safetensors"
    save_style(compact(), path)
    return path


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory, style_file: Path, real_weights: Path) -> Path:
    pytest.importorskip("onnx")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(real_weights))
        if find(RUNTIME) is None:
            pytest.skip("onnxruntime for browsers is not on this machine")
        folder = tmp_path_factory.mktemp("web") / "page"
        done = CliRunner().invoke(export, [str(style_file), "--to", "web", "-o", str(folder)])
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def page(page_folder: Path) -> Iterator[Any]:
    """The exported page in a browser without a window; a request to another server fails the test that asks for it."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(page_folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("body[data-ready]", timeout=60_000)
        yield page
        assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
        browser.close()
    server.shutdown()


def canvas(page: Any, name: str) -> np.ndarray:
    height, width, values = page.evaluate(READ_CANVAS, name)
    return np.array(values, np.uint8).reshape(height, width, 4)[..., :3]


def painted_here(style_file: Path, pixels: np.ndarray) -> np.ndarray:
    # The page never paints a picture larger than it is, which `vidstyle render` does with small ones.
    engine = Engine(RenderSettings(style=str(style_file), size="source", device="cpu", precision="fp32"))
    sizes = engine.sizes((pixels.shape[1], pixels.shape[0]))
    return engine.picture_painter(sizes).paint(pixels[None], sizes, sixteen_bit=False)[0]


def write_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def open_and_wait(page: Any, path: Path) -> None:
    before = page.evaluate("Number(document.body.dataset.paintings || 0)")
    page.set_input_files("#file", str(path))
    page.wait_for_function(f"Number(document.body.dataset.paintings || 0) > {before}", timeout=60_000)


def test_a_picture_is_painted_as_here(page: Any, style_file: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", PICTURE)
    open_and_wait(page, tmp_path / "in.png")
    assert np.array_equal(canvas(page, "source"), PICTURE)
    found, expected = canvas(page, "painted"), painted_here(style_file, PICTURE)
    assert found.shape == expected.shape == PICTURE.shape
    assert np.abs(expected.astype(int) - PICTURE).mean() > 2
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_video_is_painted_as_here(page: Any, style_file: Path, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "in.webm", size=(96, 64), frames=6, codec="libvpx-vp9", options={"crf": "4"}, matrix=5)
    with VideoReader(probe(path)) as reader:
        first = next(reader.batches(1)).frames[0]
    open_and_wait(page, path)
    expected = painted_here(style_file, first)
    assert np.abs(canvas(page, "painted").astype(int) - expected).mean() < 2
    assert page.is_enabled("#play") and page.is_enabled("#seek")


def test_the_slider_shows_source_and_painting(page: Any, tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", PICTURE)
    open_and_wait(page, tmp_path / "in.png")
    box = page.locator("#stage").bounding_box()
    for value, shows in (("0", "painted"), ("100", "source")):
        page.fill("#split", value)
        page.evaluate(
            "document.querySelectorAll('canvas').forEach(canvas => canvas.style.imageRendering = 'pixelated')"
        )
        shown = read_image(write_bytes(tmp_path / f"{value}.png", page.screenshot(clip=box)))
        pixels = canvas(page, shows)
        middle = shown[shown.shape[0] // 2, shown.shape[1] // 2].astype(int)
        assert np.abs(pixels[36:39, 49:52].reshape(-1, 3) - middle).max(1).min() <= 1


def test_what_no_browser_reads_is_said(page: Any, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    page.set_input_files("#file", str(tmp_path / "text.png"))
    page.wait_for_function("document.getElementById('status').textContent.includes('text.png is not a picture')")


def test_nothing_of_the_picture_before_shows_through(page: Any, tmp_path: Path) -> None:
    for name, opacity in (("opaque", 255), ("clear", 0)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((32, 48, 4), (40, 40, 200, opacity), np.uint8))
        open_and_wait(page, tmp_path / f"{name}.png")
    assert not canvas(page, "source").any()


def test_the_file_that_was_opened_last_is_shown(page: Any, tmp_path: Path) -> None:
    write_image(tmp_path / "large.jpg", np.zeros((3000, 4000, 3), np.uint8))
    write_image(tmp_path / "small.png", PICTURE)
    page.set_input_files("#file", str(tmp_path / "large.jpg"))
    open_and_wait(page, tmp_path / "small.png")
    page.wait_for_timeout(1500)
    assert np.array_equal(canvas(page, "source"), PICTURE)


def test_a_page_that_was_begun_is_finished(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "style.onnx").touch()
    refuse_other_folder(tmp_path / "page", overwrite=False)
    (tmp_path / "page" / "mine.txt").touch()
    with pytest.raises(TargetExists):
        refuse_other_folder(tmp_path / "page", overwrite=False)
    with pytest.raises(OutputError, match="is a file, and a page takes a folder"):
        refuse_other_folder(tmp_path / "page" / "mine.txt", overwrite=True)


def test_a_folder_that_is_there_and_a_broken_package_are_refused(
    page_folder: Path, style_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(style_file), "--to", "web", "-o"]
    assert "exists already" in str(CliRunner().invoke(export, [*command, str(page_folder)]).exception)
    (tmp_path / known_weights(RUNTIME).files[0]).write_bytes(b"no package")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    done = CliRunner().invoke(export, [*command, str(tmp_path / "page")])
    assert f"is not the package {RUNTIME}" in str(done.exception)
    assert not (tmp_path / "page" / "index.html").exists()
