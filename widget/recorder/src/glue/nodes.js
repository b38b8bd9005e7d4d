// Nodes into the batch: all of the page for a keyframe, and what was added, moved, changed and removed after it.
import { adopt, ids, isNew, known, name, put, put1, string } from "./batch.js";
import {
  BARE, FIELD, KINDS, LANGUAGES, LEAVES, WATCHED, addressOf, attributeOf, clock, closest, firstOf, innerRoots, isConnected,
  isLeft, languageOf, matches, namesOf, nextOf, parentOf, previousOf, shadowOf, tagOf, typeOf,
} from "./dom.js";
import { fields, large } from "./fields.js";
import { core, observe, reading } from "./flush.js";
import { listenTo } from "./run.js";
import { MASKED, ONCE_PASSWORD, asks, fieldFlags, isMasked, isRule, once, ruleless, ruling, selectors } from "./rules.js";
import { inlined, inlines, isSheetLink, isStyle, roots, styles } from "./sheets.js";

const DEEPEST = 1200,
  SHORT = 80,
  LOOK_AT_CLOCK = 32;
// Nodes whose children are not all read yet, with their depth, the deepest first; and when reading must pause.
let open = [],
  until = Infinity,
  late = false,
  credit = 0;
const isLate = () => {
  late ||= clock() > until;
  credit = late ? 0 : LOOK_AT_CLOCK;
  return late;
};
// What happened since the last flush.
export const touched = new Set(),
  // By name, whose it changed: most changes are of few names.
  attributes = new Map(),
  texts = new Set(),
  // Elements that have a shadow root now.
  shadowed = new Set();
let removed = [],
  // What was placed in this flush.
  moved = new Set();
// Elements that a rule names.
const marked = new WeakSet();
// What shows pictures that only this browser has, or a page of another origin: another module's to look at (widget/sight).
export const watched = new Set();
const watch = (tag, node) => KINDS[tag] === WATCHED && (tag !== "img" || /^blob:/.test(attributeOf(node, "src"))) && watched.add(node);
export let isMarked = false;
export const ruled = () => (isMarked = true);

export const forgetChanges = () => {
  touched.clear();
  attributes.clear();
  texts.clear();
  removed = [];
};

