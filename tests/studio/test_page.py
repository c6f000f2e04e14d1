"""The page in a browser, as a user walks through it, and over HTTP, as one who is after other files does."""

import base64
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from tests.clips import make_clip
from tests.extras import needs_extra
from vidstyle.cli.main import vidstyle
from vidstyle.media.probe import probe

needs_extra("studio", "gradio")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
FRAMES = 24
LONGEST_WAIT_MS = 60_000
CONTROLS = {
    "source",
    "drop",
    "style",
    "pair",
    "strip",
    "command",
    "start",
    "job",
    "knob-size",
    "knob-finish",
    "knob-calm",
}
CONTROLS |= {"knob-blend", "knob-keep-colour"}
MOST_STOPS = 60
FOCUSED_IN = """
(() => { const ids = []; for (let at = document.activeElement; at; at = at.parentElement) ids.push(at.id); return ids; })()
"""
"""The ids of all elements around the one that has the keyboard."""


class Program:
    """`vidstyle studio` in a folder, on a port of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start the program, and wait until it serves the page."""
        command = [sys.executable, "-m", "vidstyle", "studio", "--no-browser", "--port", str(self.port)]
        package = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        log = self.place.parent / "log"
        with log.open("w") as told:
            self.process = subprocess.Popen(command, cwd=self.place, env=package, stderr=told)
        until = time.monotonic() + 90
        while "The studio is at" not in log.read_text():
            assert self.process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    def end(self, number: int) -> None:
        """Send a signal, and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(20)

    def ask(self, path: str, content: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Return status and content of a path, which is sent as it is spelled."""
        request = urllib.request.Request(self.address + path, content, headers)
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def program(place: Path) -> Iterator[Program]:
    make_clip(place / "clip.mp4", frames=FRAMES, audio=1)
    make_photo(place / "photo.png")
    program = Program(place)
    yield program
    program.end(signal.SIGINT)


def make_photo(path: Path) -> None:
    import numpy as np

    from vidstyle.media.images import write_image

    write_image(path, np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8))


def test_no_file_outside_the_folders_is_served_by_any_route(place: Path, program: Program) -> None:
    relative = ["../../etc/passwd", "..%2f..%2fetc/passwd", ".hidden.mp4", "leads_out.mp4", "folder_out/secret.txt"]
    absolute = ["/etc/passwd", str((place / "folder_out").resolve() / "secret.txt")]
    inside = [str(place / name) for name in ["clip.mp4", *relative, ".vidstyle-studio/jobs/lock"]]
    for name in [*relative, *absolute, *inside]:
        for path in (f"/studio/file?name={quote(name)}", f"/studio/file?name={name}", f"/studio/preview/{quote(name)}"):
            assert program.ask(path)[0] in (403, 404), path
        for spelled in (name, quote(name, safe=""), f"../{name}"):
            assert program.ask(f"/gradio_api/file={spelled}")[0] in (403, 404), spelled
    status, content = program.ask("/studio/file?name=clip.mp4")
    assert status == 200 and content == (place / "clip.mp4").read_bytes()


def test_nothing_is_fetched_from_the_network_and_no_other_site_gets_in(program: Program) -> None:
    for path in ("file=https://example.org/a.png", "file=HTTP://127.0.0.1/", "proxy=https://example.org/a.png", "runs"):
        assert program.ask(f"/gradio_api/{path}")[0] in (403, 404), path
    assert json.loads(program.ask("/config")[1])["analytics_enabled"] is False
    assert program.ask("/", Host="evil.example")[0] == 400
    assert program.ask("/gradio_api/upload", b"", Origin="http://evil.example")[0] == 403


