// What was changed between two texts, word by word.

const MOST = 1500;

/** Fill an element with the difference: what is gone as <del>, what is new as <ins>. */
export function showDiff(element, before, after) {
  element.replaceChildren();
  const a = before.split(/(\s+)/), b = after.split(/(\s+)/);
  if (a.length > MOST || b.length > MOST) return;
  for (const [kind, words] of changes(a, b)) {
    const part = document.createElement(kind);
    part.textContent = words;
    element.append(kind === "span" ? document.createTextNode(words) : part);
  }
}

function changes(a, b) {
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j]
        ? common[i + 1][j + 1] + 1
        : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const parts = [];
  const add = (kind, word) => {
    const last = parts.at(-1);
    if (last && last[0] === kind) last[1] += word;
    else parts.push([kind, word]);
  };
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add("span", a[i]);
      i++; j++;
    } else if (j === b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) {
      add("del", a[i++]);
    } else {
      add("ins", b[j++]);
    }
  }
  return parts;
}
