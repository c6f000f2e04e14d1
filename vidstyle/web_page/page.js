// Paints pictures, videos and the webcam with the style beside this page. Nothing leaves the computer.
import * as ort from "./ort.webgpu.bundle.min.mjs";

const element = (id) => document.getElementById(id);
const [stage, source, painted, status] = ["stage", "source", "painted", "status"].map(element);
const [play, seek, save, split, side] = ["play", "seek", "save", "split", "side"].map(element);
const SIDES = [240, 360, 480, 720];
const video = Object.assign(document.createElement("video"), { muted: true, loop: true, playsInline: true });
const small = document.createElement("canvas");
let style, session, provider, shown, isPainting = false, isStale = false, times = [], openings = 0;

function say(text) {
  status.textContent = text;
}

async function openStyle() {
  style = await (await fetch("style.json")).json();
  document.title = `${style.name} - vidstyle`;
  element("name").textContent = style.name;
  element("description").textContent = style.description;
  element("licence").textContent = [style.licence, style.attribution].filter(Boolean).join(". ");
  for (const pixels of new Set([...SIDES, style.side].sort((a, b) => a - b))) {
    side.add(new Option(`${pixels} pixels`, pixels, false, pixels === style.side));
  }
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 8) : 1;
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  for (provider of adapter ? ["webgpu", "wasm"] : ["wasm"]) {
    try {
      session = await ort.InferenceSession.create("style.onnx", { executionProviders: [provider] });
      break;
    } catch (error) {
      if (provider === "wasm") throw error;
    }
  }
  say(provider === "webgpu" ? "Ready. The graphics processor paints." : "Ready. The processor paints.");
  document.body.dataset.ready = provider;
}

/** Return [width, height] in pixels at which a source is painted: never larger than it is. */
function paintedSize(width, height) {
  const scale = Math.min(1, Number(side.value) / Math.min(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** Return RGBA pixels as planes in [0, 1]. The last row and column repeat until both sides fit the network. */
function toTensor({ data, width, height }) {
  const [wide, high] = [width, height].map((pixels) => Math.ceil(pixels / style.multiple) * style.multiple);
  const values = new Float32Array(3 * high * wide);
  for (let y = 0, place = 0; y < high; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < wide; x++, place++) {
      const pixel = 4 * (row + Math.min(x, width - 1));
      for (let colour = 0; colour < 3; colour++) values[place + colour * high * wide] = data[pixel + colour] / 255;
    }
  }
  return new ort.Tensor("float32", values, [1, 3, high, wide]);
}

/** Return the top left part of planes in [0, 1] as RGBA pixels. */
function toPixels(tensor, width, height) {
  const [, , high, wide] = tensor.dims;
  const pixels = new ImageData(width, height);
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel += 4) {
      for (let colour = 0; colour < 3; colour++) {
        pixels.data[pixel + colour] = Math.round(255 * tensor.data[(colour * high + y) * wide + x]);
      }
      pixels.data[pixel + 3] = 255;
    }
  }
  return pixels;
}

/** Paint what is shown now. A call during a painting makes it follow once more, with what is shown then. */
async function paint() {
  if (!shown || !session) return;
  if (isPainting) {
    isStale = true;
    return;
  }
  isPainting = true;
  try {
    do {
      isStale = false;
      const began = performance.now();
      const [fullWidth, fullHeight] = [shown.videoWidth || shown.width, shown.videoHeight || shown.height];
      const [width, height] = paintedSize(fullWidth, fullHeight);
      for (const canvas of [small, source, painted]) {
        if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      }
      const context = small.getContext("2d", { willReadFrequently: true });
      context.imageSmoothingQuality = "high";
      context.fillStyle = "black"; // what lies under transparent pixels
      context.fillRect(0, 0, width, height);
      context.drawImage(shown, 0, 0, width, height);
      const pixels = context.getImageData(0, 0, width, height);
      const { painted: result } = await session.run({ images: toTensor(pixels) });
      source.getContext("2d").putImageData(pixels, 0, 0);
      painted.getContext("2d").putImageData(toPixels(result, width, height), 0, 0);
      result.dispose();
      times = [...times.slice(-19), performance.now() - began];
      const mean = times.reduce((sum, time) => sum + time) / times.length;
      say(`${width} x ${height}, ${(1000 / mean).toFixed(1)} frames a second, painted by the ${provider === "webgpu" ? "graphics processor" : "processor"}.`);
      document.body.dataset.paintings = Number(document.body.dataset.paintings || 0) + 1;
    } while (isStale);
  } catch (error) {
    say(`The picture cannot be painted: ${error.message}. Try a smaller short side.`);
  } finally {
    isPainting = false;
  }
}

