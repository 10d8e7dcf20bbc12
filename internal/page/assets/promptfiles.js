// Prompt files that are dropped on the page or chosen. Each is read here and sent
// as a request like any other: a file that can be used is small.

import { byId } from "./dom.js";

const largest = 64 << 10;

// read makes a request of a file: {name, request, note} or {name, problem}. A .txt
// file is a prompt and a .json file a request object, as in the prompts bucket. The
// note says what may be meant otherwise. Which texts are taken, the API decides.
export async function read(file) {
  const refuse = (problem) => ({ name: file.name, problem });
  const [ending] = file.name.toLowerCase().match(/\.[^.]*$/) ?? [""];
  if (ending !== ".txt" && ending !== ".json") return refuse("is neither a .txt nor a .json file");
  if (file.size > largest) return refuse("is larger than 64 KiB; a prompt file is at most that");
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()).replaceAll("\ufeff", "");
  } catch {
    return refuse("is not UTF-8; save it as UTF-8");
  }
  if (ending === ".txt") {
    const prompt = text.replace(/\r?\n$/, ""); // editors end the last line
    if (!prompt.trim()) return refuse("is empty");
    const lines = prompt.split(/[\r\n]+/).filter((line) => line.trim()).length;
    return { name: file.name, request: { prompt }, note: lines > 1 ? `Its ${lines} lines are one prompt, for one video.` : "" };
  }
  try {
    const request = JSON.parse(text);
    if (request && typeof request === "object" && !Array.isArray(request)) return { name: file.name, request, note: "" };
  } catch (error) {
    return refuse(`is not JSON: ${error.message}`); // the browser says where
  }
  return refuse('is not a JSON object like {"prompt": "a paper boat"}');
}

// catchDrops takes files that are dropped anywhere on the page, while wanted says
// so, and gives them to take.
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
