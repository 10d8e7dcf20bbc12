// Posters: a still picture is shown in the place of a video until somebody plays it. The page
// that is the first to show a video draws its poster, and stores it for all.

import { h } from "./dom.js";

const size = { width: 384, height: 216 }; // the most, in pixels
const most = 8_000; // of base64, for which the quality is lowered
const qualities = [0.75, 0.5, 0.25];
const patience = 20_000;

export class Posters {
  #store;
  #wanted = [];
  #known = new Map(); // URLs by id, and null where there is none
  #drawing = false;

  // store(video, webp) stores a picture in base64, and returns the video's file.
  constructor(store) {
    this.#store = store;
  }

  // want draws the poster of a video when its turn comes, one at a time, and calls shown(url).
  // Where none can be drawn or stored, there is none.
  async want(video, shown) {
    this.#wanted.push([video, shown]);
    if (this.#drawing) return;
    this.#drawing = true;
    for (let next; (next = this.#wanted.shift()); ) {
      const [of, then] = next;
      if (!this.#known.has(of.id)) this.#known.set(of.id, await this.#make(of).catch(() => null));
      if (this.#known.get(of.id)) then(this.#known.get(of.id));
    }
    this.#drawing = false;
  }

  async #make(video) {
    const webp = await draw(video.video.url);
    return webp && (await this.#store(video, webp)).poster_url;
  }

  // clear forgets what is wanted.
  clear() {
    this.#wanted = [];
  }
}

// draw returns the first frame of a video. A canvas can be read only if the video comes with
// CORS headers. Once there is a frame, no more of the video is loaded.
async function draw(src) {
  const player = h("video", { crossOrigin: "anonymous", muted: true, preload: "auto", src });
  try {
    await new Promise((loaded, failed) => {
      player.onloadeddata = loaded;
      player.onerror = failed;
      setTimeout(failed, patience);
    });
    const { videoWidth, videoHeight } = player;
    const scale = Math.min(1, size.width / videoWidth, size.height / videoHeight);
    const canvas = h("canvas", { width: Math.round(videoWidth * scale), height: Math.round(videoHeight * scale) });
    canvas.getContext("2d", { alpha: false }).drawImage(player, 0, 0, canvas.width, canvas.height);
    let webp = null;
    for (const quality of qualities) {
      const [type, data] = canvas.toDataURL("image/webp", quality).split(",");
      if (!type.startsWith("data:image/webp")) return null; // a browser that only writes PNG
      webp = data;
      if (webp.length <= most) break;
    }
    return webp;
  } finally {
    player.removeAttribute("src");
    player.load();
  }
}
