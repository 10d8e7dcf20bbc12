// Whether videos are submitted to the provider, or somebody has paused that, and how the
// caps stand.

import { byId } from "./dom.js";
import { when } from "./words.js";

const every = 60_000;

export class Control {
  #api;
  #timer;
  #told;

  // told(caps) is called with how the caps stand, after each look.
  constructor(api, told) {
    this.#api = api;
    this.#told = told;
    this.#look();
    this.#timer = setInterval(() => document.hidden || this.#look(), every);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.#show(null);
  }

  // What can't be read says nothing: the list says that the API can't be reached.
  async #look() {
    try {
      const { paused, caps } = await this.#api.control();
      if (!this.#timer) return;
      this.#show(paused);
      this.#told(caps);
    } catch {
      // The next look tells.
    }
  }

  #show(paused) {
    const banner = byId("paused");
    const text = paused ? words(paused) : "";
    if (banner.textContent !== text) banner.textContent = text;
    banner.hidden = !paused;
  }
}

function words({ by, since, reason, copy_of }) {
  const goesOn = "New videos wait, and what was submitted goes on.";
  if (copy_of) return `Paused: the table of jobs is a copy, and is to be repaired. ${goesOn}`;
  return `Paused since ${when(new Date(since))} by ${by}${reason ? `: ${reason}` : ""}. ${goesOn}`;
}
