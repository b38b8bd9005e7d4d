// A random tree and what happens to it: the same seed gives the same tree and the same steps.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const TAGS = ["div", "div", "span", "p", "section", "ul", "li", "b", "details", "x-thing"];
  const NAMES = ["class", "title", "data-a", "data-b", "id"];
  const WORDS = "oak pine ash elm brass copper linen wool é 漢 😀 𝒳 & < \u00a0 - _".split(" ");
  // Kept for later, so that nodes come back.
  const DETACHED = 24;

  class History {
    constructor(seed, host) {
      this.state = seed | 0;
      this.host = host;
      this.detached = [];
      this.serial = 0;
      this.roots = [host];
    }
    // mulberry32 (Tommy Ettinger, public domain)
    random() {
      this.state = (this.state + 0x6d2b79f5) | 0;
      let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    }
    below(n) {
      return Math.floor(this.random() * n);
    }
    pick(list) {
      return list[this.below(list.length)];
    }
    words() {
      return Array.from({ length: this.below(5) }, () => this.pick(WORDS)).join(" ") + this.below(100);
    }
    // Everything that may hold children: elements, and shadow roots that are still in the tree.
    parents() {
      this.roots = this.roots.filter((root) => root.isConnected);
      return this.roots.flatMap((root) => [root, ...root.querySelectorAll("*")]);
    }
    elements() {
      return this.parents().filter((node) => node.nodeType === 1 && node !== this.host);
    }
    place(parent, ...nodes) {
      const before = parent.childNodes[this.below(parent.childNodes.length + 1)] ?? null;
      for (const node of nodes) parent.insertBefore(node, before);
    }
    leaf() {
      const kind = this.below(12);
      if (kind === 0) return document.createComment(this.words());
      if (kind < 5) return document.createTextNode(kind === 1 ? "" : this.words());
      if (kind === 5) return document.createElementNS(SVG, this.pick(["svg", "g", "path"]));
      const node = document.createElement(this.pick(TAGS));
      if (this.below(2)) node.setAttribute(this.pick(NAMES), this.words());
      return node;
    }
    subtree(size) {
      const top = document.createElement(this.pick(TAGS)),
        parents = [top];
      while (size-- > 0) {
        const node = this.leaf();
        this.place(this.pick(parents), node);
        if (node.nodeType === 1) parents.push(node);
      }
      return top;
    }
    takeOut(node) {
      node.remove();
      if (this.detached.length < DETACHED) this.detached.push(node);
    }
    grow(size) {
      while (size > 0) {
        const part = Math.min(size, 1 + this.below(60));
        this.place(this.pick(this.parents().slice(0, 40)), this.subtree(part));
        size -= part;
      }
    }

    add() {
      this.place(this.pick(this.parents()), this.leaf());
    }
    addTree() {
      this.place(this.pick(this.parents()), this.subtree(1 + this.below(20)));
    }
    move(to = this.pick(this.parents())) {
      const node = this.pick(this.elements());
      if (node && !node.contains(to) && !this.hosts(node, to)) this.place(to, node);
    }
    // A shadow root below the node may hold the place.
    hosts(node, to) {
      for (let at = to; at; at = at.parentNode ?? at.host) if (at === node) return true;
      return false;
    }
    swap() {
      const parent = this.pick(this.parents()),
        all = [...parent.childNodes];
      for (const node of this.below(2) ? all.reverse() : all.sort(() => this.random() - 0.5)) parent.append(node);
    }
    wrap() {
      const node = this.pick(this.elements());
      if (!node) return;
      const wrapper = document.createElement("div");
      node.replaceWith(wrapper);
      wrapper.append(node);
    }
    unwrap() {
      const node = this.pick(this.elements());
      if (node) node.replaceWith(...node.childNodes);
    }
    remove() {
      const node = this.pick(this.elements());
      if (node) this.takeOut(node);
    }
    removeAndAdd() {
      const node = this.pick(this.elements());
      if (!node) return;
      node.remove();
      if (this.below(2)) node.append(this.leaf());
      this.place(this.pick(this.parents()), node);
    }
    bringBack() {
      const [node] = this.detached.splice(this.below(this.detached.length), 1);
      if (node) this.place(this.pick(this.parents()), node);
    }
    changeDetached() {
      const node = this.pick(this.detached);
      if (node) this.place(node, this.leaf());
    }
    attribute() {
      const node = this.pick(this.elements());
      if (!node) return;
      const name = this.pick(NAMES);
      if (this.below(4) === 0) node.removeAttribute(name);
      else node.setAttribute(name, this.words());
    }
    texts() {
      return this.parents().flatMap((node) => [...node.childNodes].filter((child) => child.nodeType === 3));
    }
    text() {
      const node = this.pick(this.texts());
      if (!node) return;
      if (this.below(2)) node.data = this.words();
      else node.splitText(this.below(node.length + 1));
    }
    normalise() {
      this.pick(this.parents()).normalize();
    }
    // Roots are attached before their hosts are in the tree, as constructors do.
    shadow() {
      const host = document.createElement(this.pick(["div", "span", "section", "x-thing"])),
        root = host.attachShadow({ mode: "open" });
      root.append(this.subtree(this.below(8)), document.createElement("slot"));
      host.append(this.leaf());
      this.place(this.pick(this.parents()), host);
      this.roots.push(root);
    }
    // And on elements that were mirrored without one, which no event tells.
    lateShadow() {
      const takes = ({ localName, shadowRoot }) => /^(?:div|span|section|p|x-thing)$/.test(localName) && !shadowRoot;
      const host = this.pick(this.elements().filter(takes));
      if (!host) return;
      const root = host.attachShadow({ mode: "open" });
      root.append(this.subtree(this.below(6)), document.createElement("slot"));
      this.roots.push(root);
    }
    markup() {
      const node = this.pick(this.elements());
      if (node && node.namespaceURI !== SVG)
        node.innerHTML = `<p class="${this.below(9)}">${this.below(99)}<i>x</i></p>`.repeat(this.below(5));
    }
    empty() {
      const all = this.parents();
      this.pick(all.slice(all.length >> 1)).replaceChildren();
    }
    thousands() {
      const nodes = Array.from({ length: 1500 }, () => this.leaf());
      this.place(this.pick(this.parents()), ...nodes);
      for (const node of nodes) {
        const fate = this.below(6);
        if (fate < 2) node.remove();
        else if (fate === 2 && node.nodeType === 1) node.setAttribute("class", "late");
        else if (fate === 3) this.host.append(node);
      }
    }
    act() {
      const [, deed] = this.pick(DEEDS);
      this[deed]();
    }
    // Some of them in one task, at times with a microtask between.
    async step() {
      for (let left = 1 + this.below(14); left > 0; left--) {
        this.act();
        if (this.below(6) === 0) await undefined;
      }
      if (this.below(40) === 0) this.thousands();
      return this.print();
    }
    print() {
      return printOf(treeOf(this.host));
    }
    // Changes in every task while the page is read, until it is told to rest.
    async fret() {
      const { port1, port2 } = new MessageChannel();
      this.resting = false;
      while (!this.resting) {
        this.act();
        await new Promise((done) => {
          port1.onmessage = done;
          port2.postMessage(0);
        });
      }
      this.rested();
    }
    rest() {
      return new Promise((done) => {
        this.rested = () => done(this.print());
        this.resting = true;
      });
    }
  }
  const DEEDS = Object.entries({
    add: 4, addTree: 2, move: 5, swap: 1, wrap: 1, unwrap: 1, remove: 3, removeAndAdd: 4, bringBack: 4, changeDetached: 1,
    attribute: 4, text: 4, normalise: 1, shadow: 1, lateShadow: 1, markup: 1, empty: 1,
  }).flatMap(([deed, weight]) => Array.from({ length: weight }, () => [weight, deed]));

  addEventListener("DOMContentLoaded", () => {
    const asked = new URLSearchParams(location.search),
      host = document.getElementById("host");
    host.dataset.seed = asked.get("seed");
    globalThis.tale = new History(Number(asked.get("seed")), host);
    tale.grow(Number(asked.get("nodes")));
    if (asked.get("frets")) tale.fret();
  });
})();
