// The page that asks, shows answers as they come, and takes what people make of them.

import { chat, drawsOn, give, say, showError, user } from "./api.js";
import { showDiff } from "./diff.js";
import { Ranking } from "./ranking.js";

const cards = document.getElementById("cards");
const actions = document.getElementById("actions");
const save = document.getElementById("save");
const stop = document.getElementById("stop");
const form = document.getElementById("ask");
// Said only to who asks why: people would rank what the page thinks, not what they think.
const KINDS = {
  best: "This was thought the best.",
  explore: "This was shown to learn from.",
  generic: "This is what anybody would get.",
};

let turn = "";
let asking = null;

const ranking = new Ranking(cards, (order) => {
  save.disabled = !turn || order.length !== cards.children.length;
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
stop.addEventListener("click", () => asking?.abort());
save.addEventListener("click", () => {
  record({ kind: "ranking", turn, order: ranking.order }, "Thank you. The next answers take it into account.");
});
document.getElementById("clear").addEventListener("click", () => ranking.clear());
document.getElementById("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const wish = document.getElementById("wish");
  record({ kind: "statement", text: wish.value }, "Said. It holds from the next answer on.").then((done) => {
    if (done) wish.value = "";
  });
});

async function ask() {
  const query = document.getElementById("query").value;
  const n = document.getElementById("n").value;
  asking?.abort();
  asking = new AbortController();
  start();
  const slow = setTimeout(() => say("Still waiting for the first words…"), 4000);
  try {
    const body = {
      model: document.body.dataset.model || "default",
      user,
      messages: [{ role: "user", content: query }],
      tailor: { n: n === "auto" ? "auto" : Number(n) },
    };
    for await (const chunk of chat(body, asking.signal)) {
      clearTimeout(slow);
      if (chunk.tailor?.candidates) meet(chunk.tailor);
      for (const choice of chunk.choices) write(choice);
    }
    finish();
  } catch (error) {
    if (error.name === "AbortError") say("Stopped. Nothing was recorded.");
    else {
      say("");
      showError(error);
    }
    if (!turn) cards.replaceChildren();
  } finally {
    clearTimeout(slow);
    stop.hidden = true;
    for (const text of cards.querySelectorAll(".text")) text.classList.remove("waiting");
  }
}

function start() {
  turn = "";
  cards.replaceChildren();
  actions.hidden = true;
  stop.hidden = false;
  showError(null);
  say("Answering…");
}

function meet(extension) {
  if (cards.children.length === 0) {
    for (const candidate of extension.candidates) cards.append(card(candidate));
    ranking.clear();
  }
  if (extension.recorded) turn = extension.turn;
}

function card(candidate) {
  const made = document.getElementById("card").content.cloneNode(true).firstElementChild;
  made.dataset.position = candidate.index;
  made.draggable = true;
  made.querySelector(".why").textContent = `${drawsOn(candidate)} ${KINDS[candidate.purpose] ?? ""}`;
  const position = candidate.index;
  made.querySelector(".badge").addEventListener("click", () => ranking.choose(position));
  made.querySelector(".pick").addEventListener("click", () =>
    record({ kind: "pick", turn, candidate: position }, "Recorded as the best."),
  );
  made.querySelector(".copy").addEventListener("click", () => copy(made, position));
  made.querySelector(".again").addEventListener("click", async () => {
    if (turn) await record({ kind: "regenerate", turn, candidate: position }, "Asking again…");
    ask();
  });
  editing(made, position);
  return made;
}

function write(choice) {
  const text = cards.children[choice.index]?.querySelector(".text");
  if (text && choice.delta?.content) text.textContent += choice.delta.content;
}

function finish() {
  const several = cards.children.length > 1;
  actions.hidden = !several || !turn;
  say(several ? "Which do you like best?" : "One answer was enough. Edit it or try again if it is not right.");
  ranking.clear();
}

async function copy(made, position) {
  await navigator.clipboard?.writeText(made.querySelector(".text").textContent);
  record({ kind: "copy", turn, candidate: position }, "Copied.");
}

function editing(made, position) {
  const editor = made.querySelector(".editor");
  const text = made.querySelector(".text");
  const area = editor.querySelector("textarea");
  made.querySelector(".edit").addEventListener("click", () => {
    area.value = text.textContent;
    editor.hidden = false;
    made.draggable = false;
    area.focus();
  });
  area.addEventListener("input", () => showDiff(editor.querySelector(".diff"), text.textContent, area.value));
  const close = () => {
    editor.hidden = true;
    made.draggable = true;
  };
  editor.querySelector(".cancel-edit").addEventListener("click", close);
  editor.querySelector(".save-edit").addEventListener("click", async () => {
    const edit = { kind: "edit", turn, candidate: position, text: area.value };
    if (await record(edit, "Your version is recorded.")) {
      text.textContent = area.value;
      close();
    }
  });
}

async function record(feedback, thanks) {
  if ("turn" in feedback && !feedback.turn) {
    showError(new Error("Wait until the answer is complete."));
    return false;
  }
  try {
    await give(feedback);
    showError(null);
    say(thanks);
    return true;
  } catch (error) {
    showError(error);
    return false;
  }
}
