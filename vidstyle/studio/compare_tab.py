"""The tab Compare: styles side by side on chosen pictures, with the measures of `vidstyle evaluate`."""

import shlex
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from vidstyle.errors import InputError, OutputError
from vidstyle.evaluate.measurement import format_value
from vidstyle.evaluate.metrics import METRICS
from vidstyle.media.file_kinds.picture_formats import PICTURE_SUFFIXES
from vidstyle.render.settings import RenderSettings
from vidstyle.studio.dropped_files import drop_zone, keep_dropped
from vidstyle.studio.folders import free_path
from vidstyle.studio.gradio_import import HIDDEN, gradio
from vidstyle.studio.job_folder import read_or
from vidstyle.studio.knobs import command, command_box, command_or_fault, follows, given, knobs, states_of
from vidstyle.studio.side_by_side import MEASURES, UNTOUCHED, ComparisonFolder
from vidstyle.studio.studio import Studio, shows_errors

SECONDS_BETWEEN_LOOKS = 2.0
KNOBS = ("size", "finish", "calm")
USUAL_FOLDER = "compared"
COMPARE_CSS = """
#compared .wide { overflow-x: auto; } #compared table { border-collapse: collapse; }
#compared td, #compared th { padding: .3rem .8rem; text-align: right; }
#compared :is(table, tr, td, th) { border: 0; } #compared tr { border-bottom: 1px solid var(--border-color-primary); }
#compared th[scope=row], #compared th:first-child { text-align: left; } #compared h2 { margin: 1rem 0 .3rem; font-size: 1rem; }
#compared .pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9rem, 100%), 1fr)); gap: .6rem; }
#compared figure { margin: 0; } #compared img { width: 100%; display: block; } #compared figcaption { font-size: .9rem; }
"""


