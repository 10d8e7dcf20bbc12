// The form: the parameters of the chosen model, the price, and the request made from
// them.

import { byId, h, icon } from "./dom.js";
import { Drafts } from "./drafts.js";
import { control, first } from "./fields.js";
import { parameters, Picker } from "./models.js";
import { basis, cost } from "./prices.js";
import { linesIn } from "./promptfiles.js";
import { capital, label, learn, modelName, prompt, span } from "./words.js";

const place = "takeup.draft";

export class Composer {
  #form = byId("composer");
  #storage;
  #models = [];
  #fallback; // the default model
  #model;
  #picker;
  #schemas; // promises of JSON Schemas, by model
  #schema;
  #turn = 0; // counts the requested models; only the last one is shown
  #fields = new Map(); // controls by parameter
  #shots; // selects between one prompt and several, for models that accept both
  #quotes;
  #filled; // the form as JSON, as it was last filled from something that is still there
  #apart; // the values that were set, also those that the chosen model doesn't take
  #built; // the request when the fields were made
  #count = byId("n"); // how many videos
  #drafts;

  // send(request, n) is called when the form is submitted for n videos, and split(lines) when
  // each line of the prompt is to be one. lasting keeps the templates, and storage the rest.
  constructor(storage, lasting, { send, split }) {
    this.#storage = storage;
    this.#drafts = new Drafts({ session: storage, lasting }, (request) => this.replace(request).then(() => this.focus(), (error) => this.note(error.message, true)), () => this.request());
    byId("split").addEventListener("click", () => split(this.#lines()));
    for (const id of ["more", "drafts"]) byId(id).addEventListener("toggle", ({ target }) => target.open && target.scrollIntoView({ block: "nearest" }));
    this.#form.addEventListener("input", () => this.#update());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(send);
    });
    // A double click submits once.
    byId("generate").addEventListener("click", (event) => event.detail > 1 && event.preventDefault());
    this.#form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  // use sets the API's list of models, the source of prices, and a function that returns a
  // model's schema. It throws if the default model's schema can't be read.
  async use({ data, default: fallback }, quotes, schema) {
    this.#models = data;
    this.#quotes = quotes;
    this.#fallback = fallback;
    this.#schemas = new Map();
    this.#schema = schema;
    this.#picker = new Picker(data, (name) => this.#switch(name));
    const draft = JSON.parse(this.#storage.getItem(place) ?? "{}");
    await this.fill(draft);
    this.#form.hidden = false;
  }

  // fill puts a request into the form, and names the fields that the form has no place for.
  async fill(request) {
    const given = { ...request };
    for (const name of Object.keys(given)) if (given[name] === null) delete given[name];
    const name = given.model ?? this.#fallback;
    const known = this.#models.find((m) => m.id === name);
    const model = known ?? this.#models.find((m) => m.id === this.#fallback);
    const schema = await this.#take(model);
    if (!schema) return;
    if (!schema.properties.ratio && given.ratio !== undefined) {
      given.aspect_ratio ??= given.ratio;
      delete given.ratio;
    }
    this.#apart = { ...given };
    this.#build(model, schema, given);
    this.#update();
    const taken = this.request();
    const left = Object.keys(given).filter((key) => !same(given[key], taken[key]));
    this.note(left.length ? `Not copied, because ${known ? "this model doesn't accept it" : "there is no such model here"}: ${left.map((n) => label(n).toLowerCase()).join(", ")}.` : "");
  }

  // replace puts a request into the form in place of the draft that is there, which goes to
  // the drafts, and says so after the words. It also offers to undo that.
  async replace(request, words) {
    if (!this.#model) throw new Error("The form is still loading. Try again.");
    const before = this.request();
    const written = prompt(before).trim() && JSON.stringify(before) !== this.#filled;
    if (written) this.#drafts.put(before);
    await this.fill(request);
    this.#filled = JSON.stringify(this.request());
    if (JSON.stringify(before) === this.#filled) return;
    const said = [words, byId("composer-note").textContent, this.#drafts.has(before) && "Your draft is under Templates and drafts."].filter(Boolean).join(" ");
    this.note(said || "The form was filled.");
    byId("composer-note").append(h("button.link", { onclick: () => this.replace(before) }, "Undo"));
  }

  // settings returns the request in the form without its prompts.
  settings() {
    if (!this.#model) return {};
    const { prompt: _, multi_prompt: __, ...rest } = this.request();
    return rest;
  }

  // request returns the request in the form, without the fields that are left to the
  // provider.
  request() {
    const request = { model: this.#model.id };
    for (const [name, field] of this.#fields) {
      const value = this.#asked(name) ? field.get() : undefined;
      if (value !== undefined) request[name] = value;
    }
    return request;
  }

  // accepted clears the prompt, unless the form has changed since it was sent.
  accepted(request) {
    this.#drafts.drop(request);
    if (JSON.stringify(request) !== JSON.stringify(this.request())) return;
    this.#fields.get("prompt")?.set();
    this.#fields.get("multi_prompt")?.set();
    this.#count.value = "1";
    this.#update();
  }

  // refused shows the API's errors. It returns false if the form has changed since the
  // request was sent.
  refused(request, error) {
    if (JSON.stringify(request) !== JSON.stringify(this.request())) return false;
    const placed = error.errors.filter(({ field }) => field);
    if (placed.length) this.#problems(placed);
    else this.note(error.message, true);
    return true;
  }

  // forget shows no drafts, after they were removed.
  forget() {
    this.#drafts.show();
  }

  // note shows a message about the form as a whole.
  note(text, wrong = false) {
    const note = byId("composer-note");
    note.replaceChildren(...(text ? [wrong ? icon("warning") : "", text] : []));
    note.classList.toggle("wrong", wrong);
  }

  focus() {
    const at = this.#fields.get(this.#shots?.get() === "several" ? "multi_prompt" : "prompt");
    at.element.querySelector("textarea").focus();
  }

  #submit(send) {
    const asked = [...this.#fields].filter(([name]) => this.#asked(name)).map(([, field]) => field);
    asked.forEach((field) => field.clear());
    this.note("");
    const wrong = asked.flatMap((field) => field.check());
    if (wrong.length) this.#problems(wrong);
    else send(this.request(), Number(this.#count.value));
  }

  // #problems shows each problem beside its field, and focuses the first.
  #problems(wrong) {
    const fields = [...this.#fields.values()];
    const rest = [];
    let focus = null;
    for (const { field, message } of wrong) {
      const at = first(fields, field, capital(message) + ".");
      if (!at) rest.push(`${label(field)} ${message}`);
      focus ??= at;
    }
    if (rest.length) this.note(rest.join("; ") + ".", true);
    if (focus?.closest("#more")) byId("more").open = true;
    focus?.focus();
  }

  // #take returns the schema of a model, or null if another model was requested meanwhile.
  async #take({ id }) {
    const turn = ++this.#turn;
    if (!this.#schemas.has(id)) {
      const asked = this.#schema(id);
      this.#schemas.set(id, asked);
      asked.catch(() => this.#schemas.delete(id));
    }
    const schema = await this.#schemas.get(id);
    return turn === this.#turn ? schema : null;
  }

  // #build makes the fields of a model and sets their values. Optional fields without a
  // default are under More settings.
  #build(model, schema, values) {
    this.#model = model;
    this.#fields.clear();
    this.#picker.show(model);
    learn(schema);
    const main = [], more = [];
    for (const parameter of parameters(schema)) {
      const field = control(parameter);
      field.set(values[parameter.name]);
      this.#fields.set(parameter.name, field);
      (parameter.required || parameter.default !== undefined ? main : more).push(field.element);
    }
    this.#shots = null;
    if (this.#fields.has("multi_prompt")) {
      this.#shots = control({ name: "shots", title: "Prompt", type: "string", enum: ["one", "several"], words: { one: "One prompt", several: "Several shots" }, default: "one" });
      this.#shots.set(values.multi_prompt ? "several" : "one");
      main.unshift(this.#shots.element);
    }
    byId("fields").replaceChildren(this.#picker.element, ...main);
    byId("more-fields").replaceChildren(...more);
    byId("more").hidden = more.length === 0;
    this.#built = this.request();
  }

  // #switch changes the model, and keeps the values that the new one also accepts.
  async #switch(name) {
    const model = this.#models.find((m) => m.id === name);
    try {
      const schema = await this.#take(model);
      if (!schema) return;
      const now = this.request();
      for (const name of this.#fields.keys()) if (!same(now[name], this.#built[name])) this.#apart[name] = now[name];
      this.#build(model, schema, this.#apart);
    } catch (error) {
      this.#picker.show(this.#model);
      this.note(`${error.message} The form needs to know what the model accepts; choose it again.`, true);
      return;
    }
    this.#update();
    this.#picker.focus();
  }

  // #asked reports whether a parameter is sent: either one prompt or several are.
  #asked(name) {
    if (!this.#shots) return true;
    const several = this.#shots.get() === "several";
    return name === "prompt" ? !several : name === "multi_prompt" ? several : true;
  }

  #update() {
    for (const name of ["prompt", "multi_prompt"]) {
      const field = this.#fields.get(name);
      if (field) field.element.hidden = !this.#asked(name);
    }
    const request = this.request();
    this.#storage.setItem(place, JSON.stringify(request));
    const { length } = this.#lines();
    byId("lines").hidden = length < 2;
    byId("lines-text").textContent = `Its ${length} lines are one prompt, for one video. `;
    byId("split").textContent = `Make ${length} videos, one a line`;
    this.#tellPrice(request);
  }

  // #lines returns a request for each line of the prompt.
  #lines() {
    const { prompt: text = "", ...rest } = this.request();
    return linesIn(text).map((line) => ({ ...rest, prompt: line }));
  }

  // #tellPrice shows what the request costs once that is known, for as many videos as are
  // wanted. Until then the last price is dimmed. It is dropped if the form has changed
  // meanwhile.
  async #tellPrice(request) {
    byId("price").className = "late-price";
    const quote = await this.#quotes.of(request);
    if (JSON.stringify(request) !== JSON.stringify(this.request())) return;
    const n = Number(this.#count.value);
    byId("each").textContent = quote ? `With the settings in the form, each costs ${cost([quote])}.` : "";
    byId("price").className = "";
    byId("price").textContent = quote ? capital(cost(Array(n).fill(quote))) : "Price not known";
    const usual = this.#model.usual.find((u) => u.duration === request.duration);
    byId("price-note").textContent = [
      quote && n > 1 && `${n} × ${cost([quote])}`,
      quote ? basis(quote) : quote === undefined ? "the API could not check these settings" : `the provider lists none for ${modelName(request.model)}, and none was charged yet`,
      usual && `usually done in ${span(usual.seconds)}`,
    ].filter(Boolean).join(" · ");
  }
}

// same compares two values of a request. A number may be given as a string.
function same(a, b) {
  if (!a || !b || typeof a !== "object" || typeof b !== "object") return String(a) === String(b);
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => same(a[name], b[name]));
}
