// The form: what the chosen model takes, what it will cost, and the request that
// comes of it.

import { byId, icon } from "./dom.js";
import { control, first } from "./fields.js";
import { parameters, Picker } from "./models.js";
import { basis, cost } from "./prices.js";
import { label, learn, span } from "./words.js";

const place = "takeup.draft";

export class Composer {
  #form = byId("composer");
  #storage;
  #models = [];
  #fallback; // the model of a request that names none
  #model;
  #picker;
  #schemas; // promises of what models take, by name
  #schema;
  #turn = 0; // counts the models that were asked for: the last one is shown
  #fields = new Map(); // controls by parameter
  #shots; // for models that take a prompt or several: which
  #quotes;

  // send(request) is called with what a person wants to have.
  constructor(storage, send) {
    this.#storage = storage;
    this.#form.addEventListener("input", () => this.#update());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(send);
    });
    // The second click of a double click is no second wish.
    byId("generate").addEventListener("click", (event) => event.detail > 1 && event.preventDefault());
    this.#form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  // use takes the API's list of models, what tells prices, and what gives a model's
  // schema. It fails where the schema can't be had.
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

  // fill puts a request into the form, and names what the form has no place for.
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
    this.#build(model, schema, given);
    this.#update();
    const taken = this.request();
    const left = Object.keys(given).filter((key) => !same(given[key], taken[key]));
    this.note(left.length ? `Not taken over, since ${known ? "this model doesn't take it so" : "there is no such model here"}: ${left.map((n) => label(n).toLowerCase()).join(", ")}.` : "");
  }

  // request is what the form says. Fields that are left to the provider are not
  // in it.
  request() {
    const request = { model: this.#model.id };
    for (const [name, field] of this.#fields) {
      const value = this.#asked(name) ? field.get() : undefined;
      if (value !== undefined) request[name] = value;
    }
    return request;
  }

  // accepted empties the prompt, where it is still the one that was sent.
  accepted(request) {
    if (JSON.stringify(request) !== JSON.stringify(this.request())) return;
    this.#fields.get("prompt")?.set();
    this.#fields.get("multi_prompt")?.set();
    this.#update();
  }

  // refused shows what the API found wrong, where the form still says it; false
  // where it doesn't.
  refused(request, error) {
    if (JSON.stringify(request) !== JSON.stringify(this.request())) return false;
    const placed = error.errors.filter(({ field }) => field);
    if (placed.length) this.#problems(placed);
    else this.note(error.message, true);
    return true;
  }

  // note says something about the form as a whole.
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
    else send(this.request());
  }

  // #problems shows each beside its field, and goes to the first.
  #problems(wrong) {
    const fields = [...this.#fields.values()];
    const rest = [];
    let focus = null;
    for (const { field, message } of wrong) {
      const at = first(fields, field, message.charAt(0).toUpperCase() + message.slice(1) + ".");
      if (!at) rest.push(`${label(field)} ${message}`);
      focus ??= at;
    }
    if (rest.length) this.note(rest.join("; ") + ".", true);
    if (focus?.closest("#more")) byId("more").open = true;
    focus?.focus();
  }

  // #take gives what a model takes; null where another model was asked for meanwhile.
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

  // #build makes the fields of a model, with the values that they take. Those that have
  // no default are under More settings, but for what the model needs.
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
  }

  // #switch changes the model and keeps what the new one takes, too.
  async #switch(name) {
    const model = this.#models.find((m) => m.id === name);
    try {
      const schema = await this.#take(model);
      if (!schema) return;
      const { model: _, ...values } = this.request();
      this.#build(model, schema, values);
    } catch (error) {
      this.#picker.show(this.#model);
      this.note(`${error.message} The form needs to know what the model takes; choose it again.`, true);
      return;
    }
    this.#update();
    this.#picker.focus();
  }

  // #asked tells whether a parameter is to be sent: of a prompt and several, one.
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
    this.#tellPrice(request);
  }

  // #tellPrice says what the request costs, once that is known. Until then the last
  // price stays, and one of a form that was changed meanwhile is not shown.
  async #tellPrice(request) {
    const quote = await this.#quotes.of(request);
    if (JSON.stringify(request) !== JSON.stringify(this.request())) return;
    const words = quote && cost([quote]);
    byId("price").textContent = words ? words.charAt(0).toUpperCase() + words.slice(1) : "Price not known";
    const usual = this.#model.usual.find((u) => u.duration === request.duration);
    byId("price-note").textContent = [quote && basis(quote), usual && `usually done in ${span(usual.seconds)}`].filter(Boolean).join(" · ");
  }
}

// same compares two values of a request; a number may be written as a string.
function same(a, b) {
  if (typeof a !== "object" || typeof b !== "object") return String(a) === String(b);
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => same(a[name], b[name]));
}
