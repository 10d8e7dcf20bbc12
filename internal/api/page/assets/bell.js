// The bell tells whoever looks away that a job or a batch that was started in this tab has
// ended: by the title, the icon, and a notification if the browser may show any.

import { byId } from "./dom.js";

const place = "takeup.started";
const most = 200;

// watched is true while somebody looks at the page.
const watched = () => !document.hidden && document.hasFocus();

export class Bell {
  #storage;
  #running = 0;
  #done = 0;
  #failed = 0;

  constructor(storage) {
    this.#storage = storage;
    byId("notify").addEventListener("click", async () => {
      await Notification.requestPermission();
      this.show(this.#running);
    });
  }

  // started remembers a job or a batch.
  started(id) {
    this.#write([...this.#ids.filter((other) => other !== id), id].slice(-most));
  }

  // ended tells the end of a job or a batch if it was started here and nobody looks.
  ended(id, words, well) {
    if (!this.#ids.includes(id)) return;
    this.#write(this.#ids.filter((other) => other !== id));
    if (watched()) return;
    if (well) this.#done++;
    else this.#failed++;
    this.show(this.#running);
    try {
      if (Notification.permission === "granted") new Notification(words, { tag: id }).onclick = () => focus();
    } catch {
      // Some browsers have no notifications, or only those of a service worker.
    }
  }

  // show sets the title by the number of running jobs.
  show(running) {
    this.#running = running;
    const news = [this.#failed && `${this.#failed} failed`, this.#done && `${this.#done} done`].filter(Boolean).join(", ");
    document.title = [news && `● ${news} ·`, running && `(${running})`, "Takeup"].filter(Boolean).join(" ");
    const icon = byId("icon");
    const href = icon.href.replace(/\w+(?=\.svg$)/, news ? "done" : "icon");
    if (icon.href !== href) icon.href = href;
    byId("notify").hidden = !(running && window.Notification?.permission === "default");
  }

  // seen takes back what was told, once somebody looks.
  seen() {
    this.#done = this.#failed = 0;
    this.show(this.#running);
  }

  get #ids() {
    return JSON.parse(this.#storage.getItem(place) ?? "[]");
  }

  #write(ids) {
    this.#storage.setItem(place, JSON.stringify(ids));
  }
}
