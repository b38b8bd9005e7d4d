// Watches the page and holds the socket. One batch of what changed goes to `core` per flush; its grammar stands
// in page-mirror/src/record/batch.rs. Reads of the DOM go through the prototypes' getters, since a form or a
// document with a child named "firstChild" would answer with that child.
const HTML = "http://www.w3.org/1999/xhtml";
const LANGUAGES = { [HTML]: 0, "http://www.w3.org/2000/svg": 1, "http://www.w3.org/1998/Math/MathML": 2 };
// Elements whose children are not mirrored; those with a name are shown as a labelled box.
const LEAVES = {
  __proto__: null,
  script: "",
  noscript: "",
  template: "",
  style: "",
  textarea: "",
  iframe: "iframe",
  frame: "frame",
  object: "object",
  embed: "embed",
  video: "video",
  audio: "audio",
  canvas: "canvas",
  portal: "portal",
  fencedframe: "fencedframe",
};
const MASK = "[data-ringside-mask]",
  UNMASK = "[data-ringside-unmask]",
  BLOCK = "[data-ringside-block]";
const MASKED = 4,
  ONCE_PASSWORD = 8;
const DEEPEST = 1200,
  MANY = 64;
// Milliseconds between frames, between looks at what no event tells, and between pointer frames.
const FRAME_MS = 8,
  LOOK_MS = 400,
  POINTER_MS = 50,
  KEYFRAME_MS = 1000,
  SLOWEST_RETRY_MS = 15000;
// Bytes: a smaller body is not worth compressing; above, the network does not keep up; below, it does again.
const COMPRESS_FROM = 512,
  CONGESTED = 1 << 20,
  CLEARED = 1 << 16;

const getter = (prototype, key) => {
  const { get } = Object.getOwnPropertyDescriptor(prototype, key);
  return (node) => get.call(node);
};
const method = (prototype, key) => {
  const call = prototype[key];
  return (node, argument) => call.call(node, argument);
};
const N = Node.prototype,
  E = Element.prototype;
const parentOf = getter(N, "parentNode"),
  firstOf = getter(N, "firstChild"),
  nextOf = getter(N, "nextSibling");
const previousOf = getter(N, "previousSibling"),
  typeOf = getter(N, "nodeType"),
  isConnected = getter(N, "isConnected");
const textOf = getter(N, "textContent"),
  tagOf = getter(E, "localName"),
  languageOf = getter(E, "namespaceURI");
const shadowOf = getter(E, "shadowRoot"),
  namesOf = method(E, "getAttributeNames");
const attributeOf = method(E, "getAttribute"),
  matches = method(E, "matches"),
  closest = method(E, "closest");
const rootOf = method(N, "getRootNode"),
  dataOf = getter(CharacterData.prototype, "data");

