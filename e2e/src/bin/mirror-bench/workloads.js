// The ten workloads, each in one task. `prepare` makes what is there before the recording begins.
"use strict";
const made = (tag, className, text) => {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const item = (writer, tag = "li") => {
  const node = made(tag, `item item--${writer.pick(["plain", "warm", "cool"])}`, writer.words(3));
  node.dataset.id = writer.serial++;
  return node;
};
const items = (writer, count, tag) => Array.from({ length: count }, () => item(writer, tag));
const group = (writer) => {
  const node = made("section", "group");
  node.append(...items(writer, 10, "p"));
  return node;
};
const chains = (writer, root, count, depth) => {
  for (let chain = 0; chain < count; chain++) {
    let at = root;
    for (let level = 0; level < depth; level++) {
      const next = made("div", `level level--${level % 8}`);
      if (level % 16 === 0) next.append(writer.words(2));
      at.append(next);
      at = next;
    }
  }
};
const list = (writer, root, count) => root.append(...items(writer, count));

const WORKLOADS = {
  append_1000_groups_of_10: {
    run(root, writer) {
      for (let n = 0; n < 1000; n++) root.append(group(writer));
    },
  },
  append_remove_append: {
    run(root, writer) {
      const groups = Array.from({ length: 500 }, () => group(writer));
      root.append(...groups);
      for (const node of groups) node.remove();
      root.append(...groups);
    },
  },
  chain_of_1000: {
    run(root, writer) {
      let at = root;
      for (let level = 0; level < 1000; level++) {
        const next = made("div", "link", writer.word());
        at.append(next);
        at = next;
      }
    },
  },
  rebuild_100_x_256_deep: {
    prepare: (root, writer) => chains(writer, root, 100, 256),
    run(root, writer) {
      root.replaceChildren();
      chains(writer, root, 100, 256);
    },
  },
  add_10000_and_move: {
    run(root, writer) {
      const one = made("ul", "from"),
        other = made("ul", "to");
      root.append(one, other);
      const all = items(writer, 10_000);
      for (const node of all) one.append(node);
      for (const node of all) other.append(node);
    },
  },
  class_on_10000: {
    prepare: (root, writer) => list(writer, root, 10_000),
    run(root, writer) {
      for (const node of root.children) node.className = `item is-${writer.pick(["open", "shut", "seen"])}`;
    },
  },
  reverse_1000: {
    prepare: (root, writer) => list(writer, root, 1_000),
    run(root) {
      for (const node of Array.from(root.children).reverse()) root.append(node);
    },
  },
  text_5000: {
    prepare: (root, writer) => list(writer, root, 5_000),
    run(root, writer) {
      for (const node of root.children) node.firstChild.data = writer.words(3);
    },
  },
  inner_html_500_cards: {
    prepare: (root, writer) => (root.innerHTML = writer.many(500, writer.card)),
    run(root, writer) {
      root.innerHTML = writer.many(500, writer.card);
    },
  },
  remove_10000: {
    prepare: (root, writer) => list(writer, root, 10_000),
    run(root) {
      while (root.lastChild) root.lastChild.remove();
    },
  },
};
