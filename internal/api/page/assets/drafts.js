// Drafts that something else replaced in the form, which are kept until they are
// sent or the tab is closed, and templates, which the browser keeps. The newest are first.

import { byId, h, icon } from "./dom.js";
import { modelName, prompt } from "./words.js";

const drafts = "takeup.drafts";
const templates = "takeup.templates";
const most = 50; // of each

export class Drafts {
  #places;
  #use;

  // use(request) puts a request into the form. current() returns the one that is there.
  constructor({ session, lasting }, use, current) {
    this.#places = { [drafts]: session, [templates]: lasting };
    this.#use = use;
    byId("keep").addEventListener("click", () => this.#add(templates, current()));
    this.show();
  }

  // put keeps a draft.
  put(request) {
    this.#add(drafts, request);
  }

  // has is true if a request is kept.
  has(request) {
    return [drafts, templates].some((place) => this.#without(place, request).length < this.#read(place).length);
  }

  // drop forgets a draft.
  drop(request) {
    this.#remove(drafts, request);
  }

  // show lists what is kept.
  show() {
    const rows = [drafts, templates].flatMap((place) => this.#read(place).map((request) => this.#row(place, request)));
    byId("kept").replaceChildren(...rows);
    byId("drafts-count").textContent = rows.length || "";
  }

  #row(place, request) {
    const name = prompt(request).slice(0, 80) || "No prompt";
    const take = h("button.link", { dir: "auto", onclick: () => this.#use(request) }, name);
    const remove = h("button.action", { title: "Remove", "aria-label": `Remove: ${name}`, onclick: () => {
      this.#remove(place, request);
      byId("drafts").querySelector("summary").focus();
    } }, icon("cancel"));
    return h("li", h("div", take, h("p.hint", `${place === drafts ? "Draft" : "Template"}: ${settings(request)}`)), remove);
  }

  #add(place, request) {
    this.#write(place, [request, ...this.#without(place, request)].slice(0, most));
  }

  #remove(place, request) {
    this.#write(place, this.#without(place, request));
  }

  #without(place, request) {
    return this.#read(place).filter((other) => JSON.stringify(other) !== JSON.stringify(request));
  }

  #read(place) {
    return JSON.parse(this.#places[place].getItem(place) ?? "[]");
  }

  #write(place, requests) {
    this.#places[place].setItem(place, JSON.stringify(requests));
    this.show();
  }
}

const settings = ({ model, duration, aspect_ratio: shape }) => [modelName(model), duration && `${duration} s`, shape].filter(Boolean).join(", ");
