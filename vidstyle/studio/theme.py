"""How the page looks: colours with contrast, fonts of the system, and one column on a narrow screen."""

from typing import Any

from vidstyle.studio.gradio_import import gradio

CSS = """
body { --mark: var(--primary-600); } body.dark { --mark: var(--primary-400); }
.gradio-container { width: 100%; max-width: 1400px !important; margin: auto; } .gradio-container main { min-width: 0; }
.quiet, .figures { color: var(--body-text-color-subdued); margin: 0; }
#job-picture img, #job-picture video, #moving video { max-width: 100%; border-radius: 6px; }

.paint { display: grid !important; gap: 1rem !important; align-items: start;
  grid-template: "choose pictures" auto "settings pictures" 1fr "settings start" auto / minmax(280px, 1fr) minmax(0, 2.2fr); }
.paint > *, .stack > * { min-width: 0 !important; }
.choose { grid-area: choose; } .pictures { grid-area: pictures; } .settings { grid-area: settings; } .start { grid-area: start; }

.pair { position: relative; line-height: 0; }
.pair img { width: 100%; margin: 0; border-radius: 6px; }
.pair .after { position: absolute; inset: 0; height: 100%; clip-path: inset(0 0 0 var(--at, 50%)); }
.pair input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; appearance: none; background: none;
  cursor: ew-resize; }
.pair input::-webkit-slider-thumb { appearance: none; width: 4px; height: 2000px; background: #fff; box-shadow: 0 0 3px #000; }
.pair input::-moz-range-thumb { width: 4px; height: 2000px; border: 0; background: #fff; box-shadow: 0 0 3px #000; }
.pair { overflow: hidden; } .pair:focus-within { outline: 3px solid var(--mark); }
.pair-links { display: flex; justify-content: space-between; margin: .3rem 0 0; font-size: .9rem; }

.choices { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: .4rem; }
#sheet .choices { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
.choices button { padding: 0; margin: 0 !important; border: 3px solid transparent; border-radius: 6px;
  text-align: center; line-height: 1.4; }
.choices button[aria-pressed=true] { border-color: var(--mark); font-weight: 600; }
.choices img { width: 100%; margin: 0 !important; border-radius: 4px; display: block; } .choices span { font-size: .85rem; }

.drop button:has(> .wrap) > .wrap { display: none; }
.drop button:has(> .wrap)::after { content: "Drop a file, or press to choose one"; margin: auto; }
.drop.several button:has(> .wrap)::after { content: "Drop files, or press to choose some"; }
button[role=tab].selected { color: var(--primary-700) !important; }
.dark button[role=tab].selected { color: var(--primary-300) !important; }
input[aria-expanded] { padding-right: 2rem; text-overflow: ellipsis; }
#command textarea, .command textarea { font-family: var(--font-mono); }

.job { padding: .6rem 0; border-bottom: 1px solid var(--border-color-primary); }
.job p { margin: 0; font-size: .9rem; }
.job progress { appearance: none; width: 100%; height: .5rem; display: block; margin: .3rem 0; border: 0; border-radius: 4px;
  overflow: hidden; background: var(--border-color-primary); }
.job ::-webkit-progress-bar { background: var(--border-color-primary); }
.job ::-webkit-progress-value { background: var(--mark); }
.job ::-moz-progress-bar { background: var(--mark); }
.state { font-size: .85rem; padding: 0 .5rem; border-radius: 1rem; border: 1px solid currentcolor; margin-left: .4rem; }

@media (max-width: 700px) {
  .paint { grid-template: "choose" auto "pictures" auto "settings" auto "start" auto / minmax(0, 1fr); }
  .stack { flex-flow: column nowrap !important; align-items: stretch !important; } .stack > * { width: 100%; }
  .choices { grid-template-columns: repeat(4, minmax(0, 1fr)); }
}
"""


def theme() -> Any:
    """Return the colours and fonts; nothing of it is loaded from elsewhere."""
    fonts, mono = ["system-ui", "sans-serif"], ["ui-monospace", "monospace"]
    base = gradio().themes.Base(primary_hue="indigo", neutral_hue="slate", font=fonts, font_mono=mono)
    return base.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
    )
