// A client of the provider, following its documentation for JavaScript: fetch, and polling
// until the status is final.
import { writeFile } from "node:fs/promises";

const BASE_URL = "https://api.aimlapi.com";
const API_KEY = "<YOUR_AIMLAPI_KEY>";
const PATH = "/v2/video/generations";
const SECONDS_BETWEEN_POLLS = 15;
const TIMEOUT_SECONDS = 1000;

const headers = { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json" };

async function create(prompt) {
  const response = await fetch(BASE_URL + PATH, {
    method: "POST",
    headers,
    body: JSON.stringify({ model: "kling-video/v1/pro/text-to-video", prompt, aspect_ratio: "16:9", duration: 5 }),
  });
  if (!response.ok) {
    throw new Error(`HTTP error! Status: ${response.status}, ${await response.text()}`);
  }
  return (await response.json()).id;
}

async function retrieve(id) {
  const url = new URL(BASE_URL + PATH);
  url.searchParams.append("generation_id", id);
  return (await fetch(url, { method: "GET", headers })).json();
}

const id = await create(process.argv[2]);
const started = Date.now();
for (;;) {
  const generation = await retrieve(id);
  if (!["waiting", "active", "queued", "generating"].includes(generation.status)) {
    const file = await fetch(generation.video.url);
    await writeFile(process.argv[3], Buffer.from(await file.arrayBuffer()));
    console.log(id);
    break;
  }
  if (Date.now() - started > 1000 * TIMEOUT_SECONDS) {
    throw new Error("Timeout reached.");
  }
  await new Promise((resolve) => setTimeout(resolve, 1000 * SECONDS_BETWEEN_POLLS));
}
