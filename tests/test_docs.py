"""The documentation names every command and option, what it names exists, and its sentences are short."""

import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from tests.clips import make_clip, moving_square
from tests.styles import make_style
from vidstyle.cli.main import COMMANDS
from vidstyle.media.images import write_image
from vidstyle.settings import read_recipe

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "vidstyle"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DEVELOPER_PAGES = [
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs" / name for name in ("architecture.md", "extending.md", "libraries.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
PROSE = [page for page in PAGES if page.name != "commands.md"]
"""All but the page that is made of the commands' help."""
MOST_WORDS = 30
FENCED = re.compile(r"^ *```.*?^ *```$", re.S | re.M)
FOREIGN_NAMES = {"DistributedDataParallel", "RealESRGANer", "StableDiffusionPipeline", "TypedDict"}
"""Names of other libraries that developers' pages mention."""


def test_the_page_of_commands_is_that_of_the_code() -> None:
    specification = importlib.util.spec_from_file_location("make_commands", ROOT / "docs" / "make_commands.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == module.command_page()


EXAMPLES = {
    "every=2": "every=0.25, max_similarity=1.0, min_sharpness=0.0",
    "channels=32, crop=128, load=192, steps=10_000": "channels=4, blocks=5, crop=32, load=64, patches=16, steps=2",
    "size=360": "size=64",
    "(360, 640, 3)": "(36, 64, 3)",
}
"""What examples on pages state, and what stands in its place so that they run in seconds."""


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_examples_in_python_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("episodes/1.mp4", "in.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        make_clip(tmp_path / name, size=(96, 64), frames=12, rate=12)
    for number in range(3):
        write_image(tmp_path / "dataset" / "trainA" / f"{number}.png", moving_square((64, 48))(number * 5))
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    names = {"frame": moving_square((64, 48))(0)}
    if page == "README.md":
        make_style(tmp_path / "runs" / "mine" / "style.safetensors")
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.S | re.M)
    assert blocks
    for block in blocks:
        for stated, small in EXAMPLES.items():
            block = block.replace(stated, small)
        exec(compile(block, page, "exec"), names)
    assert (tmp_path / "out.mp4").is_file()
    assert names["painted"].shape == names["frame"].shape


def test_the_readme_shows_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"vidstyle {name}" not in text] == []


def test_options_in_the_readme_exist() -> None:
    known = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"vidstyle (?:extract|train|render|evaluate|compare|run|weights|styles)\b.*", readme)
    used = {option for line in lines for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)}
    assert used
    assert [option for option in sorted(used) if f"{option}" not in known] == []


@pytest.mark.parametrize("recipe", sorted((ROOT / "pipelines").glob("*.toml")), ids=lambda path: path.name)
def test_recipes_hold_only_settings_that_exist(recipe: Path) -> None:
    from vidstyle.cli.run import train_tables
    from vidstyle.distil.settings import DistilSettings
    from vidstyle.evaluate.settings import CompareSettings, EvaluateSettings
    from vidstyle.extract.settings import ExtractSettings
    from vidstyle.render.settings import RenderSettings
    from vidstyle.train.settings import TrainSettings

    classes = {
        "extract": ExtractSettings,
        "photos": ExtractSettings,
        "distil": DistilSettings,
        "evaluate": EvaluateSettings,
        "compare": CompareSettings,
        "render": RenderSettings,
    }
    tables = read_recipe(recipe)
    assert set(tables) <= {"paths", "train", *classes}
    for table in train_tables(tables.pop("train", ())):
        TrainSettings.resolve(table, {})
    for name, table in tables.items():
        if name != "paths":
            classes[name].resolve(table, {})


def test_links_between_documents_lead_somewhere() -> None:
    for page in PAGES:
        for link, heading in re.findall(r"\]\(([^)#:]*)(#[^)]+)?\)", page.read_text(encoding="utf-8")):
            target = page.parent / link if link else page
            assert target.exists(), f"{page.name} links to {link}"
            if heading and target.suffix == ".md":
                assert heading[1:] in _anchors(target), f"{page.name} links to {link}{heading}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_sentence_is_long(page: Path) -> None:
    sentences = _sentences(page.read_text(encoding="utf-8"))
    assert [text for text in sentences if len(re.findall(r"\S*\w\S*", text)) > MOST_WORDS] == []


def _sentences(markdown: str) -> list[str]:
    """Return the sentences of a page's prose: no code, tables, headings or pictures; a code span is one word."""
    text = re.sub(r"<!--.*?-->", "", FENCED.sub("\n", markdown), flags=re.S)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`[^`]+`", "CODE", text)
    lines = ["" if re.match(r"\s*(\||#|:::)", line) else line for line in text.splitlines()]
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", "\n".join(lines))
    ends = r"(?<=[.!?:])[*\")]*\s+(?=[*\"(]*[A-Z0-9])"
    return [sentence for paragraph in paragraphs for sentence in re.split(ends, " ".join(paragraph.split()))]


def test_the_measure_of_sentences_sees_what_it_should() -> None:
    page = "# A heading\n\nOne `code span here` two. Three\nfour.\n\n| a | table |\n\n- Five six: [seven](x.md).\n"
    assert [text for text in _sentences(page + "\n```sh\nsome code\n```\n") if text] == [
        "One CODE two.",
        "Three four.",
        "- Five six: seven.",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_modules_that_pages_name_exist(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    spans = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^::: (\S+)$", text, re.M)]
    missing = [span for span in spans if not _exists(span, developer=page in DEVELOPER_PAGES)]
    assert missing == []


def _exists(span: str, developer: bool) -> bool:
    """Whether a code span names no file, folder or name of ours, or one that is there."""
    if re.fullmatch(r"[\w./-]+\.py|[\w.-]+/[\w./-]+\.(sh|toml|csv|jpg)", span):
        return any((folder / span).is_file() for folder in (ROOT, PACKAGE))
    if developer and re.fullmatch(r"[a-z_]+(/[a-z_]+)*/", span):
        return any((folder / span).is_dir() for folder in (ROOT, PACKAGE))
    if re.fullmatch(r"(vidstyle|benchmarks|tests)(\.\w+)+", span):
        return _is_module_or_name(span.split("."))
    if developer and re.fullmatch(r"[A-Z][a-z]+[A-Z]\w*|[A-Z]{2,}_?[A-Z]+\b", span) and span not in FOREIGN_NAMES:
        return re.search(rf"\b{span}\b", _source()) is not None
    return True


def _is_module_or_name(parts: list[str]) -> bool:
    path = ROOT.joinpath(*parts)
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module = ROOT.joinpath(*parts[:-1])
    texts = [file.read_text() for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()]
    return any(re.search(rf"^(def|class) {parts[-1]}\b|^{parts[-1]}\b", text, re.M) for text in texts)


@cache
def _source() -> str:
    paths = [path for folder in (PACKAGE, ROOT / "tests") for path in folder.rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)
