// A control for each kind of parameter that a model has. Every control has
//   element                the element in the form
//   get()                  the value, of its JSON type; undefined: omitted
//   set(value)             sets the value; undefined resets it
//   check()                the problems: a list of {field, message}
//   problem(path, message) shows a problem; returns the element to focus, or null
//   clear()                removes the problems shown

import { h, icon } from "./dom.js";
import { label } from "./words.js";

const few = 4; // the most values shown side by side

const isPrompt = (name) => name.endsWith("prompt");

export const control = (parameter, path = parameter.name) => {
  const { type, enum: allowed } = parameter;
  if (type === "object") return group(parameter, path);
  if (type === "array") return list(parameter, path);
  if (type === "boolean") return choice({ ...parameter, enum: ["true", "false"] }, path, { true: "Yes", false: "No" }, (v) => v === "true");
  const typed = type === "string" ? (v) => v : Number;
  if (allowed) return parameter.default === undefined || allowed.length > few ? choice(parameter, path, {}, typed) : segments(parameter, path, typed);
  if (type === "string") return text(parameter, path);
  return parameter.default === undefined ? number(parameter, path) : slider(parameter, path);
};

// id returns the element id for a path such as multi_prompt[0].prompt.
const id = (path) => "field-" + path.replaceAll(/[^A-Za-z0-9_]+/g, "-");

// frame adds a label above an input, and a hint and a place for a problem below it.
function frame(parameter, path, input, hint, extra = null) {
  const error = h("p.problem", { id: id(path) + "-problem" });
  const note = hint ? h("p.hint", { id: id(path) + "-hint" }, hint) : null;
  input.id = id(path);
  input.setAttribute("aria-describedby", [note?.id, error.id].filter(Boolean).join(" "));
  const name = h("label", { for: input.id }, parameter.title ?? label(parameter.name), parameter.required ? null : h("span.optional", "optional"));
  return {
    element: h("div.field", h("div.field-head", name, extra), input, note, error),
    problem(at, message) {
      if (at !== path) return null;
      error.replaceChildren(icon("warning"), message);
      input.setAttribute("aria-invalid", "true");
      return input;
    },
    clear() {
      error.replaceChildren();
      input.removeAttribute("aria-invalid");
    },
  };
}

function text(parameter, path) {
  const { name, required, max_length: most } = parameter;
  const input = isPrompt(name) || parameter.item
    ? h("textarea", { dir: "auto", rows: name === "prompt" ? 4 : 2, required: required ?? false, spellcheck: true })
    : h("input", { dir: "auto", type: "text", required: required ?? false, autocomplete: "off" });
  if (name === "prompt") input.placeholder = "A paper boat crosses a flooded street at dusk";
  const count = most ? h("span.count") : null;
  const shell = frame(parameter, path, input, null, count);
  const letters = () => [...input.value].length; // characters, as the API counts them
  const tally = () => {
    if (count) count.textContent = `${letters()} of ${most}`;
  };
  input.addEventListener("input", tally);
  tally();
  return {
    ...shell,
    get: () => (input.value.trim() === "" ? undefined : input.value),
    set(value) {
      input.value = value ?? "";
      tally();
    },
    check() {
      if (input.value.trim() === "") return required ? [{ field: path, message: "is empty; say what the video shows" }] : [];
      if (most && letters() > most) return [{ field: path, message: `has ${letters()} characters; it takes at most ${most}` }];
      return [];
    },
  };
}

function number(parameter, path) {
  const { minimum: min, maximum: max, type, required } = parameter;
  const input = h("input", { type: "number", min, max, step: type === "integer" ? "1" : "any", inputMode: "decimal", placeholder: required ? "" : "Provider's choice" });
  const limits = max === undefined ? "" : ` from ${min} to ${max}`;
  const takes = (type === "integer" ? "a whole number" : "a number") + limits;
  return {
    ...frame(parameter, path, input, max === undefined ? null : `${min} to ${max}`),
    get: () => (input.value === "" ? undefined : Number(input.value)),
    set(value) {
      input.value = value ?? "";
    },
    check() {
      if (input.value === "" && !input.validity.badInput) return required ? [{ field: path, message: `is missing; it takes ${takes}` }] : [];
      const value = input.valueAsNumber;
      const wrong = !(value >= (min ?? -Infinity) && value <= (max ?? Infinity)) || (type === "integer" && !Number.isSafeInteger(value));
      return wrong ? [{ field: path, message: `takes ${takes}` }] : [];
    },
  };
}

// slider is for integers with a default.
function slider(parameter, path) {
  const input = h("input", { type: "range", min: parameter.minimum, max: parameter.maximum, step: "1" });
  const shown = h("output", { for: id(path) });
  const unit = parameter.name === "duration" ? " s" : "";
  const show = () => {
    shown.textContent = input.value + unit;
    input.setAttribute("aria-valuetext", unit ? `${input.value} seconds` : input.value);
  };
  input.addEventListener("input", show);
  const set = (value) => {
    input.value = value ?? parameter.default;
    show();
  };
  set();
  return { ...frame({ ...parameter, required: true }, path, input, null, shown), get: () => Number(input.value), set, check: () => [] };
}

