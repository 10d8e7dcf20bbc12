// The own view of a job, at the address #/v/<id>: the video in large, and all that is known of it.

import { action } from "./cards.js";
import { copy } from "./dialogs.js";
import { byId, h } from "./dom.js";
import { ended, kindOf } from "./library.js";
import { stage } from "./stage.js";
import { capital, exactly, heading, label, money, origin, paid, span, title } from "./words.js";

export class View {
  #acts;
  #id = ""; // of the job that is shown

  // acts are those of the cards, and read(id), which returns a whole job; tell(sentence);
  // curl(video) and command(video), which are texts; share(video); remove(video); and ready().
  constructor(acts) {
    this.#acts = acts;
    byId("view").addEventListener("close", () => {
      byId("view-body").replaceChildren(); // stops the video
      this.#id = "";
      if (idOf(location.hash)) history.replaceState(null, "", location.pathname + location.search);
    });
    byId("view-close").addEventListener("click", () => byId("view").close());
    addEventListener("hashchange", () => this.route());
  }

  // route shows what the address names.
  async route() {
    const id = idOf(location.hash);
    const dialog = byId("view");
    if (!id || !this.#acts.ready()) return dialog.close();
    this.#id = id;
    byId("view-title").textContent = "…";
    byId("view-body").replaceChildren();
    if (!dialog.open) dialog.showModal();
    await this.#read();
  }

  // put shows a job anew when it has changed otherwise than by its progress.
  put(video) {
    if (video.id === this.#id && byId("view-body").dataset.kind !== kindOf(video)) this.#read();
  }

  async #read() {
    const id = this.#id;
    try {
      const video = await this.#acts.read(id);
      if (id === this.#id) this.#show(video);
    } catch (error) {
      if (id !== this.#id) return;
      byId("view-title").textContent = "It can't be shown";
      byId("view-body").replaceChildren(h("p", error.message));
    }
  }

  #show(video) {
    const { request, video: file, manifest, error, cost, waiting: wait, id } = video;
    const body = byId("view-body");
    body.dataset.kind = kindOf(video);
    byId("view-title").textContent = heading(request);
    const from = origin(video.origin);
    const [created, done] = [new Date(video.created_at), new Date(video.ended_at)];
    const facts = {
      Status: error ? title(error) : label(video.status),
      Why: wait?.message ?? (error && `${capital(error.message)}.`),
      "What to do": error && `${capital(error.advice)}.`,
      Cost: cost ? money(cost.usd) : error ? capital(paid(error)) : wait && capital({ no: "nothing so far", yes: "it is paid", perhaps: "it may be paid" }[wait.paid] ?? "not known"),
      Created: `${exactly(created)}${video.owner ? ` by ${video.owner}` : ""}${from ? `, ${from.whole || from.text}` : ""}`,
      Ended: video.ended_at && `${exactly(done)}, after ${span((done - created) / 1000)}`,
      Picture: manifest?.width && `${manifest.width} × ${manifest.height}, ${Math.round(manifest.seconds * 10) / 10} s`,
      ...Object.fromEntries(Object.entries(request ?? {}).filter(([name]) => name !== "prompt").map(([name, value]) => [label(name), name === "duration" ? `${value} s` : typeof value === "object" ? JSON.stringify(value) : `${value}`])),
      File: file && `${file.bytes.toLocaleString()} bytes, CRC-32 ${file.crc32}`,
      "In S3": file?.s3_uri,
      Id: id,
    };
    const act = (drawing, word, does) => action(drawing, word, "", () => does(video));
    const { curl, command, share } = this.#acts;
    body.replaceChildren(
      file ? stage(video, this.#acts).element : "",
      h("div.actions",
        file && act("download", "Download", this.#acts.download),
        request && !video.forgotten_at && act("again", "Again", (v) => (byId("view").close(), this.#acts.again(v))),
        request && !video.forgotten_at && act("copy", "Copy as curl", this.#acts.copy),
        error?.redrivable && act("redrive", "Redrive", this.#acts.redrive),
        wait && act("redrive", "Try now", this.#acts.retry),
        act("copy", "Copy link", () => copy(location.href, () => this.#acts.tell("Copied. Whoever opens it needs a token."))),
        file && act("copy", "Copy link without a token", share),
        !ended(video) && !video.discard && act("cancel", "Cancel", this.#acts.cancel),
        file && act("cancel", "Delete", this.#acts.remove)),
      h("dl.details", Object.entries(facts).filter(([, text]) => text).map(([name, text]) => h("div", h("dt", name), h("dd", { dir: "auto" }, text)))),
      file ? h("div", h("h3", "Get it with"), [command(video), curl(video)].map((text) => h("pre", { tabIndex: 0 }, h("code", text)))) : "",
      video.history?.length ? h("div", h("h3", "What happened"), h("ol.story", video.history.map(({ at, message }) => h("li", h("time", { dateTime: at }, exactly(new Date(at))), ` ${capital(message)}`)))) : "");
  }
}

const idOf = (hash) => /^#\/v\/([\w-]+)$/.exec(hash)?.[1] ?? "";
