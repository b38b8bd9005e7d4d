// What elements hold beside their nodes: form state, flags, scroll.
import { ids, isNew, put, string } from "./batch.js";
import { FIELD, KINDS, attributeOf, isConnected, matches, tagOf, typeOf } from "./dom.js";
import { fieldFlags } from "./rules.js";

// Form fields that are looked at, with how they looked last time; what scrolled since the last flush.
export const fields = new Map(),
  scrolled = new Set();
// What else an element is, with a letter for each (codec::state::FLAGS).
const FLAGS = ":modal :popover-open :not(:defined) :user-invalid :user-valid".split(" "),
  LETTERS = "mpuiv";
// What a browser does not know, no element is.
const is = (node, selector) => matches(node, `:is(${selector})`);

const lookAtField = (node) => {
  const id = ids.get(node);
  if (!id || !isConnected(node)) return fields.delete(node);
  const tag = tagOf(node),
    flags = is(node, FLAGS) ? FLAGS.map((flag, at) => (is(node, flag) ? LETTERS[at] : "")).join("") : "";
  let kind = 0,
    now = node.value,
    initial = attributeOf(node, "value") || "",
    which = "";
  if (KINDS[tag] !== FIELD || node.type === "file") now = initial;
  else if (tag === "select") {
    kind = 2;
    now = Array.from(node.selectedOptions, (option) => option.index).join();
    // Other options may be selected in the same places.
    which = Array.from(node.selectedOptions, (option) => "/" + ids.get(option));
    initial = null;
  } else if (/^(checkbox|radio)$/.test(node.type)) {
    kind = 1;
    now = node.indeterminate ? "2" : +node.checked + "";
    initial = attributeOf(node, "checked") === null ? "0" : "1";
  }
  const seen = now + which,
    [flagsBefore, before] = fields.get(node) || ["", initial];
  fields.set(node, [flags, seen]);
  if (before !== seen) {
    put(6, id, fieldFlags(node), kind);
    string(now);
  }
  if (flagsBefore !== flags) {
    put(6, id, 0, 3);
    string(flags);
  }
};
export const lookAtFields = (onlyNew) => {
  for (const node of fields.keys()) if (!onlyNew || isNew(node)) lookAtField(node);
};
export const fieldChanged = (node) => fields.has(node) && (lookAtField(node), true);

// What may have been scrolled before anybody looked. To ask is dear: not where little is in it that could be scrolled.
export const large = [];
export const lookForScrolled = () => {
  for (const node of [...large.splice(0), ...fields.keys()]) if (node.scrollTop || node.scrollLeft) scrolled.add(node);
};
export const putScrolls = () => {
  for (const node of scrolled) {
    const id = ids.get(node);
    if (!id || !isConnected(node)) continue;
    const [x, y] = node === document ? [scrollX, scrollY] : [node.scrollLeft, node.scrollTop];
    put(7, id, Math.round(x), Math.round(y));
  }
};
