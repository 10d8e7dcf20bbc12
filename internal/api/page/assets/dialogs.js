// Dialogs that ask before something is done.

import { busy, byId, h } from "./dom.js";

// ask shows a question. Each choice is {text, kind, act}. An error of act is shown in the
// dialog, which stays open; another question that act returns is asked next. The last
// choice changes nothing and has the focus. Escape changes nothing either.
export function ask({ title, body, choices }) {
  const dialog = byId("ask");
  byId("ask-title").textContent = title;
  byId("ask-body").replaceChildren(...body);
  byId("ask-problem").textContent = "";
  const buttons = choices.map(({ text, kind, act }) => {
    const button = h("button", { type: "button", class: kind ?? "secondary" }, text);
    const answer = async () => {
      try {
        const next = await act?.();
        if (next) ask(next);
        else dialog.close();
      } catch (error) {
        byId("ask-problem").textContent = error.message;
      }
    };
    button.addEventListener("click", () => busy(button, answer));
    return button;
  });
  byId("ask-buttons").replaceChildren(...buttons);
  if (!dialog.open) dialog.showModal();
  buttons.at(-1).focus();
}

// askToCancel asks before a job is cancelled, and says what it costs so far. It asks again
// if the job turns out to be paid meanwhile. remove(discard) cancels it.
export function askToCancel(video, remove) {
  const discarding = (words) => ({
    title: video.waiting?.paid === "perhaps" ? "Discard a video that may be paid?" : "Discard a paid video?",
    body: [h("p", words)],
    choices: [{ text: "Discard the video", kind: "danger", act: () => remove(true) }, { text: "Keep it", kind: "primary" }],
  });
  const cancel = async () => {
    try {
      await remove(false);
    } catch (error) {
      if (error.errors?.some(({ field }) => field === "discard")) return discarding(error.message);
      throw error;
    }
  };
  const paid = video.waiting?.paid;
  if (paid === "no") {
    ask({
      title: "Cancel this video?",
      body: [h("p", "The provider hasn't accepted it: nothing was paid for it, and nothing will be.")],
      choices: [{ text: "Cancel the video", kind: "danger", act: cancel }, { text: "Keep it", kind: "primary" }],
    });
    return;
  }
  if (paid === "perhaps") {
    ask(discarding(`${video.waiting.message} If you keep it, it is stored if the provider made it. If you discard it, it is neither stored nor submitted again; a charge is not refunded.`));
    return;
  }
  ask(discarding("The provider is making it, and charges for it in any case. If you keep it, it is stored when it is done. If you discard it, it is not stored."));
}

// copy puts a text on the clipboard. If the browser refuses, it shows the text to be
// copied by hand.
export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said();
  } catch {
    const field = h("textarea", { readOnly: true, rows: 8, value: text, "aria-label": "The command" });
    ask({ title: "Copy the command", body: [field], choices: [{ text: "Close", kind: "primary" }] });
    field.select();
  }
}
