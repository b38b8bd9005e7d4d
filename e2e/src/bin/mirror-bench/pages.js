// Pages like a shop's, from a seed: the same seed and size give the same page, node by node.
"use strict";
const WORDS =
  `the of and to in for with on is your this from our by at are as an it that or be you we can all more new has
  will free home made light wood steel glass cotton linen wool leather oak pine walnut ash brass copper ceramic table
  chair bench lamp shelf stool desk sofa frame mirror basket blanket cushion rug vase bowl plate kettle garden kitchen
  bathroom bedroom office hallway living room outdoor indoor small large wide narrow tall short soft firm warm cool
  natural white black grey green blue red yellow brown matte gloss brushed polished woven knitted hand machine wash dry
  care clean wipe damp cloth avoid direct sun heat store flat ship delivery days weeks order return refund within
  thirty warranty five years spare parts available assembly tools included screws instructions minutes people two one
  customer review star helpful verified purchase bought quality price value size fits perfectly great good nice
  beautiful sturdy solid heavy simple modern classic design designer studio workshop family forest certified sustainable
  recycled packaging plastic paper carbon neutral local made north coast harbour town stock left only few back soon
  notify email newsletter offer sale save percent voucher code gift card wrap message wedding birthday season autumn
  winter spring summer collection limited edition series number material weight height width depth seat load capacity
  kilograms centimetres finish oil varnish wax colour pattern stripe plain check texture fabric cover removable zip foam
  filling feather down organic certified tested standard safety children pets allergy friendly low emission energy label
  bulb socket dimmable remote battery charge cable length metre switch wall ceiling floor mount bracket drill template
  question answer call chat advisor expert help support contact hours monday friday saturday closed open map route
  parking store pick up today tomorrow morning evening address postcode city country tax included basket checkout`
    .split(/\s+/)
    .filter(Boolean);

// mulberry32 (Tommy Ettinger, public domain)
const seeded = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

class Writer {
  constructor(seed) {
    this.random = seeded(seed);
    this.serial = 0;
  }
  below(n) {
    return Math.floor(this.random() * n);
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  // Few words are frequent and many are rare, as in any language.
  word() {
    return WORDS[Math.floor(WORDS.length * this.random() ** 2.2)];
  }
  words(count) {
    return Array.from({ length: count }, () => this.word()).join(" ");
  }
  sentence(least = 5, most = 18) {
    const text = this.words(least + this.below(most - least));
    return text[0].toUpperCase() + text.slice(1) + this.pick([".", ".", ".", "!", "?"]);
  }
  title() {
    return this.words(2 + this.below(3)).replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
  }
  price() {
    return `£${5 + this.below(900)}.${this.pick(["00", "50", "90", "95", "99"])}`;
  }

  card() {
    const id = 10_000 + this.serial++,
      slug = this.words(3).replaceAll(" ", "-"),
      off = this.below(6) === 0;
    return `
      <article class="product-card card ${this.pick(["card--wide", "card--tall", "", ""])} ${off ? "is-sale" : ""}" data-sku="${id}" data-category="${this.pick(WORDS)}">
        <a class="card__link" href="/products/${slug}-${id}.html" aria-label="${this.title()}">
          <span class="card__badge badge badge--${this.pick(["new", "sale", "eco", "last"])}">${this.pick(["New", "Sale", "Eco", "Last one"])}</span>
          <h3 class="card__title text-lg font-semibold">${this.title()}</h3>
        </a>
        <p class="card__text text-sm text-muted">${this.sentence(3, 9)}</p>
        <div class="card__price price" style="--save: ${this.below(60)}%"><span class="price__now">${this.price()}</span> <s class="price__was">${this.price()}</s></div>
        <button class="btn btn--primary btn--small" type="button" data-action="add" data-id="${id}">Add to basket</button>
      </article>`;
  }
  review() {
    return `
      <li class="review" id="review-${this.serial++}">
        <header class="review__head"><strong class="review__author">${this.title()}</strong> <time datetime="2026-${String(1 + this.below(12)).padStart(2, "0")}-${String(1 + this.below(28)).padStart(2, "0")}">${this.below(30) + 1} days ago</time></header>
        <p class="review__body">${this.sentence(5, 13)} <em>${this.sentence(3, 6)}</em> ${this.sentence(3, 9)}</p>
        <button class="link review__vote" type="button">Helpful (${this.below(80)})</button>
      </li>`;
  }
  row() {
    return `
        <tr class="spec ${this.pick(["is-odd", "is-even"])}"><th scope="row" class="spec__name">${this.title()}</th><td class="spec__value">${this.below(400)} cm</td><td class="spec__value">${this.word()} ${this.word()}</td><td class="spec__note text-sm">${this.sentence(2, 6)}</td></tr>`;
  }
  field() {
    const name = `${this.word()}_${this.serial++}`;
    return `
        <div class="field"><label class="field__label" for="${name}">${this.title()}</label><input class="field__input" id="${name}" name="${name}" type="text" value="${this.words(2)}" placeholder="${this.word()}"></div>`;
  }
  many(count, make) {
    return Array.from({ length: count }, () => make.call(this)).join("");
  }
  section() {
    switch (this.below(6)) {
      case 0:
      case 1:
        return `
    <section class="grid grid--products" aria-label="${this.title()}">
      <h2 class="grid__title">${this.title()}</h2>${this.many(12, this.card)}
    </section>`;
      case 2:
        return `
    <section class="reviews"><h2>${this.title()}</h2>
      <ul class="reviews__list">${this.many(10, this.review)}
      </ul>
    </section>`;
      case 3:
        return `
    <section class="specs"><table class="table table--striped"><caption>${this.title()}</caption>
      <tbody>${this.many(14, this.row)}
      </tbody></table>
    </section>`;
      case 4:
        return `
    <section class="prose">${this.many(5, () => `
      <p class="prose__p">${this.sentence(7, 16)} <a class="link" href="/guide/${this.word()}.html">${this.words(2)}</a> ${this.sentence(3, 10)}</p>`)}
    </section>`;
      default:
        return `
    <section class="form-block"><form class="form" action="/ask" method="post"><fieldset class="form__set"><legend>${this.title()}</legend>${this.many(6, this.field)}
      </fieldset></form>
      <svg class="icon" viewBox="0 0 24 24" width="24" height="24"><path d="M${this.below(24)} ${this.below(24)}h${this.below(9)}v${this.below(9)}z"></path><circle cx="12" cy="12" r="${1 + this.below(9)}"></circle></svg>
    </section>`;
    }
  }
}

const countNodes = (root) => {
  const walker = document.createTreeWalker(root);
  let count = 1;
  while (walker.nextNode()) count++;
  return count;
};

/** Fills the body with about so many nodes, and says how many the document has. */
const fillPage = (nodes, seed) => {
  const writer = new Writer(seed);
  document.title = writer.title();
  document.body.innerHTML = `<header class="top"><nav class="nav"><ul class="nav__list">${writer.many(9, function () {
    return `<li class="nav__item"><a class="nav__link" href="/${this.word()}/">${this.title()}</a></li>`;
  })}</ul></nav></header>
  <main class="main" id="main"></main><div id="beat" class="beat">0</div><div id="work" class="work"></div>`;
  const main = document.getElementById("main");
  let left = nodes - countNodes(document);
  while (left > 0) {
    main.insertAdjacentHTML("beforeend", writer.section());
    left -= countNodes(main.lastElementChild) + 1;
  }
  return countNodes(document);
};
