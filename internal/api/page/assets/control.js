// Control polls whether submissions are paused, and what counts against the caps.

import { byId } from "./dom.js";
import { when } from "./words.js";

const every = 60_000;

export class Control {
  #api;
  #timer;
  #told;
  #soon;

  // told(caps) is called with the caps after each poll.
  constructor(api, told) {
    this.#api = api;
    this.#told = told;
    this.look();
    this.#timer = setInterval(() => document.hidden || this.look(), every);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.#show(null);
  }

  // look polls now. A failure is not shown here: the list shows that the API can't be reached.
  async look() {
    try {
      const { paused, caps, simulated } = await this.#api.control();
      if (!this.#timer) return;
      document.body.toggleAttribute("data-simulated", Boolean(simulated));
      this.#show(paused);
      this.#told(caps);
    } catch {
      // The next poll tries again.
    }
  }

  // soon polls in a moment, for whatever has ended until then.
  soon() {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      if (this.#timer) this.look();
    }, 5e3);
  }

  #show(paused) {
    const banner = byId("paused");
    const text = paused ? words(paused) : "";
    if (banner.textContent !== text) banner.textContent = text;
    banner.hidden = !paused;
  }
}

function words({ by, since, reason, copy_of }) {
  const effect = "New videos wait; submitted ones continue.";
  if (copy_of) return `Paused: the table of jobs is a copy and must be repaired. ${effect}`;
  return `Paused since ${when(new Date(since))} by ${by}${reason ? `: ${reason}` : ""}. ${effect}`;
}
