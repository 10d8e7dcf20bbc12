// The stage of a video: its poster, and the video once somebody plays it. Nothing of the video is
// loaded before. A mouse that stays on it plays it without sound; a touch doesn't.

import { h, icon } from "./dom.js";
import { prompt } from "./words.js";

const moment = 600; // until a mouse plays it

const still = matchMedia("(prefers-reduced-motion: reduce)");

// stage returns {element, update}. acts are fresh(video), which returns the file with new URLs,
// and poster(video, shown), which draws a poster and calls shown(url).
export function stage(first, acts) {
  let video = first;
  const text = prompt(video.request).slice(0, 120);
  const player = h("video", { playsInline: true, preload: "none", hidden: true, "aria-label": `The video: ${text}` });
  const words = h("span.placeholder", { "aria-hidden": "true" }, text.split(/\s+/).slice(0, 8).join(" ") || "Video");
  const play = h("button.play", { onclick: () => begin(true) }, icon("redrive"), h("span.unseen", `Play: ${text}`));
  const trouble = h("p.stage-word", { hidden: true });
  const element = h("div.stage", { "data-ratio": video.request?.aspect_ratio ?? "16:9" }, words, player, play, trouble);

  let picture = null;
  const show = (src) => {
    let again = true;
    picture = h("img", {
      src, alt: "", loading: "lazy", decoding: "async",
      onload: () => (words.hidden = true),
      onerror: async () => {
        // A signed URL works for a short time only.
        const file = again ? await acts.fresh(video).catch(() => null) : null;
        again = false;
        if (file?.poster_url) picture.src = file.poster_url;
        else picture.hidden = true;
      },
    });
    words.after(picture);
  };
  if (video.video.poster_url) show(video.video.poster_url);
  else if (!video.forgotten_at) near(element, () => acts.poster(video, (url) => picture ?? show(url)));

  // begin plays the video, on purpose with its controls.
  const begin = (purposely) => {
    player.preload = "auto";
    if (!player.src) player.src = video.video.url;
    player.hidden = false;
    player.muted = !purposely;
    player.loop = !purposely;
    if (purposely) {
      play.hidden = player.controls = true;
      player.focus({ preventScroll: true });
    }
    player.play().catch(() => {});
  };
  let staying;
  element.addEventListener("pointerenter", ({ pointerType }) => {
    if (pointerType === "mouse" && !player.controls && !still.matches) staying = setTimeout(begin, moment, false);
  });
  element.addEventListener("pointerleave", () => {
    clearTimeout(staying);
    if (player.controls) return;
    player.pause();
    player.hidden = true;
  });

  let fresh = false; // the URL was renewed since some of the video was loaded
  player.addEventListener("loadeddata", () => (fresh = false));
  player.addEventListener("error", async () => {
    const at = player.currentTime;
    let why = "The video can't be played here now. Download it, or load the page again.";
    const renewed = fresh ? null : await acts.fresh(video).catch((error) => void (why = error.message));
    fresh = true;
    if (renewed) {
      player.preload = "auto"; // the browser may not let it play without another click
      player.src = renewed.url;
      player.currentTime = at;
      if (!player.hidden) player.play().catch(() => {});
      return;
    }
    trouble.hidden = false;
    trouble.textContent = why;
  });
  return { element, update: (next) => (video = next) };
}

// near calls back once an element comes near the viewport.
const watch = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watch.unobserve(target);
    target.near();
  }
}, { rootMargin: "400px" });

function near(element, act) {
  element.near = act;
  watch.observe(element);
}
