"""The tab Paint: choose a source, see a frame painted beside it, change settings, and start the render."""

from pathlib import Path
from typing import Any

from vidstyle.errors import InputError, SettingsError, VidstyleError, text_of
from vidstyle.media.file_kinds.picture_formats import PICTURE_SUFFIXES
from vidstyle.media.probe import VIDEO_SUFFIXES
from vidstyle.render.settings import RenderSettings
from vidstyle.report.sheets import clock
from vidstyle.studio.gradio_import import gradio
from vidstyle.studio.knobs import command, given, knobs
from vidstyle.studio.studio import Studio, preview_address, show, shows_errors, shows_errors_while

MAIN_KNOBS = ("size", "finish", "calm", "blend", "keep_colour")
FURTHER_KNOBS = ("flicker", "outscale", "codec", "crf", "overwrite")
NAMES = ("style", *MAIN_KNOBS, *FURTHER_KNOBS)
THUMBNAILS = 12
SUFFIXES = (*VIDEO_SUFFIXES, *PICTURE_SUFFIXES)


class PaintRequests:
    """What the tab asks for; each method is the handler of an event."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.folder = str(studio.previews)

    def choices(self) -> tuple[Any, Any]:
        """Return the sources and styles that there are now."""
        gr = gradio()
        return gr.Dropdown(self.studio.folders.files(SUFFIXES)), gr.Dropdown(self.studio.preview.ask("styles"))

    def drop(self, upload: str) -> tuple[None, Any]:
        """Keep a file that was dropped, and choose it; an error is shown, and the field is empty for another file."""
        gr, path = gradio(), Path(upload)
        try:
            self.studio.preview.ask("describe", path=upload)
            name = self.studio.keep(path)
        except VidstyleError as error:
            show(VidstyleError(text_of(error).replace(upload, path.name)))
            return None, gr.skip()
        return None, gr.Dropdown(self.studio.folders.files(SUFFIXES), value=name)

    def choose(self, source: str | None, style: str) -> tuple[Any, ...]:
        """Return thumbnails, their seconds, the second in the middle, and a name for the result."""
        if not source:
            return [], [], None, ""
        path = self.studio.folders.existing(source)
        found = self.studio.preview.ask("thumbnails", path=str(path), count=THUMBNAILS, folder=self.folder)
        pictures = [(str(self._shown(file)), "" if second is None else clock(second)) for file, second in found]
        seconds = [second for _, second in found]
        middle = seconds[len(seconds) // 2]
        return pictures, seconds, middle, _result_name(source, style)

    def paint(self, source: str | None, second: float | None, kept: str | None, output: str, *values: Any) -> Any:
        """Return the pair for the slider, the newest painting, the command, and what a render takes."""
        if not source:
            return gradio().skip()
        path, settings = self._settings(source, values)
        ask = self.studio.preview.ask
        painted = ask("paint", path=str(path), second=second, settings=settings, folder=self.folder)
        new = str(self._shown(painted["painted"]))
        pair = (kept or str(self._shown(painted["source"])), new)
        return pair, new, self._command(path, output, settings), self._estimate(path, output, settings, painted)

    def sheet(self, source: str | None, second: float | None, *values: Any) -> Any:
        """Yield the frame in one style more each time, with the style's name."""
        path, settings = self._settings(source, values)
        found: list[tuple[str, str]] = []
        for style in self.studio.preview.ask("styles"):
            one = {**settings, "style": style}
            painted = self.studio.preview.ask("paint", path=str(path), second=second, settings=one, folder=self.folder)
            found.append((str(self._shown(painted["painted"])), style))
            yield found

    def move(self, source: str | None, second: float | None, *values: Any) -> str:
        """Return two seconds of the video, rendered from the picked second on, as HTML."""
        path, settings = self._settings(source, values)
        if second is None:
            raise InputError("A photo does not move. Choose a video.")
        file = self.studio.preview.ask("moving", path=str(path), second=second, settings=settings, folder=self.folder)
        return f"<video controls autoplay loop muted src='{preview_address(self._shown(file))}'></video>"

    def start(self, source: str | None, output: str, *values: Any) -> None:
        """Let a render wait for its turn."""
        path, settings = self._settings(source, values)
        target = self.studio.folders.writable(output)
        RenderSettings.resolve({}, settings)
        spelled = self._command(path, output, settings)
        arguments = {"sources": str(path), "output": str(target), **settings}
        title = f"{path.name} in {settings.get('style', 'default')}"
        self.studio.queue.add("render", title, arguments, spelled, output)
        gradio().Info("The render is in the list of jobs.")

    def _settings(self, source: str | None, values: tuple[Any, ...]) -> tuple[Path, dict[str, Any]]:
        """Return the real path of the source, and the settings that were changed; raises VidstyleError."""
        path = self.studio.folders.existing(source or "")
        settings = given(RenderSettings, dict(zip(NAMES, values, strict=True)))
        style = settings.get("style", "default")
        if style not in self.studio.preview.ask("styles"):
            raise SettingsError(f"There is no style {style!r} in the package or in runs. Choose one of the list.")
        return path, settings

    def _shown(self, file: str) -> Path:
        return self.studio.preview_file(Path(file).name)

    def _command(self, path: Path, output: str, settings: dict[str, Any]) -> str:
        target = self.studio.folders.writable(output)
        return command("render", [self.studio.spelled(path), "-o", self.studio.spelled(target)], settings)

    def _estimate(self, path: Path, output: str, settings: dict[str, Any], painted: dict[str, Any]) -> str:
        about = self.studio.preview.ask("describe", path=str(path))
        target = self.studio.folders.writable(output)
        room = self.studio.preview.ask("room", path=str(path), target=str(target), settings=settings)
        width, height = about["size"]
        if not about["frames"] or about["kind"] == "picture":
            return f"{width}×{height} pixels."
        length = f"{width}×{height} pixels, {about['frames']:,} frames."
        space = f"about {max(1, round(room / (1 << 20))):,} MiB while it works"
        if painted["seconds"] is None:
            return f"{length} It takes {space}."
        return (
            f"{length} It takes {clock(about['frames'] * painted['seconds'])} at the speed of this frame, and {space}."
        )