const shape = (element, tag, flags, keys, box, page) => {
  name(box ? "ringside-box" : tag);
  put1(flags);
  put1(keys.length + (box ? 3 : page ? 1 : 0));
  for (let i = 0; i < keys.length; i++) {
    name(keys[i]);
    string(attributeOf(element, keys[i]));
  }
  if (box) {
    const { width, height } = element.getBoundingClientRect();
    name("data-flow");
    string(getComputedStyle(element).display);
    name("data-kind");
    string(box);
    name("data-size");
    string(`${Math.round(width)}x${Math.round(height)}`);
  } else if (page) {
    name("data-base");
    string(page.baseURI.split(/[?#]/)[0]);
  }
};
// Tags of which nothing is asked but attributes and children, as of most elements.
const plain = new Set();
const element = (node, depth, masked) => {
  let tag = tagOf(node),
    keys = namesOf(node),
    flags = LANGUAGES[languageOf(node)] || 0,
    isOdd = asks || depth > DEEPEST || !plain.has(tag),
    page,
    box = "";
  for (let i = 0; i < keys.length; i++) isOdd ||= /^(data-ringside|popover$)/.test(keys[i]);
  if (isOdd) {
    const html = !flags,
      ruled = (asks || keys.some(isRule)) && matches(node, selectors);
    // As `isLeft` says.
    if (tag === "ringside-widget" || keys.includes("data-ringside")) return;
    if (ruled) {
      marked.add(node);
      isMarked = true;
      masked = !matches(node, ruling[1]) && (masked || matches(node, ruling[0]));
    }
    // Null, unless it is of this origin.
    page = html && tag === "iframe" && node.contentDocument;
    box = html && !page ? LEAVES[tag] || "" : "";
    if (ruled && matches(node, ruling[2])) box = "block";
    else if (page && core.hides(addressOf(page))) box = "block";
    else if (depth > DEEPEST) box = "deep";
    if (box) keys = keys.filter((key) => BARE.test(key));
    if (html && tag === "link") {
      const isSheet = isSheetLink(node);
      if (!isSheet || inlines(node)) keys = [];
      if (inlined.has(node)) tag = "style";
    }
    if (tag === "style") {
      // What it is for stands in its text.
      keys = keys.filter((key) => key !== "media");
      styles.add(node);
    }
    const isField = html && KINDS[tag] === FIELD;
    if (isField && node.type === "password") once.add(node);
    if (isField && once.has(node)) flags |= ONCE_PASSWORD;
    if (html) watch(page ? tag : box || tag, node);
    if (isField || tag === "dialog" || keys.includes("popover") || (html && tag.includes("-") && !matches(node, ":defined")))
      fields.set(node, "");
    if (page && !box) innerRoots.set(node, page);
    if (!(tag in LEAVES || tag in KINDS || /-|^(link|dialog)$/.test(tag))) plain.add(tag);
  }
  adopt(node);
  put1(1);
  shape(node, tag, masked ? flags | MASKED : flags, keys, box, page);
  if (!box && (page || !(tag in LEAVES))) {
    const shadow = shadowOf(node);
    if (shadow) {
      adopt(shadow);
      put1(5);
      watchRoot(shadow);
      below(shadow, depth + 1, masked);
      put1(0);
    }
    if (!page) below(node, depth + 1, masked);
  }
  put1(0);
  return true;
};
const below = (node, depth, masked, child = firstOf(node)) => {
  // All that is in it, as long as that is a short text.
  let little = child;
  for (; child; child = nextOf(child)) {
    if (--credit < 0 && isLate()) return open.push([node, depth]);
    if ((item(child, depth, masked) || child !== little) && little) little = reading && !large.push(node);
  }
};
// One node with all below it; one that the other side has already moves. Says whether it is more than a short text.
const item = (node, depth, masked) => {
  const id = known(node);
  if (id) {
    put(4, id);
    return moved.add(node);
  }
  const type = typeOf(node);
  // One function for all elements, not one made for each.
  if (type === 1) return /* @__NOINLINE__ */ element(node, depth, masked);
  adopt(node);
  if (type !== 3 && type !== 4) return put1(type === 10 ? 6 : 3);
  put1(2);
  put1(masked ? MASKED : 0);
  const { data } = node;
  string(data);
  return data.length > SHORT;
};
const watchRoot = (root) => {
  roots.set(root, "");
  observe(root);
  listenTo(root, "addEventListener");
};
// The whole page, of which nothing is read yet.
export const beginPage = () => {
  isMarked = false;
  watchRoot(document);
  open = [[document, 0]];
  // Text that is read before them may repeat what they hide.
  for (const node of document.querySelectorAll("input,textarea")) {
    if (!node.value) continue;
    put1(13);
    shape(node, tagOf(node), fieldFlags(node), namesOf(node));
    string(node.value);
  }
};
// Reads on for so many milliseconds, from where it stopped; true once all is read. What the page changed meanwhile was
// told before, so that of each open node the first children are known and the others are not.
export const putMore = (ms) => {
  until = clock() + ms;
  // Each slice reads something, however slow the machine is.
  credit = LOOK_AT_CLOCK;
  while (open.length && !late) {
    const [[node, depth], ...others] = open;
    const id = ids.get(node);
    open = [];
    let child = id ? firstOf(node) : null,
      after = 0;
    for (; child && (ids.has(child) || isLeft(child)); child = nextOf(child)) after = ids.get(child) || after;
    if (child) {
      put(1, id, after);
      large.push(node);
      below(node, depth, isMasked(node), child);
      put1(0);
    }
    open.push(...others);
  }
  until = Infinity;
  late = false;
  return !open.length;
};

const isTouched = (node) => touched.has(node) || isLeft(node);
// Places what was added and moved, run by run: neighbours that were not touched keep their order.
export const place = () => {
  moved = new Set();
  for (const node of touched) {
    const parent = parentOf(node);
    const parentId = parent && known(parent);
    if (!parentId || moved.has(node) || isNew(node) || isLeft(node) || !isConnected(parent)) continue;
    // It lies in a box: nothing of it is known to the other side, nor may be.
    if (typeOf(parent) === 1 && (tagOf(parent) in LEAVES || (!ruleless && closest(parent, ruling[2])))) continue;
    let first = node,
      before;
    while ((before = previousOf(first)) && isTouched(before)) first = before;
    // It stands where the page is not read yet.
    if (open.length && before && !known(before)) continue;
    put(1, parentId, (before && known(before)) || 0);
    const masked = isMasked(parent);
    for (let next = first; next && isTouched(next); next = nextOf(next)) {
      item(next, 0, masked);
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
export const disown = (node) => {
  // What came into it since the last flush stands elsewhere on the other side.
  if (touched.has(node) && known(node)) removed.push(known(node));
  ids.delete(node);
  const shadow = typeOf(node) === 1 && shadowOf(node);
  if (shadow) disown(shadow);
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
export const retakeOthers = () => {
  shadowed.forEach(retake);
  shadowed.clear();
  for (const [key, changed] of attributes) {
    const isOfLinks = /^(rel|href|disabled)$/.test(key);
    if (ruleless && !isOfLinks) continue;
    for (const node of changed) {
      const isOther = !ruleless && matches(node, selectors) !== marked.has(node),
        isLink = tagOf(node) === "link",
        // Only so is an alternate sheet chosen.
        isChosen = isLink && attributes.get("disabled")?.has(node) && !isSheetLink(node);
      if (isOther || isChosen || (isLink && isOfLinks && key !== "disabled")) {
        marked.delete(node);
        inlined[isChosen ? "add" : "delete"](node);
        retake(node);
      }
    }
  }
};
export const changes = () => {
  for (const [key, changed] of attributes)
    for (const node of changed) {
      const id = known(node);
      if (!id || !isConnected(node)) continue;
      const tag = tagOf(node);
      let flags = isMasked(node) ? MASKED : 0;
      if (key === "popover") fields.set(node, "");
      if (!plain.has(tag)) {
        const html = !LANGUAGES[languageOf(node)];
        if (isStyle(tag, node)) styles.add(node);
        if (key === "src") watch(tag, node);
        if (html && (LEAVES[tag] || isStyle(tag, node)) && !BARE.test(key)) continue;
        if (html && tag === "input") {
          if (node.type === "password") once.add(node);
          flags = fieldFlags(node);
        }
      }
      const text = attributeOf(node, key);
      put1(text === null ? 4 : 3);
      put1(id);
      if (text === null) name(key);
      else {
        put1(flags);
        name(key);
        string(text);
      }
    }
  for (const node of texts) {
    const id = known(node);
    if (!id || !isConnected(node)) continue;
    put1(5);
    put1(id);
    // Where no rule applies, whose text it is does not matter.
    put1(isMasked(ruleless || parentOf(node)) ? MASKED : 0);
    string(node.data);
  }
};