const absolute = (url, base) => {
  try {
    return new URL(url, base).href;
  } catch {
    return "";
  }
};
const absoluteCss = (css, base) =>
  /url\(|@import/i.test(css)
    ? css
        .replace(/url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))\s*\)/gi, (all, a, b, c) => {
          const url = a ?? b ?? c;
          return /^(?:#|data:)/i.test(url) ? all : `url("${absolute(url, base)}")`;
        })
        .replace(/(@import\s+)(["'])(.*?)\2/gi, (_, start, quote, url) => `${start}"${absolute(url, base)}"`)
    : css;
const absoluteSet = (set, base) =>
  set.replace(/([^\s,]\S*[^\s,])(\s[^,]*)?(,|$)/g, (_, url, size, end) => absolute(url, base) + (size || "") + end);

export function run(core, config, on) {
  const document_ = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((b) => b.toString(16).padStart(2, "0"))
    .join("");
  // What the other side knows: nodes by id, and ids by node.
  let ids = new Map(),
    nodes = [];
  // The batch.
  let numbers = new Uint32Array(1 << 12),
    count = 0,
    parts = [];
  const names = new Map();
  // What happened since the last flush.
  let touched = new Set(),
    attributes = new Map(),
    texts = new Set(),
    styles = new Set(),
    removed = [];
  let scrolled = new Set(),
    resized = true,
    firstNew = 2;
  // What is looked at, with how it looked last time.
  let fields = new Map(),
    roots = new Map(),
    sheets = new Map(),
    rules = new WeakMap(),
    page = "";
  // Survive keyframes: passwords that may be shown as text by now, links whose rules a script changed.
  const once = new WeakSet(),
    inlined = new WeakSet();
  let strict = false,
    off = false,
    selectors = "",
    masks = MASK,
    marked = new WeakSet(),
    isMarked = false,
    ruleless = false;
  let ws,
    live = false,
    recording = false,
    stopped = false,
    failed = 0,
    heartbeat = 0,
    beat,
    retry;
  let lastFrame = 0,
    frameTimer,
    lastKeyframe = 0,
    keyframeTimer,
    waiting = 0,
    chain = Promise.resolve(),
    generation = 0;
  let looking,
    lastPointer = 0,
    pointerTimer,
    pointer;

  // ---- the batch

  const put = (...list) => {
    if (count + list.length > numbers.length) {
      const larger = new Uint32Array(numbers.length * 2);
      larger.set(numbers);
      numbers = larger;
    }
    for (let i = 0; i < list.length; i++) numbers[count++] = list[i];
  };
  const put1 = (number) => {
    if (count === numbers.length) put(number);
    else numbers[count++] = number;
  };
  const string = (text) => {
    // Half a character at the end would become whole with what follows.
    if ((text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800) text = text.slice(0, -1) + "\ufffd";
    put1(text.length);
    parts.push(text);
  };
  const name = (text) => {
    const known = names.get(text);
    if (known !== undefined) return put1(known);
    put1(names.size);
    names.set(text, names.size);
    string(text);
  };
  const adopt = (node) => {
    ids.set(node, nodes.length);
    nodes.push(node);
  };
  const known = (node) => {
    const id = ids.get(node);
    return id < firstNew ? id : 0;
  };

  // ---- masking: which rules apply where

  const readRules = (list) => {
    selectors = "";
    masks = off ? ":not(*)" : MASK;
    for (const selector of off ? [] : list) {
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
  const isMasked = (element) => {
    if (ruleless) return strict;
    while (element) {
      const ruled = closest(element, `${masks},${UNMASK}`);
      if (ruled) return !matches(ruled, UNMASK);
      element = rootOf(element).host;
    }
    return strict;
  };
  const isLeft = (node) =>
    typeOf(node) === 1 && (tagOf(node) === "ringside-widget" || attributeOf(node, "data-ringside") !== null);

  // ---- nodes

  // Attributes whose addresses mean the same elsewhere.
  const value = (element, tag, key, text) => {
    switch (key) {
      case "src":
      case "background":
        return text && absolute(text, document.baseURI);
      case "href":
      case "xlink:href":
        return tag === "link" || /image$/i.test(tag) ? absolute(text, document.baseURI) : text;
      case "srcset":
        return absoluteSet(text, document.baseURI);
      case "style":
        return absoluteCss(text, document.baseURI);
      default:
        return text;
    }
  };
  const isStyle = (tag, element) => tag === "style" || (tag === "link" && inlined.has(element));
  const shape = (element, tag, flags, keys, box) => {
    put1(1);
    name(box ? "ringside-box" : tag);
    put(flags, keys.length + (box ? 3 : 0));
    for (const key of keys) {
      name(key);
      string(value(element, tag, key, attributeOf(element, key)));
    }
    if (box) {
      const { width, height } = element.getBoundingClientRect();
      name("data-flow");
      string(getComputedStyle(element).display);
      name("data-kind");
      string(box);
      name("data-size");
      string(`${Math.round(width)}x${Math.round(height)}`);
    }
  };
  const element = (node, depth, masked, ruled) => {
    let tag = tagOf(node),
      keys = namesOf(node);
    const language = LANGUAGES[languageOf(node)] ?? 0,
      html = !language;
    if (ruled && matches(node, selectors)) {
      marked.add(node);
      isMarked = true;
      masked = !matches(node, UNMASK) && (masked || matches(node, masks));
    }
    let box = html ? LEAVES[tag] || "" : "";
    if (ruled && matches(node, BLOCK)) box = "block";
    else if (depth > DEEPEST) box = "deep";
    if (box) keys = keys.filter((key) => /^(?:id|class|style)$/.test(key));
    const isSheet = tag === "link" && /^stylesheet$/i.test(attributeOf(node, "rel") || "");
    if (html && tag === "link" && isSheet && (inlined.has(node) || /^blob:/.test(node.href))) {
      inlined.add(node);
      keys = keys.filter((key) => key === "media");
      tag = "style";
    } else if (html && tag === "link" && !isSheet) keys = [];
    const isField = html && (tag === "input" || tag === "textarea" || tag === "select");
    if (isField && node.type === "password") once.add(node);
    shape(node, tag, language | (masked ? MASKED : 0) | (once.has(node) ? ONCE_PASSWORD : 0), keys, box);
    if (tag === "style") styles.add(node);
    if (isField) fields.set(node, "");
    if (!box && (!html || LEAVES[tag] === undefined)) {
      const shadow = shadowOf(node);
      if (shadow) {
        adopt(shadow);
        put1(5);
        watch(shadow);
        below(shadow, depth + 1, masked, hasRules(shadow));
        put1(0);
      }
      below(node, depth + 1, masked, ruled);
    }
    put1(0);
  };
  const below = (node, depth, masked, ruled) => {
    for (let child = firstOf(node); child; child = nextOf(child)) item(child, depth, masked, ruled);
  };
  // One node with all below it; one that the other side has already moves.
  const item = (node, depth, masked, ruled) => {
    const id = known(node);
    if (id) {
      put(4, id);
      moved.add(node);
      return;
    }
    if (isLeft(node)) return;
    adopt(node);
    switch (typeOf(node)) {
      case 1:
        return element(node, depth, masked, ruled);
      case 3:
      case 4:
        put1(2);
        put1(masked ? MASKED : 0);
        return string(dataOf(node));
      case 10:
        return put1(6);
      default:
        return put1(3);
    }
  };
  let moved = new Set();
  const hasRules = (root) => root.querySelector(selectors) !== null;
  const watch = (root) => {
    roots.set(root, "");
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  };

  const isTouched = (node) => touched.has(node) || isLeft(node);
  // Places what was added and moved, run by run: neighbours that were not touched keep their order.
  const place = () => {
    moved = new Set();
    for (const node of touched) {
      const parent = parentOf(node);
      const parentId = parent && known(parent);
      if (!parentId || moved.has(node) || ids.get(node) >= firstNew || isLeft(node) || !isConnected(parent)) continue;
      if (typeOf(parent) === 1 && LEAVES[tagOf(parent)] !== undefined && languageOf(parent) === HTML) continue;
      let first = node,
        before;
      while ((before = previousOf(first)) && isTouched(before)) first = before;
      put(1, parentId, (before && known(before)) || 0);
      const masked = isMasked(typeOf(parent) === 1 ? parent : parent.host);
      for (let next = first; next && isTouched(next); next = nextOf(next)) {
        item(next, 0, masked, typeOf(next) === 1 && (matches(next, selectors) || hasRules(next)));
        moved.add(next);
      }
      put1(0);
    }
    for (const node of touched) {
      const id = known(node);
      if (id && !moved.has(node)) removed.push(id);
    }
    for (const id of removed) put(2, id);
  };
  const disown = (node) => {
    ids.delete(node);
    for (let child = firstOf(node); child; child = nextOf(child)) disown(child);
  };
  // A rule applies to an element now, or no longer: it is sent anew.
  const retake = (node) => {
    const id = known(node);
    if (!id) return;
    removed.push(id);
    disown(node);
    touched.add(node);
  };
  const changes = () => {
    for (const [node, keys] of attributes) {
      const id = known(node),
        tag = tagOf(node);
      if (!id || !isConnected(node) || isLeft(node)) continue;
      const isHtml = languageOf(node) === HTML;
      if (isHtml && tag === "input" && /^password$/i.test(attributeOf(node, "type") || "")) once.add(node);
      const flags = (isMasked(node) ? MASKED : 0) | (once.has(node) ? ONCE_PASSWORD : 0);
      for (const key of keys) {
        const text = attributeOf(node, key);
        if (isHtml && (LEAVES[tag] || isStyle(tag, node)) && !/^(?:id|class|style|media)$/.test(key)) continue;
        put(text === null ? 4 : 3, id);
        if (text !== null) put1(flags);
        name(key);
        if (text !== null) string(value(node, tag, key, text));
      }
    }
    for (const node of texts) {
      const id = known(node);
      if (!id || !isConnected(node)) continue;
      put(5, id, isMasked(parentOf(node)) ? MASKED : 0);
      string(dataOf(node));
    }
  };

  // ---- style sheets

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
  const lookAtSheets = () => {
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
  const putStyles = () => {
    for (const node of styles) {
      const id = ids.get(node);
      if (!id || !isConnected(node)) continue;
      put(9, id);
      string(node.sheet && tagOf(node) === "link" ? written(node.sheet) : styleText(node));
    }
  };

  // ---- form state, scroll, viewport, page

  const lookAtField = (node) => {
    const id = ids.get(node);
    if (!id || !isConnected(node)) return fields.delete(node);
    const tag = tagOf(node);
    let kind = 0,
      now = node.value,
      initial = attributeOf(node, "value") || "";
    if (tag === "select") {
      kind = 2;
      now = Array.from(node.selectedOptions, (option) => option.index).join();
      initial = null;
    } else if (/^(?:checkbox|radio)$/.test(node.type)) {
      kind = 1;
      now = node.indeterminate ? "2" : node.checked ? "1" : "0";
      initial = attributeOf(node, "checked") === null ? "0" : "1";
    } else if (node.type === "file") return;
    const before = fields.get(node) || "=" + initial;
    if (before === "=" + now) return;
    fields.set(node, "=" + now);
    put(6, id, (isMasked(node) ? MASKED : 0) | (once.has(node) ? ONCE_PASSWORD : 0), kind);
    string(now);
  };
  const surroundings = () => {
    for (const node of scrolled) {
      const id = node === document ? 1 : ids.get(node);
      if (!id || !isConnected(node)) continue;
      const [x, y] = node === document ? [scrollX, scrollY] : [node.scrollLeft, node.scrollTop];
      put(7, id, Math.round(x), Math.round(y));
    }
    if (resized) put(8, innerWidth, innerHeight, Math.round(devicePixelRatio * 100));
    const title = String(document.title),
      now = location.href + "\n" + title;
    if (now !== page) {
      page = now;
      put1(12);
      string(location.href);
      string(title);
    }
    resized = false;
  };

  // ---- flush

  const see = (records) => {
    for (const { type, target, addedNodes, removedNodes, attributeName, attributeNamespace } of records) {
      if (type === "attributes") {
        if (!attributes.has(target)) attributes.set(target, new Set());
        attributes.get(target).add(/xlink$/.test(attributeNamespace || "") ? "xlink:" + attributeName : attributeName);
        continue;
      }
      const style = type === "childList" ? target : parentOf(target);
      if (style && typeOf(style) === 1 && tagOf(style) === "style") {
        rules.delete(style.sheet);
        styles.add(style);
      } else if (type === "childList") {
        for (let i = 0; i < addedNodes.length; i++) touched.add(addedNodes[i]);
        for (let i = 0; i < removedNodes.length; i++) touched.add(removedNodes[i]);
      } else texts.add(target);
    }
  };
  const nothingNew = () => {
    touched = new Set();
    attributes = new Map();
    texts = new Set();
    styles = new Set();
    scrolled = new Set();
    removed = [];
    firstNew = nodes.length;
  };
  const handOver = () => {
    if (!count) return true;
    const batch = numbers.subarray(0, count),
      text = parts.join("");
    count = 0;
    parts = [];
    const fits = core.flush(batch, text);
    for (const id of core.freed()) {
      const node = nodes[id];
      nodes[id] = undefined;
      if (ids.get(node) === id) ids.delete(node);
    }
    return fits;
  };
  const flush = (look) => {
    if (!recording) return;
    see(observer.takeRecords());
    firstNew = nodes.length;
    // For many changes one search of the page is cheaper than a question for each.
    ruleless = !isMarked && attributes.size + texts.size > MANY && ![...roots.keys()].some(hasRules);
    for (const [node, keys] of attributes) {
      const isOther = !ruleless && matches(node, selectors) !== marked.has(node);
      if (isOther || (tagOf(node) === "link" && (keys.has("rel") || keys.has("href")))) {
        marked.delete(node);
        retake(node);
      }
    }
    if (look) lookAtSheets();
    place();
    changes();
    putStyles();
    if (look) for (const node of fields.keys()) lookAtField(node);
    surroundings();
    nothingNew();
    ruleless = false;
    if (handOver()) soon();
    else keyframe();
  };
  const keyframe = () => {
    clearTimeout(keyframeTimer);
    const wait = lastKeyframe + KEYFRAME_MS - performance.now();
    if (wait > 0) {
      recording = false;
      keyframeTimer = setTimeout(begin, wait);
    } else begin();
  };
  const begin = () => {
    lastKeyframe = performance.now();
    recording = true;
    generation++;
    count = 0;
    parts = [];
    core.begin();
    observer.disconnect();
    ids = new Map([[document, 1]]);
    nodes = [undefined, document];
    fields = new Map();
    roots = new Map();
    sheets = new Map();
    rules = new WeakMap();
    page = "";
    isMarked = false;
    nothingNew();
    resized = true;
    // All nodes are new.
    firstNew = 0;
    watch(document);
    put(1, 1, 0);
    below(document, 0, strict, hasRules(document));
    put1(0);
    lookAtSheets();
    putStyles();
    for (const node of fields.keys()) lookAtField(node);
    if (scrollX || scrollY) scrolled.add(document);
    surroundings();
    nothingNew();
    if (handOver()) return soon();
    pause();
    state("stopped");
  };

  // ---- sending

  const soon = () => {
    if (frameTimer) return;
    const wait = lastFrame + FRAME_MS - performance.now();
    if (wait > 0) frameTimer = setTimeout(sendFrame, wait);
    else sendFrame();
  };
  const sendFrame = () => {
    clearTimeout(frameTimer);
    frameTimer = 0;
    if (!recording || !live) return;
    if (ws.bufferedAmount > CONGESTED) return wait();
    const body = core.take();
    if (!body) return;
    lastFrame = performance.now();
    const place = core.place(),
      mine = generation;
    const transmit = (bytes, deflated) => {
      if (mine === generation && live && recording) ws.send(core.frame(place, bytes, deflated));
    };
    const compress = body.length >= COMPRESS_FROM && self.CompressionStream;
    // What was taken first is sent first.
    if (!compress && !waiting) return transmit(body, false);
    waiting++;
    const deflated =
      compress &&
      new Response(new Blob([body]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
    chain = chain.then(async () => {
      try {
        if (deflated) transmit(new Uint8Array(await deflated), true);
        else transmit(body, false);
      } finally {
        waiting--;
      }
    });
  };
  // The network does not keep up: what is on its way arrives, and then a keyframe.
  const wait = () => {
    pause();
    keyframeTimer = setTimeout(() => (ws.bufferedAmount > CLEARED ? wait() : begin()), LOOK_MS);
  };
  const pause = () => {
    recording = false;
    generation++;
    clearTimeout(keyframeTimer);
    observer.disconnect();
    core.begin();
    ids = new Map();
    nodes = [];
    count = 0;
    parts = [];
    nothingNew();
  };

  // ---- events of the page

  const observer = new MutationObserver((records) => {
    see(records);
    flush();
  });
  const onField = (event) => {
    const node = event.composedPath()[0];
    if (recording && fields.has(node)) {
      lookAtField(node);
      flush();
    }
  };
  const onScroll = ({ target }) => {
    if (!recording) return;
    scrolled.add(target);
    pacedFlush();
  };
  let paced;
  const pacedFlush = () => {
    paced ??= setTimeout(() => {
      paced = undefined;
      flush();
    }, 2 * FRAME_MS);
  };
  const onResize = () => {
    resized = true;
    pacedFlush();
  };
  const onPointer = (event) => {
    pointer = event;
    if (!pointerTimer)
      pointerTimer = setTimeout(sendPointer, Math.max(0, lastPointer + POINTER_MS - performance.now()));
  };
  const sendPointer = () => {
    pointerTimer = 0;
    lastPointer = performance.now();
    if (recording && live && !ws.bufferedAmount)
      ws.send(core.pointer(Math.round(pointer.clientX), Math.round(pointer.clientY), pointer.buttons > 0));
  };
  const onFront = () => live && ws.send(core.inFront(document.visibilityState === "visible"));
  const listeners = [
    [document, "input", onField],
    [document, "change", onField],
    [document, "scroll", onScroll],
    [window, "resize", onResize],
    [document, "pointermove", onPointer],
    [document, "pointerdown", onPointer],
    [document, "visibilitychange", onFront],
    [window, "focus", onFront],
    [window, "pagehide", () => ws?.close()],
    [window, "pageshow", (event) => event.persisted && connect()],
  ];
  const listen = (how) => {
    for (const [target, type, listener] of listeners) target[how](type, listener, { capture: true, passive: true });
  };

  // ---- the socket

  const state = (now) => on({ type: "state", state: now });
  const share = (yes) => {
    on({ type: "sharing", on: yes });
    if (yes) begin();
    else pause();
    state(yes ? "live" : "stopped");
  };
  const receive = (message) => {
    if (!message) return ws.close(4501);
    const [kind, a, b, c, d] = message;
    if (kind === 1) {
      live = true;
      failed = 0;
      strict = c === 1;
      if ((off = c === 2)) core.unmask();
      readRules(d);
      heartbeat = a;
      listenOn();
      onFront();
      share(b);
    } else if (kind === 3 && recording) begin();
    else if (kind === 4) share(a);
    else if (kind === 5) on({ type: "viewers", names: a });
    else if (kind === 6 && /^https?:/.test(absolute(a, location.href)))
      on({ type: "navigate", url: absolute(a, location.href), by: b });
  };
  // A message was heard: after a while without another one the server is asked, and then given up. Timers that
  // a message sets are not slowed down in hidden pages, chains of timers are.
  const listenOn = () => {
    clearTimeout(beat);
    beat = setTimeout(() => {
      ws.send(core.ping());
      beat = setTimeout(() => ws.close(), heartbeat);
    }, heartbeat * 0.75);
  };
  const connect = () => {
    if (stopped) return;
    clearTimeout(retry);
    state("connecting");
    const mine = new WebSocket(config.socket);
    ws = mine;
    mine.binaryType = "arraybuffer";
    mine.onopen = () => mine.send(core.hello(config.token, config.tab, document_));
    mine.onmessage = ({ data }) => {
      if (live) listenOn();
      if (mine === ws) receive(core.receive(new Uint8Array(data)));
    };
    mine.onclose = ({ code }) => {
      if (mine !== ws) return;
      live = false;
      clearTimeout(beat);
      pause();
      if (stopped) return;
      if (!core.comesBack(code)) {
        handle.stop();
        return state("lost");
      }
      state("connecting");
      retry = setTimeout(connect, Math.min(SLOWEST_RETRY_MS, 500 * 2 ** failed++) * (0.5 + Math.random() / 2));
    };
  };
  const handle = {
    stop() {
      stopped = true;
      live = false;
      pause();
      listen("removeEventListener");
      clearInterval(looking);
      clearTimeout(beat);
      clearTimeout(retry);
      ws?.close();
    },
  };
  listen("addEventListener");
  looking = setInterval(() => flush(true), LOOK_MS);
  connect();
  return handle;
}
