// Calls of the gateway's API, with its errors in words.

export const user = document.body.dataset.user;

/** Show what went wrong where people look for it, or take it away. */
export function showError(error) {
  document.getElementById("error").textContent = error ? error.message : "";
}

/** Say what is going on, for eyes and screen readers alike. */
export function say(text) {
  document.getElementById("status").textContent = text;
}

/** What went into an answer, as a sentence. */
export function drawsOn({ tags, rules }) {
  const items = [...tags, ...rules].map((item) => item.replace(/[.;]+$/, ""));
  return items.length ? `It draws on: ${items.join("; ")}.` : "Nothing personal went into it.";
}

async function checked(answer) {
  if (answer.ok) return answer;
  let message = `The gateway answered with ${answer.status}.`;
  try {
    message = (await answer.json()).error.message;
  } catch {
    // no JSON: the status has to do
  }
  throw new Error(message);
}

async function send(path, body, signal) {
  try {
    return await checked(
      await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Tailor-Page": "1" },
        body: JSON.stringify(body),
        signal,
      }),
    );
  } catch (error) {
    if (error instanceof TypeError) {
      throw new Error("The gateway cannot be reached. Is it still running?");
    }
    throw error;
  }
}

/** POST an object to one of tailorlm's own routes and return the answer's object. */
export async function post(path, body) {
  return (await send(`/tailor/v1${path}`, body)).json();
}

/** Give feedback; a key makes a repeated click one event. */
export function give(feedback) {
  return post("/feedback", { user, feedback });
}

/** Upload a text or file; `report` is told the share that is sent. */
export function upload({ title, body, type }, report) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/tailor/v1/documents?${new URLSearchParams({ user, title: title.slice(0, 200) })}`);
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("X-Tailor-Page", "1");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => report(event.loaded / (event.total || 1)));
    request.addEventListener("load", () => {
      if (request.status === 200) resolve(request.response);
      else reject(new Error(request.response?.error?.message ?? `The gateway answered with ${request.status}.`));
    });
    request.addEventListener("error", () => reject(new Error("The gateway cannot be reached. Is it still running?")));
    request.send(body);
  });
}

/** Ask for a streamed chat completion; yields the chunk objects. */
export async function* chat(body, signal) {
  const answer = await send("/v1/chat/completions", { ...body, stream: true }, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The answer broke off. Ask again.");
    pending += value;
    const events = pending.split("\n\n");
    pending = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(chunk.error.message);
      yield chunk;
    }
  }
}
