// Ringside's loader, served as /widget.js. It paints the button at once, keeps the page trail in the browser,
// queues API calls, and fetches the form (WASM) when idle, hovered, focused or clicked. It decides nothing
// about calls. The build replaces __APP__ by the folder of the current form (`app/HASH`).
(() => {
  const script = document.currentScript, d = script.dataset, api = (self.Ringside ||= {});
  if (api.v) return; // a second tag does nothing
  api.v = 1;
  api.q ||= [];
  const app = new URL((d.app || '__APP__') + '/', script.src).href;
  const key = 'ringside:' + d.business + ':';
  let store = {}; // a page whose storage is blocked keeps its trail while it lives
  try { store = localStorage; } catch {}

  // The trail, newest last: ten pages, without fragments and without query values that look like secrets, by
  // name or by value. The form cleans it once more, and drops old pages, before anything leaves the browser.
  const page = () => {
    const u = new URL(location), q = u.searchParams;
    q.forEach((value, name) => /token|key|code|ses|sid|pass|auth|mail|phone|sig|secret|otp|@|\S{24}/i.test(name + ' ' + value) && q.set(name, ''));
    u.hash = '';
    const url = u.href;
    try {
      const trail = JSON.parse(store[key + 'trail'] || '[]').slice(-10);
      if (trail.at(-1)?.url != url) trail.push({ url, at: Date.now() });
      trail.at(-1).title = document.title;
      const text = JSON.stringify(trail);
      // Said once a change: whoever hears of it may ask for the trail, which comes through here again.
      if (text != store[key + 'trail']) {
        store[key + 'trail'] = text;
        config.onpage();
      }
      return trail;
    } catch {}
  };

  // The button. Nothing leaks in (all: initial, important) or out (shadow root). An accent that is no colour
  // is dropped by the parser, and so is the text's colour (black or white by lightness) where it is unknown.
  // The handset is a border, clipped: it keeps the text's colour where the system forces colours.
  const [y, x] = (d.position || 'bottom-right').split('-');
  const make = name => document.createElement(name);
  const host = make('ringside-widget'), label = make('span');
  const root = host.attachShadow({ mode: 'open' });
  const [sheet] = root.adoptedStyleSheets = [new CSSStyleSheet()];
  sheet.replaceSync(`:host{all:initial!important;position:fixed!important;z-index:9999999999!important;${y}:calc(${+d.offset || 16}px + env(safe-area-inset-${y}))!important;${x}:calc(16px + env(safe-area-inset-${x}))!important}.pill{display:flex;gap:8px;padding:12px 16px;border:0;border-radius:24px;font:600 16px/24px system-ui;background:#0b6b50;background:${d.accent};color:#fff;color:lch(from ${d.accent} calc((49.44 - l)*9e9) 0 0);cursor:pointer;text-decoration:none;outline-offset:2px;box-shadow:0 2px 12px #0005}.pill:before{content:"";border:12px solid;clip-path:path("M4 4h5l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v5A16 16 0 0 1 4 4")}`);
  const show = el => {
    el.className = 'pill';
    el.append(label);
    root.replaceChildren(el);
    return el;
  };
  label.textContent = d.label || 'Call me';
  const button = show(make('button'));

  // The form; in a frame, what asks first whether this is a part of the page around it (widget/frame). If the page's
  // policy refuses it, it cannot be fetched, or it breaks, a telephone link is what is left.
  const fetch = name => import(app + name);
  const config = { ...d, app, button, label, page, fetch };
  let loading;
  const fail = e => {
    console.warn('Ringside', e);
    loading = 0; // the next click tries again
    label.textContent = d.phone ? 'Call ' + d.phone : 'No calls here';
    document.body.append(host);
    show(d.phone ? make('a') : button).href = 'tel:' + d.phone?.split(' ').join('');
  };
  const load = () => loading ||= fetch(parent == self ? 'widget.js' : 'frame.js')
    .then(async m => { await m.default(); m.mount(host, config); })
    .catch(fail);
  for (const name of ['error', 'unhandledrejection'])
    addEventListener(name, ({ error, reason = error }) => reason?.stack?.includes(app + 'widget') && fail(reason));
  for (const name of ['open', 'close', 'setContext', 'on', 'off'])
    api[name] = (...args) => {
      api.q.push([name, ...args]);
      if (name == 'open') load();
    };
  button.onclick = () => api.open();
  button.onpointerenter = button.onfocus = load;

  const start = () => {
    document.body.append(host);
    page();
    for (const name of ['pushState', 'replaceState']) {
      const real = history[name];
      history[name] = (...args) => {
        real.apply(history, args);
        setTimeout(page, 99); // the page sets its title after it pushed
      };
    }
    for (const name of ['popstate', 'pageshow', 'pagehide']) addEventListener(name, page);
    store[key + 'contact'] || /open/.test(api.q) ? load() : d.prefetch == 'no' || (self.requestIdleCallback || setTimeout)(load);
  };
  parent != self ? load() : document.body ? start() : addEventListener('DOMContentLoaded', start);
})();
