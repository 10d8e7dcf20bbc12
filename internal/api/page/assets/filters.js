// The filters above the videos. They are kept in the tab.

import { byId, h } from "./dom.js";
import { grouped } from "./models.js";
import { modelName } from "./words.js";

const place = "takeup.filters";
const looks = "takeup.looks";
const pause = 400; // from a key until the search begins
const ids = ["find", "by-status", "by-model", "by-batch", "by-time", "since", "until", "by-order"];

export class Filters {
  #storage;
  #changed;
  #typing;
  #said = ""; // the filter that was last passed to changed

  // changed(filter) is called with the parameters of the list.
  constructor(storage, changed) {
    this.#storage = storage;
    this.#changed = changed;
    byId("filters").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell();
    });
    byId("filters").addEventListener("change", () => this.#tell());
    byId("find").addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#tell(), pause);
    });
    byId("clear").addEventListener("click", () => this.clear());
    byId("dense").addEventListener("click", () => {
      this.#dense(byId("dense").ariaPressed !== "true");
      for (const part of byId("grid").children) part.style.height = ""; // what it was for the other
    });
    byId("clear-empty").addEventListener("click", () => this.clear());
  }

  // models sets the models to choose from.
  models(models) {
    const chosen = this.#kept()["by-model"] ?? "";
    byId("by-model").replaceChildren(
      h("option", { value: "" }, "Any model"), ...grouped(models.data));
    byId("by-model").value = chosen;
  }

  // batches sets the batches to choose from. One that is chosen stays.
  batches(batches) {
    const select = byId("by-batch");
    const chosen = select.selectedOptions[0];
    const known = [["", "Any batch"], ...batches.map(({ id, name }) => [id, name])];
    if (chosen && !known.some(([id]) => id === chosen.value)) known.push([chosen.value, chosen.text]);
    select.hidden = known.length < 2;
    const said = JSON.stringify(known);
    if (select.dataset.said === said) return;
    select.dataset.said = said;
    select.replaceChildren(...known.map(([value, text]) => h("option", { value, selected: value === chosen?.value }, text)));
  }

  // choose shows the videos of a batch, and removes the other filters.
  choose(batch) {
    for (const id of ids) byId(id).value = "";
    byId("by-batch").value = batch;
    this.#tell();
    byId("videos-title").scrollIntoView();
    byId("by-batch").focus({ preventScroll: true });
  }

  // begin restores the fields, and returns the filter.
  begin() {
    const kept = this.#kept();
    const model = byId("by-model");
    // The models may be read later.
    if (kept["by-model"] && !model.querySelector(`[value="${CSS.escape(kept["by-model"])}"]`)) model.append(h("option", { value: kept["by-model"] }, modelName(kept["by-model"])));
    if (kept["by-batch"]) byId("by-batch").replaceChildren(h("option", { value: kept["by-batch"] }, "One batch"));
    for (const id of ids) byId(id).value = kept[id] ?? "";
    this.#dense(this.#storage.getItem(looks) === "dense");
    const filter = this.#filter();
    this.#said = JSON.stringify(filter);
    return filter;
  }

  // clear removes all filters, and moves the focus to the search.
  clear() {
    for (const id of ids) byId(id).value = "";
    byId("find").focus();
    this.#tell();
  }

  // #dense shows the videos as a list of lines, or as cards.
  #dense(dense) {
    byId("dense").ariaPressed = String(dense);
    byId("grid").classList.toggle("dense", dense);
    if (dense) this.#storage.setItem(looks, "dense");
    else this.#storage.removeItem(looks);
  }

  #kept() {
    return JSON.parse(this.#storage.getItem(place) ?? "{}");
  }

  #tell() {
    clearTimeout(this.#typing);
    const filter = this.#filter();
    this.#storage.setItem(place, JSON.stringify(Object.fromEntries(ids.map((id) => [id, byId(id).value]))));
    const said = JSON.stringify(filter);
    if (said === this.#said) return;
    this.#said = said;
    this.#changed(filter);
  }

  // #filter reads the fields. Days are local.
  #filter() {
    const filter = {};
    const time = byId("by-time").value;
    byId("days").hidden = time !== "days";
    const words = byId("find").value.trim();
    if (words) filter.q = words;
    if (byId("by-status").value) filter.status = byId("by-status").value;
    if (byId("by-model").value) filter.model = byId("by-model").value;
    if (byId("by-batch").value) filter.batch = byId("by-batch").value;
    if (time === "days") {
      const since = day(byId("since").value, 0);
      const until = day(byId("until").value, 1);
      if (since) filter.from = since;
      if (until) filter.to = until;
    } else if (time) {
      const today = new Date();
      filter.from = new Date(today.getFullYear(), today.getMonth(), today.getDate() - Number(time)).toISOString();
    }
    byId("clear").hidden = !Object.keys(filter).length;
    if (byId("by-order").value) filter.order = byId("by-order").value;
    return filter;
  }
}

// day returns the beginning of a day, or of one some days later; null for none.
function day(text, later) {
  const [year, month, date] = text.split("-").map(Number);
  return date ? new Date(year, month - 1, date + later).toISOString() : null;
}
