// One batch of what changed, and what the other side knows: nodes by id, and ids by node. The batch's grammar stands in
// page-mirror/src/record/batch.rs.
import { hand } from "./socket.js";

export const ids = new Map();
let nodes = [],
  // As they were before the page was begun anew, where somebody may act on what was seen a moment ago.
  before,
  // Ids from here on are of this batch.
  firstNew = 0;
let numbers = new Uint32Array(1 << 12),
  count = 0,
  parts = "";
const names = new Map();

export const put1 = (number) => {
  if (count === numbers.length) {
    const full = numbers;
    numbers = new Uint32Array(count * 2);
    numbers.set(full);
  }
  numbers[count++] = number;
};
export const put = (...list) => list.forEach(put1);
export const string = (text) => {
  // Half a character at the end would become whole with what follows.
  if (text.charCodeAt(text.length - 1) >> 10 === 0xd800 >> 10) text = text.slice(0, -1) + "\ufffd";
  put1(text.length);
  parts += text;
};
export const name = (text) => {
  const number = names.get(text) ?? names.size;
  put1(number);
  if (number < names.size) return;
  names.set(text, number);
  string(text);
};
export const adopt = (node) => {
  ids.set(node, nodes.push(node) - 1);
};
// The id of a node that the other side had before this batch; 0 for others.
export const known = (node) => {
  const id = ids.get(node);
  return id < firstNew ? id : 0;
};
export const isNew = (node) => ids.get(node) >= firstNew;
// What is adopted from here on is new.
export const nodeOf = (id, age) => (age ? before : nodes)?.[id];
export const markNew = () => (firstNew = nodes.length);

export const forgetNames = () => names.clear();
// Forgets what the other side knows, and the batch.
export const forgetAll = (root) => {
  ids.clear();
  before = hand && nodes;
  nodes = root ? [null, root] : [];
  if (root) ids.set(root, 1);
  // All nodes are new.
  firstNew = 0;
  count = 0;
  parts = "";
};
// Gives the batch to `core`. False: begin again.
export const handOver = (core) => {
  if (!count) return true;
  // `encode` would copy the text three times.
  const batch = numbers.subarray(0, count),
    bytes = new Uint8Array(parts.length * 3),
    text = bytes.subarray(0, new TextEncoder().encodeInto(parts, bytes).written);
  count = 0;
  parts = "";
  const fits = core.flush(batch, text);
  for (const id of core.freed()) {
    const node = nodes[id];
    nodes[id] = null;
    if (ids.get(node) === id) ids.delete(node);
  }
  return fits;
};
