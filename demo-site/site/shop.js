// Harbour & Pine: the cart, which lives in this browser alone, the product form, and a checkout that sends
// nothing. What the customer has chosen is told to Ringside, so that whoever takes the call can see it.
const KEY = 'harbour-and-pine:cart';
const MOST_LINES = 30;
const MOST_OF_ONE = 20; // as the number fields say
const LONGEST_TEXT = 300; // as the text areas say
const FREE_FROM = 7500; // pence
const DELIVERY = { standard: 495, express: 1200, collect: 0 }; // pence

const money = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'GBP' });
const pounds = pence => money.format(pence / 100).replace('.00', '');
const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const say = (selector, text) => all(selector).forEach(place => { place.textContent = text; });

// --- The cart: an array of lines { slug, name, size, pence, quantity, gift, message }.

let kept = []; // where storage is blocked, the cart lasts as long as the page

/** What was stored is somebody else's word: lines of another shape are dropped. */
function isLine(line) {
  const text = (value, longest) => typeof value === 'string' && value.length <= longest;
  return line !== null && typeof line === 'object'
    && text(line.slug, 60) && /^[a-z-]+$/.test(line.slug)
    && text(line.name, 80) && text(line.size, 80) && text(line.message, LONGEST_TEXT)
    && Number.isInteger(line.pence) && line.pence >= 0
    && Number.isInteger(line.quantity) && line.quantity >= 1 && line.quantity <= MOST_OF_ONE
    && typeof line.gift === 'boolean';
}

function readCart() {
  let lines = kept;
  try {
    lines = JSON.parse(localStorage.getItem(KEY) ?? '[]');
  } catch {
    // Blocked storage or a broken value: what this page knows counts.
  }
  return Array.isArray(lines) ? lines.filter(isLine).slice(0, MOST_LINES) : [];
}

function writeCart(lines) {
  kept = lines;
  try {
    localStorage.setItem(KEY, JSON.stringify(lines));
  } catch {
    // Blocked or full: `kept` has it.
  }
  showCart(lines);
}

const goods = lines => lines.reduce((sum, line) => sum + line.pence * line.quantity, 0);
const pieces = lines => lines.reduce((sum, line) => sum + line.quantity, 0);
const same = (a, b) => ['slug', 'size', 'gift', 'message'].every(key => a[key] === b[key]);
const clamp = quantity => Math.min(MOST_OF_ONE, Math.max(1, Math.round(Number(quantity)) || 1));

function delivery(lines) {
  const way = one('[name=delivery]:checked')?.value ?? 'standard';
  return way === 'standard' && goods(lines) >= FREE_FROM ? 0 : DELIVERY[way];
}

// --- Ringside: the queue takes calls until the script tag has loaded.

const ringside = (method, ...args) => {
  const api = (window.Ringside ||= { q: [] });
  if (api[method]) api[method](...args);
  else api.q.push([method, ...args]);
};

function tellRingside(lines) {
  const context = { page: document.title.split(' · ')[0] };
  const form = one('[data-add]');
  if (form) {
    const { size, price } = choice(form);
    context.product = { name: one('[data-name]').textContent, size, price: pounds(price) };
  }
  context.cart = lines.map(line => ({
    item: line.name,
    size: line.size,
    quantity: line.quantity,
    price: pounds(line.pence * line.quantity),
    ...(line.gift && { gift: 'wrapped' }),
  }));
  context.total = pounds(goods(lines));
  ringside('setContext', context);
}

// "Have us call you" shows itself where a call can be had: once the script tag has run.
function offerCalls() {
  if (!window.Ringside?.v) return;
  all('[data-call], [data-call-row]').forEach(place => { place.hidden = false; });
}

function startCalls() {
  all('[data-call]').forEach(button => button.addEventListener('click', () => ringside('open')));
  one('script[data-business]')?.addEventListener('load', offerCalls);
  offerCalls();
}

// --- Product page

