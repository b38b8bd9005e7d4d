// Style sheets: text of `style` elements, rules that scripts changed, sheets that scripts made.
import { ids, put, string } from "./batch.js";
import { isConnected, tagOf, textOf } from "./dom.js";
import { retake } from "./nodes.js";
import { absoluteCss } from "./urls.js";

// Style elements whose text is to be sent.
export const styles = new Set(),
  // The document and its shadow roots, each with the sheets that it adopted.
  roots = new Map(),
  // Survives keyframes: links whose rules a script changed.
  inlined = new WeakSet();
// Sheets that scripts made, with their numbers; and how many rules a sheet had.
const sheets = new Map();
let rules = new WeakMap();

export const forgetSheets = () => {
  roots.clear();
  sheets.clear();
  rules = new WeakMap();
};
export const isStyle = (tag, element) => tag === "style" || (tag === "link" && inlined.has(element));
export const styleChanged = (node) => {
  rules.delete(node.sheet);
  styles.add(node);
};

const ruleCount = (sheet) => {
  try {
    return sheet.cssRules.length;
  } catch {
    return -1;
  }
};
const written = (sheet) => {
  rules.set(sheet, ruleCount(sheet));
  return absoluteCss(Array.from(sheet.cssRules, (rule) => rule.cssText).join("\n"), sheet.href || document.baseURI);
};
// The text of a style element, unless scripts changed its rules since it was read.
const styleText = (node) => {
  const { sheet } = node,
    length = sheet ? ruleCount(sheet) : -1;
  if (length < 0) return absoluteCss(textOf(node), document.baseURI);
  const before = rules.get(sheet),
    text = textOf(node);
  rules.set(sheet, length);
  let parsed = 0;
  if (before !== undefined && before !== length) parsed = -1;
  else if (/\S/.test(text)) {
    const copy = new CSSStyleSheet();
    copy.replaceSync(text);
    parsed = copy.cssRules.length;
  }
  return parsed === length ? absoluteCss(text, document.baseURI) : written(sheet);
};
export const lookAtSheets = () => {
  for (const root of roots.keys()) {
    if (!ids.has(root)) {
      roots.delete(root);
      continue;
    }
    for (const sheet of root.styleSheets) {
      const { ownerNode } = sheet,
        length = ruleCount(sheet),
        before = rules.get(sheet);
      if (length < 0 || length === before || !ids.has(ownerNode)) continue;
      if (isStyle(tagOf(ownerNode), ownerNode)) styles.add(ownerNode);
      else if (before === undefined) rules.set(sheet, length);
      else {
        inlined.add(ownerNode);
        rules.set(sheet, length);
        retake(ownerNode);
      }
    }
    const adopted = root.adoptedStyleSheets || [];
    for (const sheet of adopted) {
      if (!sheets.has(sheet)) sheets.set(sheet, sheets.size);
      else if (rules.get(sheet) === ruleCount(sheet)) continue;
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
    const id = ids.get(node);
    if (!id || !isConnected(node)) continue;
    put(9, id);
    string(node.sheet && tagOf(node) === "link" ? written(node.sheet) : styleText(node));
  }
};