function show(what) {
  shown = what;
  times = [];
  element("hint").hidden = true;
  save.disabled = false;
  const isVideo = what === video;
  play.disabled = !isVideo;
  seek.disabled = !isVideo || !Number.isFinite(video.duration);
  return paint();
}

/** Stop showing a video, and forget it. */
function closeVideo() {
  openings++;
  if (shown === video) {
    shown = undefined;
    save.disabled = true;
  }
  play.disabled = seek.disabled = true;
  video.pause();
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  if (video.src) URL.revokeObjectURL(video.src);
  video.srcObject = null;
  video.removeAttribute("src");
  play.textContent = "Play";
}

async function openFile(file) {
  if (!file) return;
  closeVideo();
  const opening = openings;
  if (file.type.startsWith("video/")) {
    video.src = URL.createObjectURL(file);
    video.load();
    return;
  }
  try {
    const picture = await createImageBitmap(file);
    if (opening === openings) await show(picture);
  } catch {
    if (opening === openings) say(`${file.name} is not a picture or video that this browser can read. Convert it to PNG, JPEG or MP4.`);
  }
}

async function openWebcam() {
  closeVideo();
  const opening = openings;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    if (opening !== openings) return stream.getTracks().forEach((track) => track.stop());
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    say(`The webcam cannot be used: ${error.message}. Allow it, and open the page by https or from localhost.`);
  }
}

function followVideo() {
  seek.value = video.duration ? (1000 * video.currentTime) / video.duration : 0;
  if (shown === video) paint();
  video.requestVideoFrameCallback(followVideo);
}

video.addEventListener("loadeddata", () => show(video));
video.addEventListener("seeked", () => shown === video && paint());
video.addEventListener("play", () => (play.textContent = "Pause"));
video.addEventListener("pause", () => (play.textContent = "Play"));
video.addEventListener("error", () => {
  if (video.src) say("This browser cannot play the video. Convert it to MP4 with H.264, or to WebM.");
});
video.requestVideoFrameCallback?.(followVideo);
element("file").addEventListener("change", (event) => openFile(event.target.files[0]));
element("webcam").addEventListener("click", openWebcam);
play.addEventListener("click", () => (video.paused ? video.play().catch(() => {}) : video.pause()));
seek.addEventListener("input", () => (video.currentTime = (seek.value / 1000) * video.duration));
side.addEventListener("change", () => ((times = []), paint()));
split.addEventListener("input", showSplit);
stage.addEventListener("dragover", (event) => event.preventDefault());
stage.addEventListener("drop", (event) => (event.preventDefault(), openFile(event.dataTransfer.files[0])));
save.addEventListener("click", () => painted.toBlob((blob) => {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "painting.png" });
  link.click();
  URL.revokeObjectURL(link.href);
}));

function showSplit() {
  source.style.clipPath = `inset(0 ${100 - split.value}% 0 0)`;
}

showSplit();
openStyle().then(paint).catch((error) => {
  say(`The style cannot be loaded: ${error.message}. Serve this folder, for example with: python -m http.server`);
});
