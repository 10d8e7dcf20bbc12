// The token: kept in the tab, also on this device if its owner says so, and given to other tabs
// of the same page that have none.

import { root } from "./api.js";

const place = "takeup.token";

export class Token {
  #tabs = new BroadcastChannel(root.href);

  // got(token) is called when another tab gives the token, and forgotten() when its owner has
  // another tab forget it.
  constructor({ got, forgotten }) {
    this.#tabs.addEventListener("message", ({ data: { token, asks, forgets } }) => {
      if (asks && this.value) this.#tabs.postMessage({ token: this.value });
      if (token && !sessionStorage.getItem(place)) {
        sessionStorage.setItem(place, token);
        got(token);
      }
      if (forgets && this.value) {
        this.remove();
        forgotten();
      }
    });
  }

  get value() {
    return sessionStorage.getItem(place) ?? localStorage.getItem(place);
  }

  // ask has the other tabs give the token, if one has it.
  ask() {
    this.#tabs.postMessage({ asks: true });
  }

  // keep stores an accepted token. If it lasts, it stays on this device.
  keep(token, lasts) {
    sessionStorage.setItem(place, token);
    if (lasts) localStorage.setItem(place, token);
    this.#tabs.postMessage({ token });
  }

  // remove removes the token here. The other tabs keep theirs.
  remove() {
    sessionStorage.removeItem(place);
    localStorage.removeItem(place);
  }

  // forget removes the token here and in the other tabs.
  forget() {
    this.remove();
    this.#tabs.postMessage({ forgets: true });
  }
}
