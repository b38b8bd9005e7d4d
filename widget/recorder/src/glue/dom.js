// What is asked of the DOM, and by which names. Reads go through the prototypes' getters, since a form or a document
// with a child named "firstChild" would answer with that child.
export const LANGUAGES = { "http://www.w3.org/2000/svg": 1, "http://www.w3.org/1998/Math/MathML": 2 };
// Elements whose children are not mirrored; those with a name are shown as a labelled box.
export const LEAVES = {
  __proto__: null, script: "", noscript: "", template: "", style: "", textarea: "", video: "", audio: "", canvas: "",
};
for (const tag of "iframe frame object embed portal fencedframe".split(" ")) LEAVES[tag] = tag;
// What shows pictures, and fields.
export const WATCHED = 1,
  FIELD = 2,
  KINDS = { __proto__: null, canvas: 1, video: 1, audio: 1, img: 1, iframe: 1, input: 2, textarea: 2, select: 2 };
// Attributes that are kept of what is shown as a box.
export const BARE = /^(id|class|style)$/;

export const clock = () => performance.now(),
  later = setTimeout,
  cancel = clearTimeout;
// Bound and no function of its own each: one that all share is slow while the first page is read.
const { call } = Function.prototype;
const method = (prototype, key) => call.bind(prototype[key]);
const getter = (prototype, key) => call.bind(prototype.__lookupGetter__(key));
const N = Node.prototype;
export const E = Element.prototype;
export const parentOf = getter(N, "parentNode"),
  firstOf = getter(N, "firstChild"),
  nextOf = getter(N, "nextSibling"),
  previousOf = getter(N, "previousSibling"),
  typeOf = getter(N, "nodeType"),
  isConnected = getter(N, "isConnected"),
  tagOf = getter(E, "localName"),
  languageOf = getter(E, "namespaceURI"),
  namesOf = method(E, "getAttributeNames"),
  attributeOf = method(E, "getAttribute"),
  matches = method(E, "matches"),
  closest = method(E, "closest"),
  rootOf = method(N, "getRootNode"),
  // Null: its frame is gone.
  viewOf = getter(Document.prototype, "defaultView"),
  addressOf = (page) => viewOf(page)?.location.href;

// Open shadow roots, closed ones that were seen when they were made, and the documents of frames as they were mirrored.
export const innerRoots = new WeakMap(),
  openRootOf = getter(E, "shadowRoot"),
  shadowOf = (node) => openRootOf(node) || innerRoots.get(node),
  // The element that holds a shadow root or a frame's document.
  hostOf = (root) => (typeOf(root) === 11 ? root.host : typeOf(root) === 9 && viewOf(root)?.frameElement);

// The widget is no part of the page.
export const isLeft = (node) =>
  typeOf(node) === 1 && (tagOf(node) === "ringside-widget" || attributeOf(node, "data-ringside") !== null);
