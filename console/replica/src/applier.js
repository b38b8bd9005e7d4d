// Carries out the operations of a frame on the replica's document, one batch a call. What they are stands in
// page-mirror/src/replay/ops.rs, and what may be in them was decided there. Methods come from the prototypes: a
// mirrored element whose name is "createElement" or "appendChild" must not answer for the document or a form.
const LANGUAGES = ["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"];
const BASE = `ringside-hidden{display:none!important}
ringside-box{display:inline-flex;box-sizing:border-box;align-items:center;justify-content:center;overflow:hidden;
border:1px dashed #8a93a5;background:repeating-linear-gradient(45deg,#f3f4f7,#f3f4f7 8px,#e9ebf0 8px,#e9ebf0 16px);
color:#3c4457;font:12px/1.3 system-ui,sans-serif;text-align:center}
ringside-box:not([data-flow^=inline]){display:flex}ringside-box[data-flow=none]{display:none}
ringside-box::after{content:attr(data-label)}`;

const method = (prototype, key) => {
  const call = prototype[key];
  return (node, ...rest) => call.apply(node, rest);
};
const D = Document.prototype,
  N = Node.prototype,
  E = Element.prototype;
const makeElement = method(D, "createElementNS"),
  makeText = method(D, "createTextNode"),
  makeComment = method(D, "createComment");
const insert = method(N, "insertBefore"),
  removeChild = method(N, "removeChild"),
  attachShadow = method(E, "attachShadow");
const set = method(E, "setAttribute"),
  unset = method(E, "removeAttribute");
const get = (prototype, key) => {
  const { get } = Object.getOwnPropertyDescriptor(prototype, key);
  return (node) => get.call(node);
};
const parentOf = get(N, "parentNode"),
  nextOf = get(N, "nextSibling"),
  firstOf = get(N, "firstChild");
const setText = Object.getOwnPropertyDescriptor(N, "textContent").set;

/** The applier of one frame (an iframe whose document is loaded). `apply` throws where the DOM does. */
export class Applier {
  constructor(frame) {
    this.view = frame.contentWindow;
    this.page = frame.contentDocument;
    this.adopt = (root, sheets) => {
      const kind = root === this.page ? this.view.Document : this.view.ShadowRoot;
      Object.getOwnPropertyDescriptor(kind.prototype, "adoptedStyleSheets").set.call(root, [this.base, ...sheets]);
    };
    this.base = this.sheet(BASE);
    // Late images and sheets move things: the window scrolls again to where it should be.
    this.page.addEventListener("load", () => this.view.scrollTo(this.scroll), true);
    this.clear();
  }

  sheet(css) {
    const sheet = new this.view.CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  }

  clear() {
    let child;
    while ((child = firstOf(this.page))) removeChild(this.page, child);
    this.nodes = [undefined, this.page];
    this.names = [];
    this.sheets = [];
    // Another page begins at its top, wherever the one before it was scrolled to.
    this.view.scrollTo((this.scroll = { left: 0, top: 0, behavior: "instant" }));
    this.adopt(this.page, []);
  }

  apply(numbers, text) {
    const { page, nodes, names, sheets } = this;
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
          return (this.clear(), this.rest(numbers.subarray(at), text));
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
          this.adopt((nodes[id] = attachShadow(nodes[number()], { mode: "open" })), []);
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
        case 10: {
          const count = number(),
            node = nodes[numbers[at]];
          removeChild(parentOf(node), node);
          for (let left = count; left > 0; left--) delete nodes[number()];
          break;
        }
        case 11:
          set(nodes[number()], names[number()], string());
          break;
        case 12:
          unset(nodes[number()], names[number()]);
          break;
        case 13:
        case 16:
          setText.call(nodes[number()], string());
          break;
        case 14:
          this.state(nodes[number()], number(), string());
          break;
        case 15: {
          const id = number(),
            to = { left: number() | 0, top: number() | 0, behavior: "instant" };
          if (id === 1) this.view.scrollTo((this.scroll = to));
          else nodes[id].scrollTo(to);
          break;
        }
        case 17: {
          const sheet = number(),
            css = string();
          if (sheets[sheet]) sheets[sheet].replaceSync(css);
          else sheets[sheet] = this.sheet(css);
          break;
        }
        case 18: {
          const root = nodes[number()];
          const list = [];
          for (let left = number(); left > 0; left--) list.push(sheets[number()]);
          this.adopt(root, list.filter(Boolean));
          break;
        }
        case 19: {
          const { style } = nodes[number()];
          style.width = number() + "px";
          style.height = number() + "px";
          break;
        }
        default:
          throw new Error("unknown operation");
      }
    }
  }

  // Behind a clear the lists are others.
  rest(numbers, text) {
    if (numbers.length) this.apply(numbers, text);
  }

  state(node, kind, value) {
    if (kind === 0) node.value = value;
    else if (kind === 1) {
      node.checked = value === "1";
      node.indeterminate = value === "2";
    } else {
      const chosen = new Set(value.split(",").filter(Boolean).map(Number));
      Array.prototype.forEach.call(node.options || [], (option, index) => (option.selected = chosen.has(index)));
    }
  }
}
