// Choosing a model, and the parameters that it accepts.

import { byId, h } from "./dom.js";
import { modelName, money } from "./words.js";

// parameters returns the parameters in a model's JSON Schema that the form has fields for.
export function parameters(schema) {
  const instead = (schema.oneOf ?? []).flatMap((one) => one.required);
  return Object.entries(schema.properties)
    .filter(([, property]) => !property["x-any-model"])
    .map(([name, property]) => parameter(name, property, schema.required.includes(name) || instead.includes(name)));
}

function parameter(name, schema, required) {
  const { title, type, enum: allowed, default: fallback, maxLength, maxItems, properties, items } = schema;
  const bounded = schema.maximum < Number.MAX_SAFE_INTEGER;
  return {
    name, title, type, required, enum: allowed, default: fallback, max_length: maxLength, max_items: maxItems,
    minimum: bounded ? schema.minimum : undefined,
    maximum: bounded ? schema.maximum : undefined,
    fields: properties && Object.entries(properties).map(([of, field]) => parameter(of, field, schema.required?.includes(of) ?? false)),
    item: items && parameter("", items, true),
  };
}

// grouped returns the options of a select, grouped by maker.
export function grouped(models, words = (model) => modelName(model.id)) {
  const makers = new Map();
  for (const model of models) makers.set(model.info.developer, [...(makers.get(model.info.developer) ?? []), model]);
  return [...makers].map(([maker, of]) => h("optgroup", { label: maker }, of.map((model) => h("option", { value: model.id }, words(model)))));
}

// lengths describes the lengths of video that a model makes.
function lengths({ durations }) {
  if (!durations.length) return "";
  const [least, most] = [durations[0], durations.at(-1)];
  if (durations.length > 1 && durations.length === most - least + 1) return `${least} to ${most} s`;
  return `${durations.join(", ")} s`;
}

// costs describes the lowest price of a model in the price list.
function costs({ price }) {
  if (!price?.variants.length) return "";
  const { usd, unit, per } = price.variants.reduce((a, b) => (b.usd / b.per < a.usd / a.per ? b : a));
  return unit ? `${price.variants.length > 1 || price.kind === "variable" ? "from " : ""}${money(usd / per)} a ${unit}` : "";
}

// five is the lowest price of five seconds of video, by which models are compared.
function five({ price }) {
  const all = (price?.variants ?? []).filter(({ unit }) => unit).map(({ usd, unit, per }) => (usd / per) * (unit === "second" ? 5 : 1));
  return all.length ? Math.min(...all) : Infinity;
}

const orders = {
  price: (a, b) => five(a) - five(b),
  length: (a, b) => (b.durations.at(-1) ?? 0) - (a.durations.at(-1) ?? 0),
};

// Picker is the field for choosing a model, with a search and an order. The search matches
// words of the name or the maker, or a length such as 10s.
export class Picker {
  #models;
  #chosen;
  #find = h("input", { type: "search", id: "find-model", placeholder: "Find, as 10s", autocomplete: "off", "aria-label": "Find a model" });
  #order = h("select", { id: "order-models", "aria-label": "Order of the models" },
    h("option", { value: "" }, "By maker"), h("option", { value: "price" }, "Cheapest first"), h("option", { value: "length" }, "Longest first"));
  #select = h("select", { id: "field-model" });
  #count = h("span.count", { role: "status" });
  element = h("div.field",
    h("div.field-head", h("label", { for: "field-model" }, "Model"), this.#count),
    h("div.row.finder", this.#find, this.#order), this.#select);

  // choose(name) is called when a person chooses a model.
  constructor(models, choose) {
    this.#models = models;
    this.#select.addEventListener("change", () => choose(this.#select.value));
    this.#order.addEventListener("change", () => this.#fill());
    this.#find.addEventListener("input", () => this.#fill());
    this.#find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // it would submit the form
      const [first] = this.#found();
      if (first && this.#find.value.trim()) choose(first.id);
    });
  }

  // show selects a model.
  show(model) {
    this.#chosen = model;
    this.#fill();
  }

  focus() {
    byId("field-model").focus();
  }

  #found() {
    const words = this.#find.value.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#models.filter(({ id, info, durations }) => {
      const text = `${id} ${info.developer}`.toLowerCase();
      return words.every((word) => text.includes(word) || durations.some((n) => `${n}s` === word));
    });
  }

  // #fill lists the models that were found, and always the chosen one.
  #fill() {
    const found = this.#found();
    const order = orders[this.#order.value];
    const offered = found.includes(this.#chosen) ? found : [this.#chosen, ...found];
    const words = (model) => [modelName(model.id), lengths(model), costs(model)].filter(Boolean).join(" · ");
    this.#select.replaceChildren(...(order ? offered.toSorted(order).map((model) => h("option", { value: model.id }, words(model))) : grouped(offered, words)));
    this.#select.value = this.#chosen.id;
    this.#count.textContent = found.length === this.#models.length ? "" : `${found.length} of ${this.#models.length}`;
  }
}
