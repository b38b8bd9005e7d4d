// Style sheets: what stands in `style` elements, in links as far as it may be read, and in sheets that scripts made.
import { ids, put, string } from "./batch.js";
import { isConnected, tagOf, typeOf } from "./dom.js";
import { reading } from "./flush.js";
import { retake } from "./nodes.js";

// Rules looked at at a time, of all sheets.
const RULES = 500;

// Style elements and links whose text is to be sent.
export const styles = new Set(),
  // The document and its shadow roots, each with the sheets that it adopted.
  roots = new Map(),
  // Survives keyframes: links that stand as style elements on the other side.
  inlined = new WeakSet();
// Sheets that scripts made, with their numbers; and how each sheet was when it was sent.
const sheets = new Map();
let sent = new WeakMap();

export const forgetSheets = () => {
  roots.clear();
  sheets.clear();
  sent = new WeakMap();
};
export const isStyle = (tag, element) => tag === "style" || (tag === "link" && inlined.has(element));
// Of an alternate one nobody can tell whether it was chosen before.
export const isSheetLink = ({ rel }) => /^(?!.*alternate).*stylesheet/i.test(rel);
// A link of this origin can be read once it is there. Others are fetched by whoever looks, if they may.
export const inlines = (link) => {
  const { sheet, href } = link;
  if (inlined.has(link) || (sheet ? rulesOf(sheet) : href.startsWith(location.origin + "/") || /^blob:/.test(href))) inlined.add(link);
  return inlined.has(link);
};

const rulesOf = (sheet) => {
  try {
    return sheet.cssRules;
  } catch {
    return null;
  }
};
const hash = (text) => {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0;
  return sum;
};
const linesOf = (sheet) => Array.from(sheet.cssRules, (rule) => rule.cssText);
const keyOf = (sheet, rules) => [rules.length, sheet.disabled, sheet.media.mediaText].join();
// Where the addresses behind it begin.
const baseOf = ({ href }) => `/*ringside-base ${(href || "").replaceAll("*", "%2A")}*/`;
// One text with what it imports.
const whole = (sheet) =>
  baseOf(sheet) +
  Array.from(sheet.cssRules, (rule) => {
    const { styleSheet, media, layerName, supportsText } = rule;
    if (!styleSheet || supportsText || !rulesOf(styleSheet)) return rule.cssText;
    let css = whole(styleSheet) + baseOf(sheet);
    if (layerName != null) css = `@layer ${layerName}{${css}}`;
    return media.mediaText ? `@media ${media.mediaText}{${css}}` : css;
  }).join("\n");
// The text to send for a sheet, which is noted. `raw` is what its element holds.
const written = (sheet, raw) => {
  const rules = rulesOf(sheet);
  if (!rules) return "";
  const lines = linesOf(sheet),
    { mediaText } = sheet.media;
  sent.set(sheet, { key: keyOf(sheet, rules), hashes: lines.map(hash), at: 0 });
  if (sheet.disabled) return "";
  // As it was written, unless scripts changed its rules.
  if (raw != null && !mediaText && !lines.some((line) => /^@import/.test(line))) {
    const copy = new CSSStyleSheet();
    copy.replaceSync(raw);
    if (linesOf(copy).join() === lines.join()) return raw;
  }
  const css = whole(sheet);
  return mediaText ? `@media ${mediaText}{${css}}` : css;
};
// It is not as it was sent. Of its rules, the next few are looked at.
const isOther = (sheet, few) => {
  const rules = rulesOf(sheet),
    then = sent.get(sheet);
  if (!rules || !then) return !!rules;
  if (then.key !== keyOf(sheet, rules)) return true;
  for (few = Math.min(few, rules.length); few-- > 0; ) {
    then.at %= rules.length;
    if (hash(rules[then.at].cssText) !== then.hashes[then.at++]) return true;
  }
};
export const lookAtSheets = () => {
  let count = sheets.size;
  for (const root of roots.keys()) count += root.styleSheets.length;
  // What was read just now is as it was sent.
  const few = reading ? 0 : RULES / count;
  for (const root of roots.keys()) {
    if (!ids.has(root)) {
      roots.delete(root);
      continue;
    }
    for (const sheet of root.styleSheets) {
      const { ownerNode } = sheet;
      if (!ids.has(ownerNode) || typeOf(ownerNode) !== 1 || !isOther(sheet, few)) continue;
      if (isStyle(tagOf(ownerNode), ownerNode)) styles.add(ownerNode);
      else if (isSheetLink(ownerNode)) {
        inlined.add(ownerNode);
        retake(ownerNode);
      }
    }
    const adopted = root.adoptedStyleSheets || [];
    for (const sheet of adopted) {
      if (!sheets.has(sheet)) sheets.set(sheet, sheets.size);
      else if (!isOther(sheet, few)) continue;
      put(10, sheets.get(sheet));
      string(written(sheet));
    }
    const list = Array.from(adopted, (sheet) => sheets.get(sheet));
    if (roots.get(root) !== list.join()) {
      roots.set(root, list.join());
      put(11, ids.get(root), list.length, ...list);
    }
  }
};
export const putStyles = () => {
  for (const node of styles) {
    const id = ids.get(node),
      { sheet } = node;
    if (!id || !isConnected(node)) continue;
    put(9, id);
    // A type that is no style has no sheet.
    string(sheet ? written(sheet, tagOf(node) === "style" ? node.textContent : null) : "");
  }
};
// What a link names was loaded.
export const linkLoaded = (link) => {
  if (inlined.has(link)) styles.add(link);
  else if (isSheetLink(link) && inlines(link)) retake(link);
};
