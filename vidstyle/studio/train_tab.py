"""The tab Train: fill a dataset, train or distil a style, watch the run, and try its newest style on a photo."""

from typing import Any

from vidstyle.distil.settings import DistilSettings
from vidstyle.extract.settings import ExtractSettings
from vidstyle.studio.dropped_files import drop_zone
from vidstyle.studio.gradio_import import HIDDEN, gradio
from vidstyle.studio.knobs import command_box, follows, knobs, states_of
from vidstyle.studio.picture_controls import pair
from vidstyle.studio.studio import Studio, shows_errors
from vidstyle.studio.train_requests import (
    CARTOON,
    DISTIL_KNOBS,
    EXTRACT_KNOBS,
    OWN_START,
    SIDES,
    TRAIN_KNOBS,
    TRAINED,
    TrainRequests,
)
from vidstyle.train.settings import TrainSettings

SECONDS_BETWEEN_LOOKS = 2.0
METHOD = "cartoon"
"""The method that is chosen at first: its pictures are clean, and it is the fastest."""
TRAIN_CSS = """
#run .charts { display: flex; flex-wrap: wrap; gap: 1rem; } #run figure { margin: 0; } #run img { max-width: 100%; }
#train h2 { font-size: 1rem; } #reports:not(:has(details)) { display: none; }
#run svg { max-width: 100%; overflow: visible; } #run svg text { font: 11px system-ui, sans-serif; fill: var(--body-text-color); }
#run .raw { fill: none; stroke: var(--mark); opacity: .3; } #run .axis { stroke: var(--border-color-primary); }
#run .smooth { fill: none; stroke: var(--mark); stroke-width: 2; }
#run .earlier { display: flex; gap: .5rem; overflow-x: auto; } #run .earlier figure { flex: 0 0 9rem; }
#run .note { color: var(--body-text-color); } #run figcaption { font-size: .85rem; }
#train iframe { width: 100%; height: 30rem; border: 1px solid var(--border-color-primary); background: #fff; }
#train summary { cursor: pointer; font-weight: 600; margin: .5rem 0; }
"""


def build_train_tab(studio: Studio, page: Any, tab: Any) -> None:
    """Fill the tab of the page."""
    gr, requests = gradio(), TrainRequests(studio)
    with gr.Row(elem_classes="stack", elem_id="train"):
        with gr.Column(scale=1, min_width=300):
            dataset = gr.Textbox("dataset", label="Folder of the dataset", max_lines=1, elem_id="dataset")
            with gr.Accordion("1. Fill the dataset", open=True):
                sources = _dataset_part(requests, page, dataset)
            with gr.Accordion("2. Train a style", open=True):
                start, train, train_inputs = _train_part(requests, page, dataset)
            with gr.Accordion("Or distil a style into a small, fast one", open=False):
                teacher, films, distil, distil_inputs = _distil_part(requests, page, dataset)
        with gr.Column(scale=2, min_width=320):
            photo = _watch_part(requests, page, dataset)
    for button, handler, inputs in (
        (train, requests.train, train_inputs),
        (distil, requests.distil, distil_inputs),
    ):
        button.click(shows_errors(handler, has_outputs=False), inputs, None, **HIDDEN)
    gr.on([page.load, tab.select], requests.choices, None, [sources, start, teacher, films, photo], **HIDDEN)


def _dataset_part(requests: TrainRequests, page: Any, dataset: Any) -> Any:
    """Put the controls that fill the dataset on the page; return the list of sources."""
    gr = gradio()
    side = gr.Radio(list(SIDES), value=CARTOON, label="What they are", elem_id="side")
    drop = drop_zone("Episodes or photos", "train-drop", several=True)
    sources = gr.Dropdown(
        [], label="Or choose some of the folders", multiselect=True, value=[], elem_id="train-sources"
    )
    with gr.Accordion("Which frames of videos", open=False):
        values = knobs(ExtractSettings, EXTRACT_KNOBS, "extract")
    shown = command_box("extract-command")
    add = gr.Button("Add to the dataset", elem_id="add")
    inputs = [sources, dataset, side, *values]
    follows(page, requests.extract_command, inputs, shown)
    add.click(shows_errors(requests.add), [drop, *inputs], [drop, sources], **HIDDEN)
    return sources


def _train_part(requests: TrainRequests, page: Any, dataset: Any) -> tuple[Any, Any, list[Any]]:
    """Put the controls of a training on the page; return the list of starts, the button, and its inputs."""
    gr = gradio()
    method = gr.Dropdown(list(TRAINED), value=METHOD, label="Method", elem_id="train-method")
    values = knobs(TrainSettings, TRAIN_KNOBS[:2], "train")
    with gr.Accordion("More settings", open=False):
        start = gr.Dropdown([OWN_START], value="", label="Style to start from", elem_id="train-init")
        values += knobs(TrainSettings, TRAIN_KNOBS[2:], "train")
    shown = command_box("train-command")
    train = gr.Button("Start or take up the training", variant="primary", elem_id="train-start")
    inputs = [dataset, method, start, *values]
    follows(page, requests.train_command, inputs, shown)
    return start, train, inputs


def _distil_part(requests: TrainRequests, page: Any, dataset: Any) -> tuple[Any, Any, Any, list[Any]]:
    """Put the controls of a distillation on the page; return the styles, the films, the button, and its inputs."""
    gr = gradio()
    teacher = gr.Dropdown(["default"], value="default", label="Style", elem_id="distil-style")
    films = gr.Dropdown(
        [], label="Films whose frames it paints too", multiselect=True, value=[], elem_id="distil-films"
    )
    values = knobs(DistilSettings, DISTIL_KNOBS, "distil")
    shown = command_box("distil-command")
    distil = gr.Button("Start or take up the distilling", variant="primary", elem_id="distil-start")
    inputs = [dataset, teacher, films, *values]
    follows(page, requests.distil_command, inputs, shown)
    return teacher, films, distil, inputs


def _watch_part(requests: TrainRequests, page: Any, dataset: Any) -> Any:
    """Put what is seen of a run on the page; return the list of photos."""
    gr = gradio()
    reports = gr.HTML("", elem_id="reports", padding=False)
    with gr.Row():
        run = gr.Dropdown([], label="Run to watch", elem_id="run-name", filterable=False)
        stop = gr.Button("Stop the training", size="sm", elem_id="train-stop")
    with gr.Column(elem_id="run"):
        pieces = [gr.HTML("", elem_id=f"run-{part}", padding=False) for part in ("state", "curves", "samples")]
    gr.Markdown("## Try the newest style")
    photo = gr.Dropdown([], label="Photo", value=None, elem_id="try-photo")
    drop = drop_zone("Or one of your own", "try-drop")
    attempt = gr.Button("Paint it", size="sm", elem_id="try")
    painted = pair("try-pair")
    states, newest = states_of(*pieces, reports, run), gr.State(None)
    look = {
        "fn": shows_errors(requests.look),
        "inputs": [run, dataset, newest],
        "outputs": [*states, newest],
        "show_progress": "hidden",
        **HIDDEN,
    }
    page.load(**look)
    gr.Timer(SECONDS_BETWEEN_LOOKS).tick(**look)
    run.input(**look)
    stop.click(shows_errors(requests.stop, has_outputs=False), run, None, **HIDDEN)
    drop.upload(shows_errors(requests.drop_photo), drop, photo, **HIDDEN)
    attempt.click(shows_errors(requests.attempt), [run, photo], painted, **HIDDEN)
    return photo