// choice is a select. Without a default, it has an empty option.
function choice(parameter, path, words, typed) {
  const fallback = parameter.default === undefined ? "" : String(parameter.default);
  const none = fallback ? null : h("option", { value: "" }, parameter.required ? "Choose…" : "Provider's choice");
  const input = h("select", none, parameter.enum.map((v) => h("option", { value: v }, words[v] ?? label(v))));
  const set = (value) => {
    input.value = value === undefined ? fallback : String(value);
    if (input.selectedIndex < 0) input.value = fallback;
  };
  set();
  return {
    ...frame({ ...parameter, required: parameter.required || fallback !== "" }, path, input, null),
    get: () => (input.value === "" ? undefined : typed(input.value)),
    set,
    check: () => (parameter.required && input.value === "" ? [{ field: path, message: "is missing; choose one" }] : []),
  };
}

// segments are a few radio buttons side by side, of which one is always selected.
function segments(parameter, path, typed) {
  const unit = parameter.name === "duration" ? " s" : "";
  const error = h("p.problem");
  const inputs = parameter.enum.map(String).map((value) => h("input", { type: "radio", name: id(path), value, id: `${id(path)}-${value.replaceAll(":", "x")}` }));
  const options = inputs.map((input) =>
    h("label.segment", { for: input.id }, input, h("span", shape(input.value), parameter.words?.[input.value] ?? input.value + unit)),
  );
  const set = (value) => {
    const wanted = String(value ?? parameter.default);
    const at = inputs.find((i) => i.value === wanted) ?? inputs.find((i) => i.value === String(parameter.default)) ?? inputs[0];
    at.checked = true;
  };
  set();
  return {
    element: h("fieldset.field", h("legend", parameter.title ?? label(parameter.name)), h("div.segments", options), error),
    get: () => typed(inputs.find((i) => i.checked).value),
    set,
    check: () => [],
    problem(at, message) {
      if (at !== path) return null;
      error.replaceChildren(icon("warning"), message);
      return inputs.find((i) => i.checked);
    },
    clear: () => error.replaceChildren(),
  };
}

// shape draws an aspect ratio. It returns null for any other value.
function shape(ratio) {
  const [width, height] = ratio.split(":").map(Number);
  if (!(width / height)) return null;
  const drawn = h("span.shape", { "aria-hidden": "true" });
  drawn.style.width = `${Math.sqrt(width / height)}rem`;
  drawn.style.height = `${Math.sqrt(height / width)}rem`;
  return drawn;
}

// group is for objects. It is omitted unless one of its fields is set.
function group(parameter, path) {
  const fields = parameter.fields.map((f) => [f.name, control(f, `${path}.${f.name}`)]);
  const controls = fields.map(([, c]) => c);
  const get = () => {
    const values = fields.map(([name, c]) => [name, c.get()]).filter(([, v]) => v !== undefined);
    return values.length ? Object.fromEntries(values) : undefined;
  };
  return {
    element: h("fieldset.field.group", h("legend", parameter.title ?? label(parameter.name), parameter.required ? null : h("span.optional", "optional")), controls.map((c) => c.element)),
    get,
    set: (value) => fields.forEach(([name, c]) => c.set(value?.[name])),
    check: () => (get() === undefined && !parameter.required ? [] : controls.flatMap((c) => c.check())),
    problem: (at, message) => first(controls, at === path ? `${path}.${fields[0][0]}` : at, message),
    clear: () => controls.forEach((c) => c.clear()),
  };
}

// list has one control per item, and buttons to add and remove items.
function list(parameter, path) {
  const items = h("div.items");
  let controls = [];
  const most = parameter.max_items ?? 20;
  const add = h("button.quiet", { onclick: () => grow().element.querySelector("textarea, input").focus() }, "Add a shot");
  const drop = h("button.quiet", { onclick: () => shrink() }, "Remove the last");
  const update = () => {
    add.disabled = controls.length >= most;
    drop.disabled = controls.length <= 1;
  };
  function grow(value) {
    const at = `${path}[${controls.length}]`;
    const title = `Shot ${controls.length + 1}`;
    const item = parameter.item;
    const made = item.type === "object" ? group({ ...item, name: title, required: true }, at) : control({ ...item, name: "prompt", title, item: true }, at);
    made.set(value);
    controls.push(made);
    items.append(made.element);
    update();
    return made;
  }
  function shrink() {
    controls.pop().element.remove();
    update();
    items.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function set(values) {
    controls = [];
    items.replaceChildren();
    for (const value of values?.length ? values : [undefined]) grow(value);
  }
  set();
  return {
    element: h("div.field", items, h("div.row", add, drop)),
    get() {
      const values = controls.map((c) => c.get()).filter((v) => v !== undefined);
      return values.length ? values : undefined;
    },
    set,
    check: () => controls.flatMap((c) => c.check()),
    problem: (at, message) => first(controls, at === path ? `${path}[0]` : at, message),
    clear: () => controls.forEach((c) => c.clear()),
  };
}

// first shows a problem in the first control that accepts its path.
export function first(controls, at, message) {
  for (const c of controls) {
    const focus = c.problem(at, message);
    if (focus) return focus;
  }
  return null;
}
