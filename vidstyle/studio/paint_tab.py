"""The tab Paint: choose a source, see a frame painted beside it, change settings, and start the render."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidstyle.errors import InputError, OutputError, VidstyleError
from vidstyle.media.file_kinds.picture_formats import PICTURE_SUFFIXES
from vidstyle.media.probe import VIDEO_SUFFIXES
from vidstyle.render.settings import RenderSettings
from vidstyle.report.sheets import clock
from vidstyle.studio.dropped_files import drop_zone, keep_dropped
from vidstyle.studio.gradio_import import HIDDEN, gradio
from vidstyle.studio.knobs import command, given, knobs
from vidstyle.studio.picture_controls import choices, choices_html, pair, pair_html
from vidstyle.studio.studio import Studio, preview_address, show, shows_errors, shows_errors_while

MAIN_KNOBS = ("size", "finish", "calm", "blend", "keep_colour")
FURTHER_KNOBS = ("flicker", "outscale", "codec", "crf", "overwrite")
NAMES = ("style", *MAIN_KNOBS, *FURTHER_KNOBS)
THUMBNAILS = 12
NOTHING_CHOSEN: tuple[Any, ...] = (None, [], None, "", "", "")
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
        gr = gradio()
        try:
            (name,) = keep_dropped(self.studio, [upload])
        except VidstyleError as error:
            show(error)
            return None, gr.skip()
        return None, gr.Dropdown(self.studio.folders.files(SUFFIXES), value=name)

    def choose(self, source: str | None, style: str) -> tuple[Any, ...]:
        """Return the source, the seconds of its thumbnails, the second in the middle, a name for the result, and no pictures."""
        if not source:
            return NOTHING_CHOSEN
        about = self.studio.preview.ask("describe", path=str(self.studio.folders.existing(source)))
        length = about["seconds"]
        seconds = [length * (number + 0.5) / THUMBNAILS for number in range(THUMBNAILS)] if length else [None]
        return source, seconds, seconds[len(seconds) // 2], _result_name(source, style), "", ""

    def strip(self, source: str | None, seconds: list[float | None], second: float | None) -> str:
        """Return thumbnails of a video as HTML, nothing for a photo."""
        if not source or len(seconds) < 2:
            return ""
        path = str(self.studio.folders.existing(source))
        ask = self.studio.preview.ask
        files = [ask("thumbnail", path=path, second=at, folder=self.folder) for at in seconds]
        texts = ["" if at is None else clock(at) for at in seconds]
        chosen = seconds.index(second) if second in seconds else None
        return choices_html(list(zip(map(self._shown, files), texts, strict=True)), chosen)

    def paint(self, source: str | None, second: float | None, kept: str | None, output: str, *values: Any) -> Any:
        """Yield the pair for the slider and the newest painting, and then what a render takes."""
        if not source:
            yield "", None, ""
            return
        path, settings = self._settings(source, values)
        painted = self.studio.preview.ask("paint", path=str(path), second=second, settings=settings, folder=self.folder)
        new = self._shown(painted["painted"])
        before = (Path(kept), "Kept") if kept else (self._shown(painted["source"]), "Source")
        yield pair_html(before[0], new, before[1]), str(new), gradio().skip()
        yield gradio().skip(), gradio().skip(), self._estimate(path, output, settings, painted["seconds"])

    def spell(self, source: str | None, output: str, *values: Any) -> str:
        """Return the command that renders the source."""
        if not source or not output:
            return ""
        path = self.studio.folders.existing(source)
        return self._command(path, output, given(RenderSettings, dict(zip(NAMES, values, strict=True))))

    def sheet(self, source: str | None, second: float | None, *values: Any) -> Iterator[tuple[str, list[str]]]:
        """Yield the frame in one style more each time, as HTML, and the names of these styles."""
        path, settings = self._settings(source, values)
        found: list[tuple[Path, str]] = []
        for style in self.studio.preview.ask("styles"):
            styled = {**settings, "style": style}
            painted = self.studio.preview.ask(
                "paint", path=str(path), second=second, settings=styled, folder=self.folder
            )
            found.append((self._shown(painted["painted"]), style))
            yield choices_html(found), [name for _, name in found]

    def move(self, source: str | None, second: float | None, *values: Any) -> str:
        """Return two seconds of the video, rendered from the picked second on, as HTML."""
        path, settings = self._settings(source, values)
        if second is None:
            raise InputError("A photo does not move. Choose a video.")
        file = self.studio.moving.ask("moving", path=str(path), second=second, settings=settings, folder=self.folder)
        return f"<video controls autoplay loop muted src='{preview_address(self._shown(file))}'></video>"

    def start(self, source: str | None, output: str, *values: Any) -> None:
        """Let a render wait for its turn."""
        path, settings = self._settings(source, values)
        target = self.studio.folders.writable(output)
        RenderSettings.resolve({}, settings)
        if target.exists() and not settings.get("overwrite"):
            raise OutputError(f"There is {output} already. Under Result, give another name, or choose Overwrite.")
        spelled = self._command(path, output, settings)
        arguments = {"sources": str(path), "output": str(target), **settings}
        title = f"{path.name} in {settings.get('style', 'default')}"
        self.studio.queue.add("render", title, arguments, spelled, self.studio.folders.name_of(target))
        gradio().Info("The render is in the list of jobs.")

    def _settings(self, source: str | None, values: tuple[Any, ...]) -> tuple[Path, dict[str, Any]]:
        """Return the real path of the source, and the settings that were changed; raises VidstyleError."""
        path = self.studio.folders.existing(source or "")
        settings = given(RenderSettings, dict(zip(NAMES, values, strict=True)))
        self.studio.check_styles(settings.get("style", "default"))
        return path, settings

    def _shown(self, file: str) -> Path:
        return self.studio.preview_file(Path(file).name)

    def _command(self, path: Path, output: str, settings: dict[str, Any]) -> str:
        target = self.studio.folders.writable(output)
        return command("render", [self.studio.spelled(path), "-o", self.studio.spelled(target)], settings)

    def _estimate(self, path: Path, output: str, settings: dict[str, Any], seconds: float | None) -> str:
        about = self.studio.preview.ask("describe", path=str(path))
        width, height = about["size"]
        if not about["frames"] or about["kind"] == "picture":
            return f"{width}×{height} pixels."
        target = self.studio.folders.writable(output)
        room = self.studio.preview.ask("room", path=str(path), target=str(target), settings=settings)
        length = f"{width}×{height} pixels, {about['frames']:,} frames."
        space = f"about {max(1, round(room / (1 << 20))):,} MiB while it works"
        if seconds is None:
            return f"{length} It takes {space}."
        return f"{length} It takes {clock(about['frames'] * seconds)} at the speed of this frame, and {space}."


def _result_name(source: str, style: str) -> str:
    path = Path(source)
    suffix = path.suffix if path.suffix.lower() in (*PICTURE_SUFFIXES, ".mp4", ".mkv", ".mov", ".webm") else ".mp4"
    return str(path.with_name(f"{path.stem}_{style}{suffix}"))


class PaintControls:
    """The controls of the tab, in the order in which the keyboard reaches them."""

    def __init__(self) -> None:
        gr = gradio()
        with gr.Row(elem_classes="paint"):
            with gr.Column(elem_classes="choose"):
                self.source = gr.Dropdown([], label="Video or photo", value=None, elem_id="source")
                self.drop = drop_zone("Another file", "drop")
                self.style = gr.Dropdown(["default"], value="default", label="Style", elem_id="style")
            with gr.Column(elem_classes="pictures"):
                self.pair, self.strip = pair("pair"), choices("strip")
                with gr.Row():
                    self.all_styles = gr.Button("This frame in all styles", size="sm")
                    self.move = gr.Button("Two seconds moving", size="sm")
                    self.keep = gr.Button("Keep to compare with", size="sm")
                    self.forget = gr.Button("Compare with the source", size="sm")
                self.sheet, self.moving = choices("sheet"), gr.HTML("", elem_id="moving")
            with gr.Column(elem_classes="settings"):
                main = knobs(RenderSettings, MAIN_KNOBS)
                with gr.Accordion("Result", open=False):
                    self.output = gr.Textbox(label="File of the result", max_lines=1, elem_id="output")
                    further = knobs(RenderSettings, FURTHER_KNOBS)
            with gr.Column(elem_classes="start"):
                self.command = gr.Textbox(
                    label="The same as a command", interactive=False, lines=2, buttons=["copy"], elem_id="command"
                )
                self.estimate = gr.Markdown("", elem_id="estimate")
                self.start = gr.Button("Start the render", variant="primary", elem_id="start")
        self.values = [self.style, *main, *further]


def build_paint_tab(studio: Studio, page: Any) -> None:
    """Put the tab on the page."""
    gr, requests, on = gradio(), PaintRequests(studio), PaintControls()
    chosen, seconds, second, kept = gr.State(None), gr.State([]), gr.State(None), gr.State(None)
    newest, names = gr.State(None), gr.State([])
    paint = {
        "fn": shows_errors_while(requests.paint),
        "inputs": [chosen, second, kept, on.output, *on.values],
        "outputs": [on.pair, newest, on.estimate],
        "trigger_mode": "always_last",
        "show_progress_on": [on.pair],
        **HIDDEN,
    }

    def pick(found: list[Any], event: gr.EventData) -> Any:  # type: ignore[name-defined]
        return found[event.index]

    page.load(requests.choices, None, [on.source, on.style], **HIDDEN)
    on.drop.upload(requests.drop, on.drop, [on.drop, on.source], **HIDDEN)
    choose = shows_errors(requests.choose, otherwise=NOTHING_CHOSEN)
    picked = on.source.change(
        choose, [on.source, on.style], [chosen, seconds, second, on.output, on.pair, on.strip], **HIDDEN
    )
    picked.then(**paint).then(shows_errors(requests.strip), [chosen, seconds, second], on.strip, **HIDDEN)
    on.strip.select(pick, seconds, second, **HIDDEN).then(**paint)
    on.sheet.select(pick, names, on.style, **HIDDEN)
    on.style.change(
        lambda name, style: _result_name(name, style) if name else "", [chosen, on.style], on.output, **HIDDEN
    )
    gr.on([control.change for control in on.values], **paint)
    gr.on(
        [control.change for control in [on.output, *on.values]],
        shows_errors(requests.spell),
        [chosen, on.output, *on.values],
        on.command,
        trigger_mode="always_last",
        show_progress="hidden",
        **HIDDEN,
    )
    on.keep.click(lambda picture: picture, newest, kept, **HIDDEN).then(**paint)
    on.forget.click(lambda: None, None, kept, **HIDDEN).then(**paint)
    sheet = shows_errors_while(requests.sheet)
    on.all_styles.click(sheet, [chosen, second, *on.values], [on.sheet, names], **HIDDEN)
    on.move.click(shows_errors(requests.move), [chosen, second, *on.values], on.moving, **HIDDEN)
    on.start.click(shows_errors(requests.start, has_outputs=False), [chosen, on.output, *on.values], None, **HIDDEN)