/** The chosen size and its price in pence. */
function choice(form) {
  const option = one('[name=size]', form).selectedOptions[0];
  return { size: option.value, price: Number(option.dataset.pence) };
}

function startProduct(form) {
  const fields = form.elements;
  fields.size.addEventListener('change', () => {
    say('[data-price]', pounds(choice(form).price));
    tellRingside(readCart());
  });
  fields['gift-message'].addEventListener('input', () => {
    if (fields['gift-message'].value) fields.gift.checked = true;
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    const { size, price } = choice(form);
    const quantity = clamp(fields.quantity.value);
    const line = {
      slug: one('[data-product]').dataset.product,
      name: one('[data-name]').textContent,
      size,
      pence: price,
      quantity,
      gift: fields.gift.checked,
      message: fields.gift.checked ? fields['gift-message'].value.trim() : '',
    };
    added(line, add(line));
  });
}

/** Returns why it could not be added, or nothing. */
function add(line) {
  const lines = readCart();
  const held = lines.find(other => same(other, line));
  if (held && held.quantity + line.quantity > MOST_OF_ONE) return `We send at most ${MOST_OF_ONE} of one kind.`;
  if (!held && lines.length >= MOST_LINES) return 'The cart is full. Check out first, or take something out.';
  if (held) held.quantity += line.quantity;
  else lines.push(line);
  writeCart(lines);
}

function added(line, refusal) {
  const place = one('[data-added]');
  place.classList.toggle('bad', Boolean(refusal));
  if (refusal) {
    place.textContent = refusal;
    return;
  }
  const link = document.createElement('a');
  link.href = '/cart.html';
  link.textContent = 'See the cart';
  place.replaceChildren(`${line.quantity} × ${line.name} added. `, link);
}

// --- Cart page

let removed; // { line, at }: what Undo brings back

function startCart(list) {
  one('[data-undo]').addEventListener('click', () => {
    const lines = readCart();
    lines.splice(removed.at, 0, removed.line);
    const { at } = removed;
    forgetRemoved();
    writeCart(lines);
    drawLines(list, lines);
    one('input', list.children[at]).focus();
  });
  addEventListener('storage', event => {
    if (event.key !== KEY && event.key !== null) return;
    forgetRemoved();
    drawLines(list, readCart());
  });
  drawLines(list, readCart());
}

function forgetRemoved() {
  removed = undefined;
  say('[data-removed]', '');
  one('[data-undo]').hidden = true;
}

function drawLines(list, lines) {
  list.replaceChildren(...lines.map((line, at) => drawLine(list, line, at)));
}

function drawLine(list, line, at) {
  const item = one('#line').content.cloneNode(true).firstElementChild;
  const page = `/products/${line.slug}.html`;
  const name = one('.line-name', item);
  const quantity = one('input', item);
  all('a', item).forEach(link => { link.href = page; });
  one('img', item).src = `/img/${line.slug}.svg`;
  name.textContent = line.name;
  one('[data-line-note]', item).textContent = note(line);
  quantity.value = line.quantity;
  for (const [selector, label] of [
    ['input', `Quantity of ${line.name}, ${line.size}`],
    ['[data-less]', `One ${line.name} less`],
    ['[data-more]', `One ${line.name} more`],
    ['.line-remove', `Remove ${line.name}, ${line.size}`],
  ]) one(selector, item).setAttribute('aria-label', label);
  const set = wanted => {
    const lines = readCart();
    if (!lines[at]) return drawLines(list, lines); // another tab was here
    lines[at].quantity = clamp(wanted);
    quantity.value = lines[at].quantity;
    showPrice(item, lines[at]);
    forgetRemoved();
    writeCart(lines);
  };
  quantity.addEventListener('change', () => set(quantity.value));
  one('[data-less]', item).addEventListener('click', () => set(Number(quantity.value) - 1));
  one('[data-more]', item).addEventListener('click', () => set(Number(quantity.value) + 1));
  one('.line-remove', item).addEventListener('click', () => remove(list, at));
  showPrice(item, line);
  return item;
}