class CompareRequests:
    """What the tab asks for; each public method is the handler of an event."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def choices(self) -> tuple[Any, Any]:
        """Return the styles and pictures that there are now."""
        gr, pictures = gradio(), self.studio.folders.files(PICTURE_SUFFIXES)
        return gr.Dropdown(self.studio.preview.ask("styles")), gr.Dropdown(pictures)

    def drop(self, uploads: list[str] | None, chosen: list[str]) -> Any:
        """Keep pictures that were dropped, and choose them too."""
        names = keep_dropped(self.studio, uploads)
        return gradio().Dropdown(self.studio.folders.files(PICTURE_SUFFIXES), value=[*(chosen or []), *names])

    def commands(self, styles: list[str], pictures: list[str], folder: str, *values: Any) -> str:
        """Return the commands that do the same, or as a comment what is wrong."""
        return command_or_fault(
            lambda: self._commands(styles, folder, *self._checked(styles, pictures, folder, values))
        )

    def _commands(self, styles: list[str], folder: str, paths: Sequence[Path], settings: dict[str, Any]) -> str:
        where = ComparisonFolder(Path(self.studio.spelled(self.studio.folders.writable(folder))))
        sources = " ".join(shlex.quote(self.studio.spelled(path)) for path in paths)
        source = str(where.pictures)
        lines = [f"mkdir -p {shlex.quote(source)} && cp {sources} {shlex.quote(source)}"]
        for style in styles:
            painted = str(where.painted(style))
            measured = {"generated": painted, "source": source, "metrics": ",".join(MEASURES)}
            lines.append(command("render", [source, "-o", painted, "--style", style], settings))
            lines.append(command("evaluate", [], measured))
        return "\n".join(lines)

    def start(self, styles: list[str], pictures: list[str], folder: str, *values: Any) -> str:
        """Let a comparison wait for its turn; return a name for the folder of the next one."""
        paths, settings = self._checked(styles, pictures, folder, values)
        commands = self._commands(styles, folder, paths, settings)
        target = ComparisonFolder(self.studio.folders.writable(folder))
        for path in paths:
            self.studio.keep(path, self.studio.folders.name_of(target.pictures))
        arguments = {"styles": styles, "folder": self.studio.spelled(target.path), **settings}
        self.studio.queue.add("compare", f"{folder}: {', '.join(styles)}", arguments, commands, folder)
        gradio().Info("The comparison is in the list of jobs.")
        return self.free_folder()

    def look(self, chosen: str | None, before: tuple[str, ...], text: str) -> tuple[Any, ...]:
        """Return the list of comparisons and the chosen name, the chosen one as HTML, and what was seen.

        `before` is what was seen before, `text` the HTML of then, which stays where nothing has changed.
        """
        done = [job for job in reversed(self.studio.queue.jobs()) if job.stage == "compare" and job.state == "done"]
        choices = [(job.title, job.output) for job in done]
        names = [name for _, name in choices]
        is_new = bool(names) and names[0] not in before
        chosen = chosen if chosen in names and not is_new else next(iter(names), None)
        shown = f"{chosen}:{self._stamp(chosen)}"
        seen = (shown, *names)
        if seen != tuple(before):
            text = self.shown(chosen) if chosen else ""
        return (choices, chosen), text, seen

    def _checked(
        self, styles: list[str], pictures: list[str], folder: str, values: Sequence[Any]
    ) -> tuple[list[Path], dict[str, Any]]:
        """Return the pictures and the settings that were changed; raises VidstyleError."""
        if not styles or not pictures:
            raise InputError("Choose one style or more, and one picture or more.")
        self.studio.check_styles(*styles)
        settings = given(RenderSettings, dict(zip(KNOBS, values, strict=True)))
        RenderSettings.resolve({}, settings)
        if self.studio.folders.writable(folder).exists():
            raise OutputError(f"There is {folder} already. Give another name for the folder.")
        return [self.studio.folders.existing(picture) for picture in pictures], settings

    def free_folder(self) -> str:
        """Return a name for the folder of the next comparison."""
        return self.studio.folders.name_of(free_path(self.studio.folders.writable(USUAL_FOLDER)))

    def _record(self, folder: str | None) -> Path | None:
        try:
            return self.studio.folders.existing(f"{folder}/{ComparisonFolder(Path()).record}") if folder else None
        except InputError:  # it was moved away
            return None

    def _stamp(self, folder: str | None) -> int:
        record = self._record(folder)
        return record.stat().st_mtime_ns if record else 0

    def shown(self, folder: str) -> str:
        """Return a comparison as HTML: the measures, and each picture beside what the styles made of it."""
        record = self._record(folder)
        content = read_or(record, {}) if record else {}
        if not {"rows", "pictures"} <= content.keys():
            return f"<p class='quiet'>{escape(folder)} holds no whole comparison any more.</p>"
        where = ComparisonFolder(self.studio.folders.existing(folder))
        fetch = escape(self.studio.address(where.table))
        pictures = "".join(self._pictures(where, name, content["rows"]) for name in content["pictures"])
        return f"{_table(content['rows'])}<p><a href='{fetch}' download='table.csv'>Fetch the table</a></p>{pictures}"

    def _pictures(self, where: ComparisonFolder, name: str, styles: Sequence[str]) -> str:
        figures = [self._figure(where, style, name) for style in dict.fromkeys((UNTOUCHED, *styles))]
        return f"<h2>{escape(name)}</h2><div class='pictures'>{''.join(figures)}</div>"

    def _figure(self, where: ComparisonFolder, style: str, name: str) -> str:
        address = escape(self.studio.address(where.small(style) / f"{name}.jpg"))
        caption = "source" if style == UNTOUCHED else style
        picture = f"<img loading='lazy' src='{address}' alt='{escape(name)}: {escape(caption)}'>"
        return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(rows: dict[str, dict[str, float | None]]) -> str:
    """Return the measures as HTML; in the head stands which way is better."""
    better = {name: "higher is better" if METRICS[name].higher_is_better else "lower is better" for name in MEASURES}
    head = "".join(f"<th scope='col'>{name}<br><small>{better[name]}</small></th>" for name in MEASURES)
    body = "".join(
        f"<tr><th scope='row'>{escape(style)}</th>"
        + "".join(f"<td>{format_value(values.get(name))}</td>" for name in MEASURES)
        + "</tr>"
        for style, values in rows.items()
    )
    table = f"<table><thead><tr><th scope='col'>style</th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='wide' tabindex='0' role='region' aria-label='Measures'>{table}</div>"


def build_compare_tab(studio: Studio, page: Any, tab: Any) -> None:
    """Fill the tab of the page."""
    gr, requests = gradio(), CompareRequests(studio)
    with gr.Row(elem_classes="stack"):
        with gr.Column(scale=1, min_width=300):
            styles = gr.Dropdown(
                ["default"], value=["default"], label="Styles and runs", multiselect=True, elem_id="compare-styles"
            )
            pictures = gr.Dropdown([], value=[], label="Pictures", multiselect=True, elem_id="compare-pictures")
            drop = drop_zone("Or drop some here", "compare-drop", several=True)
            folder = gr.Textbox(USUAL_FOLDER, label="Folder of the result", max_lines=1, elem_id="compare-folder")
            with gr.Accordion("How they paint", open=False):
                values = knobs(RenderSettings, KNOBS, "compare")
            start = gr.Button("Compare", variant="primary", elem_id="compare-start")
            spelled = command_box("compare-command", "The same as commands")
        with gr.Column(scale=2, min_width=320):
            done = gr.Dropdown([], label="Comparison", elem_id="comparison", filterable=False)
            shown = gr.HTML("", elem_id="compared", padding=False)
    states, seen = states_of(done, shown), gr.State(())
    inputs = [styles, pictures, folder, *values]
    gr.on([page.load, tab.select], requests.choices, None, [styles, pictures], **HIDDEN)
    page.load(requests.free_folder, None, folder, **HIDDEN)
    drop.upload(shows_errors(requests.drop), [drop, pictures], pictures, **HIDDEN)
    follows(page, requests.commands, inputs, spelled)
    start.click(shows_errors(requests.start), inputs, folder, **HIDDEN)
    look = {"fn": shows_errors(requests.look), "inputs": [done, seen, states[-1]], "outputs": [*states, seen]}
    page.load(**look, show_progress="hidden", **HIDDEN)
    gr.Timer(SECONDS_BETWEEN_LOOKS).tick(**look, show_progress="hidden", **HIDDEN)
    done.input(**look, show_progress="hidden", **HIDDEN)
