// The browser's promises and objects, in few words: in WASM each of these calls weighs ten times as much.
// It decides nothing. What takes time is told to `tell(id, a, b)`.

// One JSON exchange; told as (status, body). Status 0: nothing came back within `limit` milliseconds. What only the
// site's developer can mend is said in the console: a page that is not listed cannot even read the refusal.
export const http = (tell, id, url, body, key, proof, limit) =>
  fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: body ? { 'Content-Type': 'application/json', ...(key && { 'Idempotency-Key': key }), ...(proof && { 'Ringside-Proof': proof }) } : {},
    body,
    credentials: 'omit',
    signal: AbortSignal.timeout(limit),
  }).then(
    async answer => {
      const said = await answer.json().catch(() => 0);
      if (answer.status == 403) console.warn('Ringside:', said.detail);
      tell(id, answer.status, said);
    },
    () => {
      console.warn(`Ringside: no answer from ${url}. Is it up, does connect-src allow it, may ${location.origin} use it (ringside admin origin add)?`);
      tell(id, 0, 0);
    },
  );

// A lock of the site's tabs: told as the function that lets it go, or null if another tab has it and we don't
// wait. Pages without Web Locks (no secure context) are let through.
export const lock = (tell, id, name, wait) =>
  navigator.locks
    ? navigator.locks.request(name, { ifAvailable: !wait }, held =>
        held ? new Promise(free => tell(id, free, 0)) : tell(id, null, 0))
    : tell(id, () => {}, 0);

// Waits for a promise: told as what it gave, or null if it failed.
export const wait = (tell, id, promise) => promise.then(value => tell(id, value, 0), () => tell(id, null, 0));

// Starts a WASM module that was imported; told as the module, or null if the page's policy or the network refuses.
export const load = (tell, id, module) => wait(tell, id, module.then(m => m.default().then(() => m)));

export const random = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, 0)).join('');

// This tab's id: survives navigation, ends with the tab.
export const tab = () => {
  const name = 'ringside:tab';
  try {
    return (sessionStorage[name] ||= random());
  } catch {
    return random();
  }
};

export const language = () => document.documentElement.lang || navigator.language;

// `2026-11-21 09:30 Europe/Berlin`
export const now = () => {
  const at = new Date();
  const local = new Date(at - at.getTimezoneOffset() * 6e4).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 16)} ${Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'}`;
};

// The region's name in the page's language; its code where the browser knows none.
export const country = code => {
  try {
    return new Intl.DisplayNames([language(), 'en'], { type: 'region' }).of(code);
  } catch {
    return code;
  }
};

// A sheet without asking the page's style-src.
export const adopt = (root, css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
};

export const origin = url => new URL(url).origin;

// Where the agent leads: the address of a page of the web, no less secure than this one; or undefined.
export const leadable = text => {
  try {
    const url = new URL(text);
    if (!url.username && (url.protocol == 'https:' || url.protocol == location.protocol && url.protocol == 'http:')) return url.href;
  } catch {}
};
