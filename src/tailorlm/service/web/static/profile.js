// Lock, forget and add beliefs; the page shows what came of it without losing the place.

import { give, say, showError } from "./api.js";

const DONE = {
  lock: (name) => `${name} is locked: it stays, whatever you rank or edit.`,
  forget: (name) => `${name} is forgotten.`,
  release: (name) => `Taken back: ${name} follows your feedback again.`,
  set: (name) => `${name} is set, from the next answer on.`,
};
const believed = document.getElementById("believed");
const what = document.getElementById("what");
const name = document.getElementById("name");

believed.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-action]");
  if (!button) return;
  const { kind, name: about } = button.parentElement.dataset;
  const { action, value = "" } = button.dataset;
  button.disabled = true;
  if (!(await correct({ of: kind, name: about, action, value }))) button.disabled = false;
});

what.addEventListener("change", () => {
  const rule = what.value === "rule";
  name.placeholder = rule ? "Use bullet points." : "Baking";
  if (rule) name.removeAttribute("list");
  else name.setAttribute("list", "tags");
});

document.getElementById("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const rule = what.value === "rule";
  const added = { of: rule ? "rule" : "tag", name: name.value.trim(), action: "set", value: rule ? "" : what.value };
  if (await correct(added)) name.value = "";
});

async function correct(correction) {
  try {
    await give({ kind: "correction", ...correction });
    await refresh(correction.name);
    showError(null);
    say(DONE[correction.action](correction.name));
    return true;
  } catch (error) {
    say("");
    showError(error);
    return false;
  }
}

/** Show the beliefs as they are now; who worked in the list goes on at the same belief. */
async function refresh(about) {
  const inside = believed.contains(document.activeElement) || document.activeElement === document.body;
  const page = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("believed");
  believed.replaceChildren(...fresh.childNodes);
  if (!inside) return;
  const place = [...believed.querySelectorAll(".corrections")].find((one) => one.dataset.name === about);
  place?.querySelector("button").focus();
}
