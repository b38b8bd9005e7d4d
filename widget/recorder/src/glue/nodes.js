// Nodes into the batch: all of the page for a keyframe, and what was added, moved, changed and removed after it.
import { adopt, ids, isNew, known, name, put, put1, string } from "./batch.js";
import {
  HTML, LANGUAGES, LEAVES, attributeOf, dataOf, firstOf, isConnected, isLeft, languageOf, matches, namesOf, nextOf,
  parentOf, previousOf, shadowOf, tagOf, typeOf,
} from "./dom.js";
import { fields } from "./fields.js";
import { observe } from "./flush.js";
import { BLOCK, MASKED, ONCE_PASSWORD, UNMASK, fieldFlags, hasRules, isMasked, masks, once, selectors } from "./rules.js";
import { inlined, isStyle, roots, styles } from "./sheets.js";
import { value } from "./urls.js";

const DEEPEST = 1200;
// What happened since the last flush.
export const touched = new Set(),
  attributes = new Map(),
  texts = new Set();
let removed = [],
  // What was placed in this flush.
  moved = new Set();
// Elements that a rule names.
const marked = new WeakSet();
export let isMarked = false;

export const forgetChanges = () => {
  touched.clear();
  attributes.clear();
  texts.clear();
  removed = [];
};

const shape = (element, tag, flags, keys, box) => {
  put1(1);
  name(box ? "ringside-box" : tag);
  put(flags, keys.length + (box ? 3 : 0));
  for (const key of keys) {
    name(key);
    string(value(tag, key, attributeOf(element, key)));
  }
  if (box) {
    const { width, height } = element.getBoundingClientRect();
    name("data-flow");
    string(getComputedStyle(element).display);
    name("data-kind");
    string(box);
    name("data-size");
    string(`${Math.round(width)}x${Math.round(height)}`);
  }
};
const element = (node, depth, masked, ruled) => {
  let tag = tagOf(node),
    keys = namesOf(node);
  const language = LANGUAGES[languageOf(node)] ?? 0,
    html = !language;
  if (ruled && matches(node, selectors)) {
    marked.add(node);
    isMarked = true;
    masked = !matches(node, UNMASK) && (masked || matches(node, masks));
  }
  let box = html ? LEAVES[tag] || "" : "";
  if (ruled && matches(node, BLOCK)) box = "block";
  else if (depth > DEEPEST) box = "deep";
  if (box) keys = keys.filter((key) => /^(?:id|class|style)$/.test(key));
  const isSheet = tag === "link" && /^stylesheet$/i.test(attributeOf(node, "rel") || "");
  if (html && tag === "link" && isSheet && (inlined.has(node) || /^blob:/.test(node.href))) {
    inlined.add(node);
    keys = keys.filter((key) => key === "media");
    tag = "style";
  } else if (html && tag === "link" && !isSheet) keys = [];
  const isField = html && (tag === "input" || tag === "textarea" || tag === "select");
  if (isField && node.type === "password") once.add(node);
  shape(node, tag, language | (masked ? MASKED : 0) | (once.has(node) ? ONCE_PASSWORD : 0), keys, box);
  if (tag === "style") styles.add(node);
  if (isField) fields.set(node, "");
  if (!box && (!html || LEAVES[tag] === undefined)) {
    const shadow = shadowOf(node);
    if (shadow) {
      adopt(shadow);
      put1(5);
      watch(shadow);
      below(shadow, depth + 1, masked, hasRules(shadow));
      put1(0);
    }
    below(node, depth + 1, masked, ruled);
  }
  put1(0);
};
const below = (node, depth, masked, ruled) => {
  for (let child = firstOf(node); child; child = nextOf(child)) item(child, depth, masked, ruled);
};
// One node with all below it; one that the other side has already moves.
const item = (node, depth, masked, ruled) => {
  const id = known(node);
  if (id) {
    put(4, id);
    moved.add(node);
    return;
  }
  if (isLeft(node)) return;
  adopt(node);
  switch (typeOf(node)) {
    case 1:
      return element(node, depth, masked, ruled);
    case 3:
    case 4:
      put1(2);
      put1(masked ? MASKED : 0);
      return string(dataOf(node));
    case 10:
      return put1(6);
    default:
      return put1(3);
  }
};
const watch = (root) => {
  roots.set(root, "");
  observe(root);
};
// The whole page.
export const putPage = (strict) => {
  isMarked = false;
  watch(document);
  put(1, 1, 0);
  below(document, 0, strict, hasRules(document));
  put1(0);
};

const isTouched = (node) => touched.has(node) || isLeft(node);
// Places what was added and moved, run by run: neighbours that were not touched keep their order.
export const place = () => {
  moved = new Set();
  for (const node of touched) {
    const parent = parentOf(node);
    const parentId = parent && known(parent);
    if (!parentId || moved.has(node) || isNew(node) || isLeft(node) || !isConnected(parent)) continue;
    if (typeOf(parent) === 1 && LEAVES[tagOf(parent)] !== undefined && languageOf(parent) === HTML) continue;
    let first = node,
      before;
    while ((before = previousOf(first)) && isTouched(before)) first = before;
    put(1, parentId, (before && known(before)) || 0);
    const masked = isMasked(typeOf(parent) === 1 ? parent : parent.host);
    for (let next = first; next && isTouched(next); next = nextOf(next)) {
      item(next, 0, masked, typeOf(next) === 1 && (matches(next, selectors) || hasRules(next)));
      moved.add(next);
    }
    put1(0);
  }
  for (const node of touched) {
    const id = known(node);
    if (id && !moved.has(node)) removed.push(id);
  }
  for (const id of removed) put(2, id);
};
const disown = (node) => {
  ids.delete(node);
  for (let child = firstOf(node); child; child = nextOf(child)) disown(child);
};
// A rule applies to an element now, or no longer: it is sent anew.
export const retake = (node) => {
  const id = known(node);
  if (!id) return;
  removed.push(id);
  disown(node);
  touched.add(node);
};
// Elements that other rules apply to since an attribute changed, and links that are something else now.
export const retakeOthers = (ruleless) => {
  for (const [node, keys] of attributes) {
    const isOther = !ruleless && matches(node, selectors) !== marked.has(node);
    if (isOther || (tagOf(node) === "link" && (keys.has("rel") || keys.has("href")))) {
      marked.delete(node);
      retake(node);
    }
  }
};
export const changes = () => {
  for (const [node, keys] of attributes) {
    const id = known(node),
      tag = tagOf(node);
    if (!id || !isConnected(node) || isLeft(node)) continue;
    const isHtml = languageOf(node) === HTML;
    if (isHtml && tag === "input" && /^password$/i.test(attributeOf(node, "type") || "")) once.add(node);
    const flags = fieldFlags(node);
    for (const key of keys) {
      const text = attributeOf(node, key);
      if (isHtml && (LEAVES[tag] || isStyle(tag, node)) && !/^(?:id|class|style|media)$/.test(key)) continue;
      put(text === null ? 4 : 3, id);
      if (text !== null) put1(flags);
      name(key);
      if (text !== null) string(value(tag, key, text));
    }
  }
  for (const node of texts) {
    const id = known(node);
    if (!id || !isConnected(node)) continue;
    put(5, id, isMasked(parentOf(node)) ? MASKED : 0);
    string(dataOf(node));
  }
};
