// Prompt files that are dropped on the page or chosen. The page reads them and sends
// ordinary requests, since valid files are small.

import { byId } from "./dom.js";

const largest = 64 << 10;

// read returns the request in a file: {name, request, note} or {name, problem}. A .txt
// file is a prompt and a .json file a request object, as in the prompts bucket. The note
// points out what may not be intended. The API decides which texts it accepts. If JSON
// doesn't parse, check has the API explain why.
export async function read(file, check) {
  const refuse = (problem) => ({ name: file.name, problem });
  const [extension] = file.name.toLowerCase().match(/\.[^.]*$/) ?? [""];
  if (extension !== ".txt" && extension !== ".json") return refuse("is not a .txt, .json, .csv, .tsv, .jsonl or .ndjson file");
  if (file.size > largest) return refuse("is larger than 64 KiB; a prompt file is at most that");
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()).replaceAll("\ufeff", "");
  } catch {
    return refuse("is not UTF-8; save it as UTF-8");
  }
  if (extension === ".txt") {
    const prompt = text.replace(/\r?\n$/, ""); // editors add a line end
    if (!prompt.trim()) return refuse("is empty");
    const lines = prompt.split(/[\r\n]+/).filter((line) => line.trim()).length;
    return { name: file.name, request: { prompt }, note: lines > 1 ? `Its ${lines} lines are one prompt, for one video.` : "" };
  }
  let request = parse(text);
  if (!request) {
    try {
      ({ request } = await check(text));
    } catch (error) {
      return refuse(error.message);
    }
  }
  return { name: file.name, request, note: "" };
}

// parse returns the JSON object in a text, or null.
function parse(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

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