def _result_name(source: str, style: str) -> str:
    path = Path(source)
    suffix = path.suffix if path.suffix.lower() in (*PICTURE_SUFFIXES, ".mp4", ".mkv", ".mov", ".webm") else ".mp4"
    return str(path.with_name(f"{path.stem}_{style}{suffix}"))


def build_paint_tab(studio: Studio, page: Any) -> None:
    """Put the tab on the page."""
    gr, requests = gradio(), PaintRequests(studio)
    seconds, second, kept, newest = gr.State([]), gr.State(None), gr.State(None), gr.State(None)
    with gr.Row(elem_classes="stack"):
        with gr.Column(scale=1, min_width=300):
            source = gr.Dropdown([], label="Video or photo", value=None, elem_id="source")
            drop = gr.File(label="Or drop one here", height=110, elem_id="drop")
            style = gr.Dropdown(["default"], value="default", label="Style", elem_id="style")
            main = knobs(RenderSettings, MAIN_KNOBS)
            with gr.Accordion("Result", open=False):
                output = gr.Textbox(label="File of the result", max_lines=1, elem_id="output")
                further = knobs(RenderSettings, FURTHER_KNOBS)
        with gr.Column(scale=2, min_width=320):
            pair = gr.ImageSlider(label="Before and after", interactive=False, elem_id="pair", buttons=["fullscreen"])
            strip = gr.Gallery(
                label="Pick a place", columns=6, allow_preview=False, elem_id="strip", object_fit="cover", buttons=[]
            )
            with gr.Row():
                all_styles = gr.Button("This frame in all styles", size="sm")
                move = gr.Button("Two seconds moving", size="sm")
                keep = gr.Button("Keep to compare with", size="sm")
                forget = gr.Button("Compare with the source", size="sm")
            sheet = gr.Gallery(label="In all styles", columns=3, visible=False, allow_preview=False, elem_id="sheet")
            moving = gr.HTML("", elem_id="moving")
            spelled = gr.Code(
                label="The same as a command", language="shell", interactive=False, lines=1, elem_id="command"
            )
            estimate = gr.Markdown("", elem_id="estimate")
            start = gr.Button("Start the render", variant="primary", elem_id="start")
    values = [style, *main, *further]
    paint = {
        "fn": shows_errors(requests.paint),
        "inputs": [source, second, kept, output, *values],
        "outputs": [pair, newest, spelled, estimate],
        "trigger_mode": "always_last",
        "api_visibility": "private",
        "show_progress_on": [pair],
    }
    hidden = {"api_visibility": "private"}
    page.load(requests.choices, None, [source, style], **hidden)
    drop.upload(requests.drop, drop, [drop, source], **hidden)
    picked = shows_errors(requests.choose)
    source.change(picked, [source, style], [strip, seconds, second, output], **hidden).then(**paint)

    def pick(found: list[float | None], event: gr.SelectData) -> float | None:  # type: ignore[name-defined]
        return found[event.index]

    strip.select(pick, seconds, second, **hidden).then(**paint)
    style.change(lambda name, to: _result_name(name, to) if name else "", [source, style], output, **hidden)
    gr.on([control.change for control in [*values, output]], **paint)
    keep.click(lambda picture: picture, newest, kept, **hidden).then(**paint)
    forget.click(lambda: None, None, kept, **hidden).then(**paint)
    all_styles.click(lambda: gr.Gallery(visible=True), None, sheet, **hidden).then(
        shows_errors_while(requests.sheet), [source, second, *values], sheet, **hidden
    )
    move.click(shows_errors(requests.move), [source, second, *values], moving, **hidden)
    start.click(shows_errors(requests.start), [source, output, *values], None, **hidden)