function note(line) {
  const gift = line.gift ? ['gift-wrapped', ...(line.message ? [`“${line.message}”`] : [])] : [];
  return [line.size, ...gift].join(' · ');
}

function showPrice(item, line) {
  one('.line-price', item).textContent = pounds(line.pence * line.quantity);
  one('[data-less]', item).disabled = line.quantity <= 1;
  one('[data-more]', item).disabled = line.quantity >= MOST_OF_ONE;
}

function remove(list, at) {
  const lines = readCart();
  const [line] = lines.splice(at, 1);
  writeCart(lines);
  drawLines(list, lines);
  if (!line) return;
  removed = { line, at };
  say('[data-removed]', `${line.name} removed.`);
  const undo = one('[data-undo]');
  undo.hidden = false;
  undo.focus(); // the button that was pressed is gone
}

// --- Checkout page

function startCheckout(form) {
  form.addEventListener('change', event => {
    if (event.target.name === 'delivery') showCart(readCart());
  });
  form.addEventListener('input', event => {
    if (event.target.getAttribute('aria-invalid')) judge(event.target);
  });
  form.addEventListener('submit', event => {
    event.preventDefault();
    const wrong = [...form.elements].filter(field => field.willValidate && !judge(field));
    if (wrong.length > 0) {
      say('[data-paid]', '');
      wrong[0].focus();
      return;
    }
    if (readCart().length === 0) {
      say('[data-paid]', 'There is nothing in your cart to pay for.');
      return;
    }
    say('[data-paid]', 'This is a demo shop: nothing is sent, and nothing is charged. Your cart is as it was.');
  });
}

/** Says beside the field what is wrong with it; true if nothing is. */
function judge(field) {
  const fine = field.checkValidity();
  const id = `${field.id}-wrong`;
  let hint = document.getElementById(id);
  if (fine) {
    hint?.remove();
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  } else if (!hint) {
    hint = document.createElement('p');
    hint.id = id;
    hint.className = 'wrong';
    hint.textContent = field.dataset.wrong ?? field.validationMessage;
    field.after(hint);
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', id);
  }
  return fine;
}

// --- What every page shows of the cart

function showCart(lines) {
  const count = pieces(lines);
  all('[data-cart-count]').forEach(place => {
    place.hidden = count === 0;
    place.textContent = count;
    place.setAttribute('aria-label', count === 1 ? '1 thing in it' : `${count} things in it`);
  });
  all('[data-cart-empty]').forEach(place => { place.hidden = count > 0; });
  all('[data-cart-full]').forEach(place => { place.hidden = count === 0; });
  const cost = count > 0 ? delivery(lines) : 0;
  say('[data-goods]', pounds(goods(lines)));
  say('[data-delivery]', cost === 0 ? 'free' : pounds(cost));
  say('[data-total]', pounds(goods(lines) + cost));
  const missing = FREE_FROM - goods(lines);
  say('[data-free-from]', missing > 0 ? `${pounds(missing)} more and delivery is free.` : '');
  all('[data-cart-brief]').forEach(list => list.replaceChildren(...lines.map(brief)));
  tellRingside(lines);
}

function brief(line) {
  const item = document.createElement('li');
  const text = document.createElement('span');
  const price = document.createElement('span');
  text.textContent = `${line.quantity} × ${line.name}, ${line.size}`;
  price.textContent = pounds(line.pence * line.quantity);
  item.append(text, price);
  return item;
}

for (const [selector, start] of [
  ['[data-add]', startProduct],
  ['[data-cart-lines]', startCart],
  ['[data-checkout]', startCheckout],
]) {
  const place = one(selector);
  if (place) start(place);
}
addEventListener('storage', event => {
  if (event.key === KEY || event.key === null) showCart(readCart());
});
// A page that comes back from the browser's memory shows the cart of now.
addEventListener('pageshow', event => { if (event.persisted) location.reload(); });
showCart(readCart());
startCalls();
