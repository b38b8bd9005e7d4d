// Masking: which rules apply where. The rules are given; none is decided here.
import { ids } from "./batch.js";
import { addressOf, closest, hostOf, matches, rootOf, typeOf } from "./dom.js";
import { core } from "./flush.js";
import { disown } from "./nodes.js";
import { roots } from "./sheets.js";

export const MASKED = 4,
  ONCE_PASSWORD = 8;
const OURS = "data-ringside-";
export let strict = false,
  selectors = "",
  // Selectors of what is masked, of what is not, and of what is a box.
  ruling = [],
  // The business has rules of its own: every element must be asked. Those of the page stand in attributes.
  asks = false;
// No rule applies anywhere: nothing needs to be asked.
export let ruleless = false;

// Passwords that may be shown as text by now.
export const once = new WeakSet();

// `level`: 0 balanced, 1 strict, 2 off.
export const readRules = ([level, ...lists]) => {
  strict = level === 1;
  asks = lists.flat().length;
  ruling = ["mask", "unmask", "block"].map((own, at) => {
    let all = level === 2 ? ":not(*)" : `[${OURS}${own}]`;
    for (const selector of lists[at])
      try {
        new DocumentFragment().querySelector(selector);
        all += "," + selector;
      } catch {
        // A rule that cannot be applied must not let anything through.
        strict = true;
      }
    return all;
  });
  selectors = ruling.join();
};
export const setRuleless = (yes) => (ruleless = yes);
export const isMasked = (node) => {
  if (ruleless) return strict;
  while (node) {
    const ruled = typeOf(node) === 1 && closest(node, selectors);
    if (ruled) return !matches(ruled, ruling[1]);
    node = hostOf(rootOf(node));
  }
  return strict;
};
// A script led what is mirrored, the page or the document of a frame, to where it may not be seen. Whatever is read of
// it, or leaves, is asked just before: no event tells of it.
export const isAstray = () => {
  for (const root of roots.keys())
    if (typeOf(root) === 9 && ids.has(root)) {
      const address = addressOf(root);
      // What stands in a frame that is gone is masked by nothing around it any more.
      if (!address) disown(root);
      else if (core.hides(address)) return true;
    }
};
export const isRule = (key) => key.startsWith(OURS);
export const hasRules = (root) => root.querySelector(selectors);
export const fieldFlags = (node) => (isMasked(node) ? MASKED : 0) | (once.has(node) ? ONCE_PASSWORD : 0);
