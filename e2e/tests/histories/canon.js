// A tree as lines of text, one for each node: the same for the page and its replica, or one of them is wrong. Half a
// character (a text that was split within one) is a replacement character elsewhere.
globalThis.treeOf = (root) => {
  const lines = [];
  const walk = (node, depth) => {
    const start = " ".repeat(depth);
    if (node.nodeType === 1) {
      const attributes = Array.from(node.attributes, ({ name, value }) => `${name}=${JSON.stringify(value)}`);
      const kept = attributes.filter((one) => /^(?:id|class|title|data-)/.test(one)).sort();
      const language = node.namespaceURI.split("/").pop();
      lines.push(`${start}${language}:${node.localName} ${kept.join(" ")}`);
      if (node.shadowRoot) {
        lines.push(`${start} #shadow`);
        for (const child of node.shadowRoot.childNodes) walk(child, depth + 2);
      }
    } else if (node.nodeType === 3) lines.push(start + JSON.stringify(node.data.toWellFormed()));
    else lines.push(start + "#comment");
    for (const child of node.childNodes) walk(child, depth + 1);
  };
  walk(root, 0);
  return lines.join("\n");
};
// FNV-1a: tells trees apart, so that not all of them travel.
globalThis.printOf = (text) => {
  let print = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) print = Math.imul(print ^ text.charCodeAt(at), 0x01000193);
  return `${text.length} ${print >>> 0}`;
};
