// Creating and finding elements. Nothing here, or elsewhere in the page, turns text into
// HTML: foreign text is always a text node.

// h creates an element of a name and its classes, such as "p.hint". Its properties may be
// left out. Those that begin with "on" are listeners; class, for, role and names with a dash
// are attributes; null leaves one out; the rest are set on the element. Children are
// elements, texts, lists of these, or null or false.
export function h(selector, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  if (tag === "button") element.type = "button";
  const properties = children[0]?.constructor === Object ? children.shift() : {};
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (["class", "for", "role"].includes(name) || name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// byId returns an element of index.html.
export const byId = (id) => document.getElementById(id);

// icon creates an icon. It is decoration: a text beside it says what it means.
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true", viewBox: "0 0 24 24" }, svg("path", { d: drawings[name] }));
}

// svg creates an SVG element.
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Paths on a grid of 24, drawn for this page.
const drawings = {
  download: "M12 4v11m-5-4.5 5 5 5-5M5 20h14",
  again: "M19 5v5h-5M19 10a7.5 7.5 0 1 0 .8 4.5",
  copy: "M9 9h10v11H9zM5 15V4h10",
  cancel: "M6 6l12 12M18 6 6 18",
  redrive: "M7 5v14l11-7z",
  warning: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.3",
};

// busy runs the action of a button, never twice at the same time.
export async function busy(button, act) {
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    await act();
  } finally {
    button.ariaDisabled = null;
  }
}
