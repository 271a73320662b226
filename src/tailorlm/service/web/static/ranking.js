// Put cards in order, by dragging them or by pressing 1, 2, 3 in the order they are liked.

/** The order of the answers; `changed` is called with the positions, best first, whenever it changes. */
export class Ranking {
  constructor(list, changed) {
    this.list = list;
    this.changed = changed;
    this.order = [];
    list.addEventListener("dragstart", (event) => this.#drag(event));
    list.addEventListener("dragover", (event) => this.#over(event));
    list.addEventListener("drop", (event) => this.#drop(event));
    list.addEventListener("dragend", () => this.#clean());
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  get cards() {
    return [...this.list.children];
  }

  /** Forget the order. */
  clear() {
    this.order = [];
    this.#show();
  }

  /** Put one more answer behind those that have a place. */
  choose(position) {
    if (position >= this.cards.length || this.order.includes(position)) return;
    this.order.push(position);
    if (this.order.length === this.cards.length - 1) {
      this.order.push(this.cards.findIndex((_, other) => !this.order.includes(other)));
    }
    this.#show();
  }

  #key(event) {
    const writing = event.target.closest("input, textarea, select");
    if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
    const number = Number(event.key);
    if (number >= 1 && number <= this.cards.length && this.cards.length > 1) {
      this.choose(this.#placed(number - 1));
    }
  }

  // Numbers count the cards as they lie; positions are those of the turn.
  #placed(place) {
    return Number(this.cards[place].dataset.position);
  }

  #drag(event) {
    this.dragged = event.target.closest(".card");
    if (!this.dragged) return;
    this.dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged.dataset.position);
  }

  #over(event) {
    if (!this.dragged) return;
    event.preventDefault();
    for (const card of this.cards) card.classList.toggle("over", card === event.target.closest(".card"));
  }

  #drop(event) {
    const target = event.target.closest(".card");
    if (!this.dragged || !target || target === this.dragged) return;
    event.preventDefault();
    const cards = this.cards;
    const behind = cards.indexOf(this.dragged) < cards.indexOf(target);
    target[behind ? "after" : "before"](this.dragged);
    this.order = this.cards.map((card) => Number(card.dataset.position));
    this.#show();
  }

  #clean() {
    for (const card of this.cards) card.classList.remove("dragged", "over");
    this.dragged = null;
  }

  #show() {
    for (const [place, card] of this.cards.entries()) {
      const rank = this.order.indexOf(Number(card.dataset.position));
      if (rank < 0) delete card.dataset.place;
      else card.dataset.place = rank + 1;
      const badge = card.querySelector(".badge");
      badge.textContent = rank < 0 ? "–" : rank + 1;
      badge.setAttribute("aria-label", rank < 0 ? "Give the next place" : `Place ${rank + 1}`);
      const name = rank < 0 ? "not ranked yet" : `place ${rank + 1}`;
      card.setAttribute("aria-label", `Answer ${place + 1}, ${name}`);
    }
    this.changed(this.order);
  }
}
