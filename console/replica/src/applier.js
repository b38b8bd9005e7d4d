// Carries out the operations of a frame on the replica's document, one batch a call. What they are stands in
// page-mirror/src/replay/ops.rs, and what may be in them was decided there. Methods come from the prototypes: a
// mirrored element whose name is "createElement" or "appendChild" must not answer for the document or a form.
const LANGUAGES = ["1999/xhtml", "2000/svg", "1998/Math/MathML"].map((language) => "http://www.w3.org/" + language);

// Bound and no function of its own each: one that all share is slow, and a page may be many nodes.
const { call } = Function.prototype;
const method = (prototype, key) => call.bind(prototype[key]);
const get = (prototype, key, what = "get") => call.bind(Object.getOwnPropertyDescriptor(prototype, key)[what]);
const D = Document.prototype,
  N = Node.prototype,
  E = Element.prototype;
const makeElement = method(D, "createElementNS"),
  makeText = method(D, "createTextNode"),
  makeComment = method(D, "createComment"),
  makeFragment = method(D, "createDocumentFragment");
const insert = method(N, "insertBefore"),
  removeChild = method(N, "removeChild"),
  attachShadow = method(E, "attachShadow");
const set = method(E, "setAttribute"),
  unset = method(E, "removeAttribute");
const parentOf = get(N, "parentNode"),
  nextOf = get(N, "nextSibling"),
  firstOf = get(N, "firstChild");
const setText = get(N, "textContent", "set");

/** The applier of one frame (an iframe whose document is loaded). `apply` throws where the DOM does. */
export class Applier {
  constructor(frame) {
    this.page = frame.contentDocument;
    this.nodes = [];
    this.names = [];
    this.clear();
  }

  clear() {
    let child;
    while ((child = firstOf(this.page))) removeChild(this.page, child);
    this.nodes.splice(0, Infinity, null, this.page);
    this.names.length = 0;
  }

  apply(numbers, text) {
    const { page, nodes, names } = this;
    let at = 0,
      from = 0;
    const number = () => numbers[at++];
    const string = () => text.slice(from, (from += numbers[at++]));
    const keep = (id, node, parent) => {
      nodes[id] = node;
      if (parent) insert(nodes[parent], node, null);
    };
    while (at < numbers.length) {
      switch (number()) {
        case 1:
          this.clear();
          break;
        case 2:
          names.push(string());
          break;
        case 3: {
          const id = number(),
            parent = number(),
            node = makeElement(page, LANGUAGES[number()], names[number()]);
          for (let left = number(); left > 0; left--) set(node, names[number()], string());
          keep(id, node, parent);
          break;
        }
        case 4: {
          const id = number(),
            parent = number();
          keep(id, makeText(page, string()), parent);
          break;
        }
        case 5:
          keep(number(), makeComment(page, ""), number());
          break;
        case 6: {
          const id = number();
          nodes[id] = attachShadow(nodes[number()], { mode: "open" });
          break;
        }
        case 7: {
          const node = nodes[number()];
          insert(nodes[number()], node, null);
          break;
        }
        case 8: {
          const node = nodes[number()];
          removeChild(parentOf(node), node);
          break;
        }
        case 9: {
          const parent = nodes[number()],
            after = nodes[number()];
          let next = after ? nextOf(after) : firstOf(parent);
          for (let left = number(); left > 0; left--) {
            const node = nodes[number()];
            if (node !== next) insert(parent, node, next);
            next = nextOf(node);
          }
          break;
        }
        case 10:
          for (let left = number(); left > 0; left--) delete nodes[number()];
          break;
        case 11:
          set(nodes[number()], names[number()], string());
          break;
        case 12:
          unset(nodes[number()], names[number()]);
          break;
        case 13:
          setText(nodes[number()], string());
          break;
        case 20:
          nodes[number()] = makeFragment(page);
      }
    }
  }
}
