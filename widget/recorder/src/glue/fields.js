// What is no node: form state, scroll, viewport, and the page's address and title.
import { ids, isNew, put, put1, string } from "./batch.js";
import { attributeOf, isConnected, tagOf } from "./dom.js";
import { fieldFlags } from "./rules.js";

// Form fields that are looked at, with how they looked last time; what scrolled since the last flush.
export const fields = new Map(),
  scrolled = new Set();
let resized = true,
  page = "";

export const onResized = () => (resized = true);
export const forgetFields = () => {
  fields.clear();
  page = "";
  resized = true;
};
const lookAtField = (node) => {
  const id = ids.get(node);
  if (!id || !isConnected(node)) return fields.delete(node);
  const tag = tagOf(node);
  let kind = 0,
    now = node.value,
    initial = attributeOf(node, "value") || "";
  if (tag === "select") {
    kind = 2;
    now = Array.from(node.selectedOptions, (option) => option.index).join();
    initial = null;
  } else if (/^(?:checkbox|radio)$/.test(node.type)) {
    kind = 1;
    now = node.indeterminate ? "2" : node.checked ? "1" : "0";
    initial = attributeOf(node, "checked") === null ? "0" : "1";
  } else if (node.type === "file") return;
  const before = fields.get(node) || "=" + initial;
  if (before === "=" + now) return;
  fields.set(node, "=" + now);
  put(6, id, fieldFlags(node), kind);
  string(now);
};
export const lookAtFields = (onlyNew) => {
  for (const node of fields.keys()) if (!onlyNew || isNew(node)) lookAtField(node);
};
export const fieldChanged = (node) => fields.has(node) && (lookAtField(node), true);

export const surroundings = () => {
  for (const node of scrolled) {
    const id = node === document ? 1 : ids.get(node);
    if (!id || !isConnected(node)) continue;
    const [x, y] = node === document ? [scrollX, scrollY] : [node.scrollLeft, node.scrollTop];
    put(7, id, Math.round(x), Math.round(y));
  }
  if (resized) put(8, innerWidth, innerHeight, Math.round(devicePixelRatio * 100));
  const title = String(document.title),
    now = location.href + "\n" + title;
  if (now !== page) {
    page = now;
    put1(12);
    string(location.href);
    string(title);
  }
  resized = false;
};
