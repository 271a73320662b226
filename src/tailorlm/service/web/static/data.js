// Add texts, and erase everything.

import { post, say, showError, upload, user } from "./api.js";

const text = document.getElementById("text");
const file = document.getElementById("file");
const progress = document.getElementById("progress");
const leftOut = document.getElementById("left-out");
const add = document.querySelector("#write button");
const TYPES = {
  mbox: "application/mbox",
  mbx: "application/mbox",
  eml: "message/rfc822",
  jsonl: "application/jsonl",
  ndjson: "application/jsonl",
};

file.addEventListener("change", () => {
  text.required = file.files.length === 0;
});

document.getElementById("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  showError(null);
  leftOut.replaceChildren();
  const files = [...file.files].map((one) => ({ title: one.name, body: one, type: typeOf(one.name) }));
  if (text.value.trim()) files.push({ title: "", body: text.value, type: "text/plain" });
  const total = { taken: 0, known: 0, left: 0 };
  add.disabled = true;
  progress.hidden = false;
  try {
    for (const [number, one] of files.entries()) {
      say(files.length > 1 ? `Adding ${number + 1} of ${files.length}…` : "Adding…");
      progress.value = 0;
      const done = await upload(one, (share) => (progress.value = share));
      total.taken += done.taken;
      total.known += done.known;
      total.left += done.left_out_count;
      for (const { where, why } of done.left_out) note(`${one.title || "Your text"}, ${where}: ${why}`);
    }
    say(summary(total));
    text.value = "";
    file.value = "";
    text.required = true;
  } catch (error) {
    say(total.taken ? summary(total) : "");
    showError(error);
  } finally {
    add.disabled = false;
    progress.hidden = true;
  }
});

function typeOf(name) {
  return TYPES[name.split(".").pop().toLowerCase()] ?? "text/plain";
}

function summary({ taken, known, left }) {
  const parts = [taken === 1 ? "Added 1 text." : `Added ${taken} texts.`];
  if (known) parts.push(`${known} ${known === 1 ? "was" : "were"} there already.`);
  if (left) parts.push(`${left} left out:`);
  return parts.join(" ");
}

function note(line) {
  const item = document.createElement("li");
  item.textContent = line;
  leftOut.append(item);
}

document.getElementById("erase").addEventListener("submit", async (event) => {
  event.preventDefault();
  const confirm = document.getElementById("confirm").value;
  if (confirm !== user) {
    showError(new Error(`Type ${user} to confirm. Nothing was erased.`));
    return;
  }
  try {
    const done = await post("/erase", { user, confirm });
    showError(null);
    say(`Erased: ${done.events} entries and everything learned from them.`);
  } catch (error) {
    showError(error);
  }
});
