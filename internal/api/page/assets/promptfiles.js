// Prompt files that are dropped on the page or chosen. The page reads those of one request,
// since valid ones are small, and uploads those of many as batches.

import { formatOf, linesOf, stem } from "./batches.js";
import { byId } from "./dom.js";

const largest = 64 << 10;
const tooLarge = "is larger than 64 KiB; a prompt file is at most that";

// read returns what is in a file: {name, request, lines}, {name, batch} or {name,
// problem}. A .txt file is a prompt with the settings of the form, a .json file a
// request object, and a list of these or a file of many prompts is a batch. lines are those of a
// prompt that has several. The API decides which texts it accepts. If JSON doesn't parse,
// explain has the API say why.
export async function read(file, settings, explain) {
  const { name } = file;
  const refuse = (problem) => ({ name, problem });
  if (formatOf(name)) return { name, batch: file };
  const [extension] = name.toLowerCase().match(/\.[^.]*$/) ?? [""];
  if (extension !== ".txt" && extension !== ".json") return refuse("is not a .txt, .json, .csv, .tsv, .jsonl or .ndjson file");
  let text, value;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()).replaceAll("\ufeff", "");
  } catch {
    return refuse("is not UTF-8; save it as UTF-8");
  }
  if (extension === ".txt") {
    const prompt = text.replace(/\r?\n$/, ""); // editors add a line end
    const lines = linesIn(prompt);
    if (!lines.length) return refuse("is empty");
    return file.size > largest && lines.length === 1 ? refuse(tooLarge) : { name, request: { ...settings, prompt }, lines };
  }
  try {
    value = JSON.parse(text);
  } catch {
    // The API says what is wrong.
  }
  if (Array.isArray(value)) return { name, batch: linesOf(stem(name), value.map((one) => (typeof one === "string" ? { ...settings, prompt: one } : one))) };
  if (file.size > largest) return refuse(tooLarge);
  if (value && typeof value === "object") return { name, request: value, lines: [] };
  try {
    return { name, request: (await explain(text)).request, lines: [] };
  } catch (error) {
    return refuse(error.message);
  }
}

// linesIn returns the lines of a text, without blank ones.
export const linesIn = (text) => text.split(/[\r\n]+/).filter((line) => line.trim());

// catchDrops calls take with files that are dropped anywhere on the page, while wanted()
// is true.
export function catchDrops(wanted, take) {
  const files = (event) => wanted() && event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    byId("drop").hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) byId("drop").hidden = true;
  });
  addEventListener("drop", (event) => {
    byId("drop").hidden = true;
    if (!files(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