def test_an_upload_stays_in_its_folder_and_no_path_passes_for_one(place: Path, program: Program) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../evil.mp4"\r\n\r\nevil\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    status, answer = program.ask("/gradio_api/upload", body, **headers)
    uploads = (place / ".vidstyle-studio" / "uploads").resolve()
    assert status == 200 and Path(json.loads(answer)[0]).resolve().is_relative_to(uploads)
    config = json.loads(program.ask("/config")[1])
    number = next(found["id"] for found in config["dependencies"] if found["targets"][0][1] == "upload")
    for path in ("/etc/passwd", str(place / ".hidden.mp4"), str(place / "leads_out.mp4")):
        call = {"fn_index": number, "session_hash": "s", "data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
        program.ask("/gradio_api/queue/join", json.dumps(call).encode(), **{"Content-Type": "application/json"})
        told = program.ask("/gradio_api/queue/data?session_hash=s")[1].decode()
        assert '"success":false' in told.replace(" ", ""), told
    assert not (place / "dropped").exists()


def test_a_page_for_others_asks_for_its_password(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from vidstyle.studio.folders import Folders
    from vidstyle.studio.server import build_app
    from vidstyle.studio.settings import StudioSettings
    from vidstyle.studio.studio import Studio

    app = build_app(Studio(Folders([tmp_path])), StudioSettings(host="0.0.0.0", password="wörd"))
    client = TestClient(app)

    def status(password: str) -> int:
        encoded = base64.b64encode(f"me:{password}".encode()).decode()
        return client.get("/config", headers={"Authorization": f"Basic {encoded}"}).status_code

    assert client.get("/").status_code == client.get("/studio/file?name=x").status_code == 401
    assert client.post("/gradio_api/upload").status_code == 401
    assert (status("other"), status("wörd")) == (401, 200)


@pytest.fixture(scope="module")
def page(program: Program) -> Iterator[Any]:
    """The page in a browser, with the addresses that it asked for as `asked`."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = chromium.new_page()
        page.set_default_timeout(LONGEST_WAIT_MS)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(program.address)
        yield page
        chromium.close()


def choose(page: Any, name: str, size: str) -> None:
    """Choose a source, and wait until its frame is painted and its estimate, which has its size, is told."""
    page.click("#source input")
    page.click(f"[role=option]:has-text('{name}')")
    page.wait_for_selector(f"#estimate :text('{size}')")
    page.wait_for_selector("#pair .after")


def not_reached_by_keyboard(page: Any, controls: set[str]) -> set[str]:
    """Return which of the elements of these ids the Tab key reaches neither itself nor in them, from the top of the page on."""
    page.click("h1")
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        controls = controls - set(page.evaluate(FOCUSED_IN))
        if not controls:
            break
    return controls


def serious_faults(page: Any) -> list[str]:
    """Return what axe finds serious or critical on the page as it stands, light and dark: the rule and the element.

    Messages that come and go are Gradio's own, and left out.
    """
    axe, found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe(), []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.body.classList.contains('dark') === {str(scheme == 'dark').lower()}")
        page.wait_for_function("document.getAnimations().every(animation => !(animation instanceof CSSTransition))")
        for fault in axe.run(page, {"exclude": [".toast-wrap"]}).response["violations"]:
            if fault["impact"] in ("serious", "critical"):
                found += [f"{scheme}: {fault['id']}: {node['html'][:200]}" for node in fault["nodes"]]
    return found


def command(page: Any) -> str:
    return page.input_value("#command textarea")


def test_keyboard_narrow_screens_and_weak_eyes_are_served(page: Any) -> None:
    choose(page, "clip.mp4", "64×48")
    page.wait_for_selector("#strip button:nth-child(12)")
    assert not_reached_by_keyboard(page, CONTROLS) == set()
    for width in (420, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious_faults(page) == []


def test_a_user_sees_a_frame_renders_and_loses_nothing_when_the_program_is_killed(
    page: Any, program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = program.place
    (tmp_path / "notes.mp4").write_text("no video")
    page.set_input_files("#drop input[type=file]", str(tmp_path / "notes.mp4"))
    page.wait_for_selector("text=is not a video that can be read")
    assert "notes.mp4" in page.inner_text("[data-testid=toast-body]") and not (place / "dropped").exists()

    choose(page, "clip.mp4", "64×48")
    page.wait_for_selector("#strip button:nth-child(12)")
    before = page.get_attribute("#pair .after", "src")
    page.click("#strip button:first-child")
    page.wait_for_function(f"document.querySelector('#pair .after').getAttribute('src') != '{before}'")
    page.focus("#pair input")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("getComputedStyle(document.querySelector('#pair .after')).clipPath").endswith(" 60%)")
    page.fill("#knob-size input, #knob-size textarea", "32")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#command textarea').value.includes('--size 32')")
    assert command(page) == "vidstyle render clip.mp4 -o clip_default.mp4 --size 32"

    choose(page, "photo.png", "56×40")
    monkeypatch.chdir(place)
    assert CliRunner().invoke(vidstyle, shlex.split(command(page))[1:]).exit_code == 0
    shown = page.request.get(f"{program.address}/{page.get_attribute('#pair .after', 'src')}").body()
    assert shown == (place / "photo_default.png").read_bytes()

    choose(page, "clip.mp4", "64×48")
    page.click("#start")
    page.wait_for_selector("#jobs .running")
    assert page.evaluate("document.querySelector('#jobs progress').value") == 0
    program.end(signal.SIGKILL)
    program.start()
    page.goto(program.address)
    page.wait_for_selector("#jobs .done")
    assert page.evaluate("document.querySelector('#jobs progress').value") == 1
    page.wait_for_selector("#job-picture video")
    clip = probe(place / "clip_default.mp4")
    assert clip.frames == FRAMES and clip.of_kind("audio")
    assert {url.split("/")[2] for url in page.asked if url.startswith("http")} == {f"127.0.0.1:{program.port}"}


def test_two_pages_keep_to_themselves_and_share_their_jobs(page: Any, program: Program) -> None:
    make_photo(program.place / "other.png")
    other = page.context.browser.new_page()
    other.goto(program.address)
    choose(page, "clip.mp4", "64×48")
    choose(other, "other.png", "56×40")
    other.fill("#knob-size input, #knob-size textarea", "32")
    other.keyboard.press("Tab")
    other.wait_for_function("document.querySelector('#command textarea').value.includes('--size 32')")
    assert page.input_value("#source input") == "clip.mp4"
    assert command(page) == "vidstyle render clip.mp4 -o clip_default.mp4"
    assert command(other) == "vidstyle render other.png -o other_default.png --size 32"
    other.click("#start")
    other.close()
    page.wait_for_selector("#jobs article:has-text('other.png in default') .done")
