// Watches the page. One batch of what changed goes to `core` per flush.
import { forgetAll, handOver, ids, markNew } from "./batch.js";
import { cancel, clock, later, parentOf, shadowOf, tagOf, typeOf } from "./dom.js";
import { fieldChanged, fields, large, lookAtFields, lookForScrolled, putScrolls, scrolled } from "./fields.js";
import {
  attributes, beginPage, changes, forgetChanges, isMarked, place, putMore, retake, retakeOthers, ruled, texts, touched,
  watched,
} from "./nodes.js";
import { asks, hasRules, isAstray, isRule, readRules, setRuleless, strict } from "./rules.js";
import { forgetSheets, linkLoaded, lookAtSheets, putStyles, roots, styles } from "./sheets.js";
import { isBusy, lookCloser, soon, state } from "./socket.js";

const MANY = 64,
  KEYFRAME_MS = 1000,
  SLICE_MS = 8;
// Milliseconds between looks at a network that does not keep up.
export const WAIT_MS = 400;
// Milliseconds between frames.
export const FRAME_MS = 8;

let paced, keyframeTimer, sliceMs,
  lastKeyframe = 0;
export let core,
  recording = false,
  // Not all of the page is read yet.
  reading = false;

export const recordFor = (given) => (core = given);
export const observe = (root) =>
  observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
const touch = (list) => {
  for (let i = 0; i < list.length; i++) touched.add(list[i]);
};
const see = (records) => {
  for (const record of records) {
    const { target, attributeName } = record;
    if (attributeName) {
      // A record makes its lists of nodes when they are asked for.
      const key = /xlink$/.test(record.attributeNamespace) ? "xlink:" + attributeName : attributeName;
      if (!attributes.has(key)) {
        attributes.set(key, new Set());
        if (isRule(key)) ruled();
      }
      attributes.get(key).add(target);
      continue;
    }
    const isText = record.type !== "childList";
    // Text of a style element has no id.
    if (isText && ids.has(target)) {
      texts.add(target);
      continue;
    }
    const style = isText ? parentOf(target) : target;
    if (style && typeOf(style) === 1 && tagOf(style) === "style") styles.add(style);
    else if (!isText) {
      touch(record.addedNodes);
      touch(record.removedNodes);
    }
  }
};
const nothingNew = () => {
  forgetChanges();
  styles.clear();
  scrolled.clear();
  markNew();
};
// `look`: also at what no event tells.
export const flush = (look) => {
  if (!recording) return;
  see(observer.takeRecords());
  markNew();
  if (isAstray()) return keyframe();
  // Rules of the page stand in attributes, which were seen. For those of the business and many changes one search of
  // the page is cheaper than a question for each.
  setRuleless(
    !isMarked &&
      (!asks || ([...attributes.values(), texts].some(({ size }) => size > MANY) && ![...roots.keys()].some(hasRules))),
  );
  retakeOthers();
  if (look) lookAtSheets();
  place();
  changes();
  putStyles();
  // What new fields hold comes with them, since other text may repeat it.
  if (look || touched.size) lookAtFields(!look);
  putScrolls();
  nothingNew();
  setRuleless(false);
  if (!handOver(core)) reading ? giveUp() : keyframe();
  // Between the slices of a page nothing is sent, so nothing around it needs to be told.
  else if (look || !reading) core.attend(look) || reading ? soon() : keyframe();
  if (look && (watched.size || roots.size > 1 || visualViewport.scale > 1 || fields.has(document.activeElement))) lookCloser();
};
// Until it begins nothing is read, and nothing that was leaves.
const keyframe = () => {
  recording = reading = false;
  beginAfter(lastKeyframe + KEYFRAME_MS - clock());
};
// Begins once what is on its way has arrived.
export const beginAfter = (wait) => {
  cancel(keyframeTimer);
  keyframeTimer = later(() => (isBusy() ? beginAfter(WAIT_MS) : begin()), wait);
};
// Begins anew with `root`; without one, for now nothing is recorded.
export const pause = (root) => {
  cancel(keyframeTimer);
  recording = reading = !!root;
  readRules(core.rules());
  core.begin(sliceMs < Infinity, strict);
  observer.disconnect();
  nothingNew();
  fields.clear();
  watched.clear();
  large.length = 0;
  forgetSheets();
  forgetAll(root);
};
// The whole page, a slice a task, and then what changes. Nothing is sent until all is read.
export const begin = (ms = SLICE_MS) => {
  lastKeyframe = clock();
  sliceMs = ms;
  pause(document);
  beginPage();
  if (scrollX || scrollY) scrolled.add(document);
  readOn();
};
const readOn = () => {
  const isRead = putMore(sliceMs);
  // What fields hold comes with them, since other text may repeat it.
  lookAtFields(true);
  if (!handOver(core)) return giveUp();
  if (!isRead) return slices.port2.postMessage(0);
  flush(true);
  if (!reading) return;
  reading = false;
  if (!core.complete()) return begin(Infinity);
  soon();
  later(() => {
    lookForScrolled();
    flush();
  });
};
const slices = new MessageChannel();
slices.port1.onmessage = () => {
  flush();
  if (reading) readOn();
};
const giveUp = () => {
  pause();
  state("stopped");
};
export const again = () => recording && begin();

const observer = new MutationObserver((records) => {
  see(records);
  flush();
});
export const onField = (event) => {
  if (recording && !isAstray() && fieldChanged(event.composedPath()[0])) flush();
};
export const onScroll = ({ target }) => {
  if (!recording) return;
  // What scrolls in a frame is told of its root element.
  scrolled.add((target !== document && target.scrollingElement) || target);
  pacedFlush();
};
export const onLoad = ({ target }) => {
  if (target.nodeType !== 1) return;
  // What was read before it came is known by now.
  markNew();
  if (tagOf(target) === "link") linkLoaded(target);
  else if (tagOf(target) === "iframe" && shadowOf(target) !== target.contentDocument) retake(target);
  else return;
  flush();
};
export const pacedFlush = () => {
  paced ||= later(() => {
    paced = 0;
    flush();
  }, 2 * FRAME_MS);
};
