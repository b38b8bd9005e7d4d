// Masking: which rules apply where. The rules are given; none is decided here.
import { closest, hostOf, matches, rootOf } from "./dom.js";

const MASK = "[data-ringside-mask]";
export const UNMASK = "[data-ringside-unmask]",
  BLOCK = "[data-ringside-block]",
  MASKED = 4,
  ONCE_PASSWORD = 8;
const OURS = "data-ringside-";
export let strict = false,
  selectors = "",
  masks = MASK,
  // The business has rules of its own: every element must be asked. Those of the page stand in attributes.
  asks = false;
// No rule applies anywhere: nothing needs to be asked.
let ruleless = false;

// Passwords that may be shown as text by now.
export const once = new WeakSet();

// `level`: 0 balanced, 1 strict, 2 off.
export const readRules = (level, list) => {
  strict = level === 1;
  asks = list.length > 0;
  masks = level === 2 ? ":not(*)" : MASK;
  for (const selector of level === 2 ? [] : list) {
    try {
      new DocumentFragment().querySelector(selector);
      masks += "," + selector;
    } catch {
      // A rule that cannot be applied must not let anything through.
      strict = true;
    }
  }
  selectors = [masks, UNMASK, BLOCK].join();
};
export const setRuleless = (yes) => (ruleless = yes);
export const isRuleless = () => ruleless;
export const isMasked = (element) => {
  if (ruleless) return strict;
  while (element) {
    const ruled = closest(element, `${masks},${UNMASK}`);
    if (ruled) return !matches(ruled, UNMASK);
    element = hostOf(rootOf(element));
  }
  return strict;
};
export const isRule = (key) => key.startsWith(OURS);
export const hasRules = (root) => root.querySelector(selectors) !== null;
export const fieldFlags = (node) => (isMasked(node) ? MASKED : 0) | (once.has(node) ? ONCE_PASSWORD : 0);
