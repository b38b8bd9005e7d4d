// A document as lines of text, one for each node: the same for a page and its replica, or one of them is wrong. Written
// once for both; what differs on purpose is listed here and in docs/co-browse.md, and nowhere else.
(doc, isReplica) => {
  const HTML = "http://www.w3.org/1999/xhtml";
  const BOXED = new Set("iframe frame frameset object embed applet portal fencedframe".split(" "));
  // Of these a replica has the place and the look, not what they would load.
  const STILL = new Set("iframe canvas ringside-video ringside-audio".split(" "));
  const HIDDEN = new Set("script noscript template base track noembed".split(" "));
  // Attributes that run, lead away, send or fetch: a replica has none of them.
  const NEVER = new Set(
    ("action formaction formmethod formtarget formenctype formnovalidate novalidate method enctype target ping srcdoc nonce integrity crossorigin referrerpolicy " +
      "loading decoding fetchpriority autofocus autoplay content http-equiv charset is download hreflang as async defer " +
      "accept-charset accept autocomplete rel cite usemap manifest xmlns xmlns:xlink shadowrootmode shadowrootclonable " +
      "shadowrootdelegatesfocus shadowrootserializable popovertarget popovertargetaction commandfor command " +
      "data-ringside-mask data-ringside-unmask").split(" "),
  );
  const view = doc.defaultView;
  const lines = [];
  const absolute = (url) => new URL(url, doc.baseURI).href;
  const round = (number) => Math.round(number * 10) / 10;
  const attributes = (node, name) => {
    const found = [];
    for (const { name: key, value } of node.attributes) {
      const lower = key.toLowerCase();
      if (lower.startsWith("on") || NEVER.has(lower) || lower.startsWith("ringside-")) continue;
      if (STILL.has(name) && !/^(?:id|class|width|height|controls)$/.test(lower)) continue;
      if (lower === "type" && !/^(?:input|button|ol|ul|li)$/.test(name)) continue;
      if (lower === "href" || lower === "xlink:href") {
        if (/^(?:a|area)$/.test(name)) found.push("href=#");
        else if (value.startsWith("#")) found.push(`href=${value}`);
        else if (/image$/i.test(name)) found.push(`href=${absolute(value)}`);
      } else if (lower === "src" && value.startsWith("blob:")) found.push("src=blob:");
      else if (lower === "src" || lower === "background") found.push(`${lower}=${absolute(value)}`);
      // When it shows is told apart, so that none closes another.
      else if (lower === "popover") found.push("popover");
      else if (lower === "srcset" || lower === "style" || lower === "title") continue;
      else found.push(`${lower}=${value}`);
    }
    return found.sort().join(" ");
  };
  const is = (node, pseudo, mark) => (isReplica ? node.hasAttribute("ringside-" + mark) : node.matches(pseudo));
  const state = (node, name) => {
    const found = [];
    if (/^(?:input|textarea|select)$/.test(name)) {
      if (node.type !== "password" && !node.closest("[data-ringside-mask]")) found.push(`value=${node.value}`);
      if (node.checked) found.push("checked");
      if (node.indeterminate) found.push("indeterminate");
      if (node.matches(":invalid")) found.push("invalid");
      if (name === "select") found.push(`selected=${Array.from(node.selectedOptions, (o) => o.index)}`);
    }
    for (const [pseudo, mark] of [
      [":hover", "hover"], [":active", "active"], [":focus", "focus"], [":focus-within", "focus-within"],
      [":focus-visible", "focus-visible"], [":target", "target"],
    ]) {
      if (is(node, pseudo, mark)) found.push(mark);
    }
    if (name === "ringside-video" || name === "ringside-audio") {
      found.push(isReplica ? node.getAttribute("ringside-media") : (node.paused ? "paused" : "playing") + (node.muted ? " muted" : ""));
    }
    for (const pseudo of [":modal", ":popover-open"]) if (node.matches(pseudo)) found.push(pseudo);
    if (isReplica ? node.hasAttribute("ringside-undefined") : !node.matches(":defined")) found.push("undefined");
    if (node.scrollTop || node.scrollLeft) found.push(`scroll=${round(node.scrollLeft)},${round(node.scrollTop)}`);
    return found.join(" ");
  };
  const place = (node) => {
    const { x, y, width, height } = node.getBoundingClientRect();
    return width || height ? `@${round(x)},${round(y)} ${round(width)}x${round(height)}` : "";
  };
  const look = (node) => {
    const style = view.getComputedStyle(node);
    const before = view.getComputedStyle(node, "::before").content;
    return ["display", "color", "backgroundColor", "fontSize", "visibility", "opacity"].map((key) => style[key]).concat(before === "none" ? [] : before).join(" ");
  };
  const walk = (node, depth) => {
    const start = " ".repeat(depth);
    switch (node.nodeType) {
      case 1: {
        if (node.localName === "ringside-widget" || node.hasAttribute("data-ringside")) return;
        let name = node.localName;
        const html = node.namespaceURI === HTML;
        // Null, unless it is of the same origin.
        const page = html && name === "iframe" ? node.contentDocument : null;
        if (html && BOXED.has(name) && !page) name = "ringside-box";
        if (node.hasAttribute("data-ringside-block")) name = "ringside-box";
        if (html && (name === "video" || name === "audio")) name = "ringside-" + name;
        if (html && HIDDEN.has(name)) name = "ringside-hidden";
        if (name === "ringside-hidden") return lines.push(start + name);
        if (html && (name === "link" || name === "style" || name === "meta" || name === "title")) {
          const isSheet = name === "style" || (name === "link" && /stylesheet/i.test(node.rel || "stylesheet"));
          return lines.push(start + (isSheet || name === "link" ? "sheet" : name));
        }
        if (name === "ringside-box") return lines.push(start + name + " " + place(node));
        lines.push([start + name, attributes(node, name), state(node, name), place(node), look(node)].filter(Boolean).join(" | "));
        if (page) {
          lines.push(start + " #document");
          return walk(page, depth + 2);
        }
        if (html && STILL.has(name)) return;
        const shadow = node.shadowRoot || view.closedRoots?.get(node);
        if (shadow) {
          lines.push(start + " #shadow");
          for (const child of shadow.childNodes) walk(child, depth + 2);
        }
        if (name === "textarea" && html) return;
        break;
      }
      case 3:
      case 4:
        return lines.push(start + JSON.stringify(node.data));
      case 8:
      case 10:
        return lines.push(start + "#comment");
    }
    for (const child of node.childNodes) walk(child, depth + 1);
  };
  lines.push(`${view.innerWidth}x${view.innerHeight} scroll=${round(view.scrollX)},${round(view.scrollY)} ${doc.compatMode}`);
  walk(doc, 0);
  return lines.join("\n");
}
