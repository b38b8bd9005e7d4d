// What is called from Rust; listens to the page.
import { forgetNames, known } from "./batch.js";
import { E, hostOf, innerRoots, isConnected, later, parentOf } from "./dom.js";
import { core, flush, onField, onLoad, onScroll, pacedFlush, pause, recordFor } from "./flush.js";
import { shadowed } from "./nodes.js";
import { roots } from "./sheets.js";
import { connect, disconnect, lead, onFront, sendPointer, start, stop } from "./socket.js";

// Milliseconds between looks at what no event tells, and between pointer frames.
const LOOK_MS = 400,
  POINTER_MS = 50;
let looking, pointing, pointer;

const onPointer = (event) => {
  pointer = event;
  pointing ||= later(() => {
    pointing = 0;
    sendPointer(pointer);
  }, POINTER_MS);
};
// After these, something else is pointed at, focused or selected.
export const onAttention = (event) => {
  core.heard(event);
  pacedFlush();
};
// By what they are heard with; those of TYPES at the document and each shadow root: most are not heard beyond it.
const TYPES = { input: onField, change: onField, toggle: onField, scroll: onScroll, load: onLoad };
const WIDE = {
  pointermove: onPointer,
  pagehide: disconnect,
  pageshow: (event) => event.persisted && connect(),
  visibilitychange: onFront,
  focus: (event) => event.target === window && onFront(),
};
for (const type of "resize pointerover pointerout pointerdown pointerup pointercancel focusin focusout selectionchange".split(" "))
  WIDE[type] = onAttention;
export const listenTo = (target, how, types = TYPES) => {
  for (const type in types) target[how](type, types[type], { capture: true, passive: true });
};
const listen = (how) => {
  listenTo(window, how, WIDE);
  [document, ...roots.keys()].forEach((root) => listenTo(root, how));
};
const attach = E.attachShadow;
// Closed roots are known to who makes them alone; and no event tells that an element has one now.
const attachShadow = function (init) {
  const root = attach.call(this, init);
  innerRoots.set(this, root);
  shadowed.add(this);
  pacedFlush();
  return root;
};
export const leave = () => {
  listen("removeEventListener");
  pause();
  clearInterval(looking);
  looking = 0;
  if (E.attachShadow === attachShadow) E.attachShadow = attach;
};
// One document is published by one run at a time.
const run = (core_, config, on) => {
  if (looking) stop();
  recordFor(core_);
  forgetNames();
  listen("addEventListener");
  E.attachShadow = attachShadow;
  looking = setInterval(() => flush(true), LOOK_MS);
  start(config, on);
  // A message of one byte is the customer's own: what is hidden?
  return { stop, show: () => lead([0]), told: ([url, title]) => core.told(url, title) };
};
// The id of a node, or of the one around it that the other side knows.
const idOf = (node) => {
  while (node && !known(node)) node = parentOf(node) || hostOf(node);
  return node && isConnected(node) ? known(node) : 0;
};
export { idOf, run };
