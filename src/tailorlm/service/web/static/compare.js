// The same question for anybody and for one user, side by side.

import { drawsOn, post, say, showError, user } from "./api.js";

document.getElementById("compare").addEventListener("submit", async (event) => {
  event.preventDefault();
  const both = document.getElementById("both");
  both.hidden = true;
  showError(null);
  say("Answering twice…");
  try {
    const found = await post("/what-if", { user, query: document.getElementById("query").value });
    document.getElementById("generic").textContent = found.generic.text;
    document.getElementById("personal").textContent = found.personal.text;
    document.getElementById("why").textContent = drawsOn(found.personal);
    both.hidden = false;
    say("");
  } catch (error) {
    say("");
    showError(error);
  }
});
