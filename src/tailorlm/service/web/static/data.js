// Add texts, and erase everything.

import { give, post, say, showError, user } from "./api.js";

const text = document.getElementById("text");
const file = document.getElementById("file");

file.addEventListener("change", () => {
  text.required = file.files.length === 0;
});

document.getElementById("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  showError(null);
  try {
    const written = [...file.files].map(async (one) => ({ title: one.name, text: await one.text() }));
    const documents = await Promise.all(written);
    if (text.value.trim()) documents.push({ title: "", text: text.value });
    for (const [number, one] of documents.entries()) {
      say(`Adding ${number + 1} of ${documents.length}…`);
      await give({ kind: "document", ...one });
    }
    say(documents.length === 1 ? "Added." : `Added ${documents.length} texts.`);
    text.value = "";
    file.value = "";
    text.required = true;
  } catch (error) {
    say("");
    showError(error);
  }
});

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
