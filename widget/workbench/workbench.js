// Puts the script tag into the page, with the attributes that the address names.
const asked = new URLSearchParams(location.search);
for (const field of document.forms[0].elements) if (asked.has(field.name)) field.value = asked.get(field.name);

const tag = document.createElement('script');
tag.src = 'loader.js';
tag.dataset.app = '.';
tag.dataset.business = 'harbour-and-pine';
for (const [name, value] of asked) if (value) tag.dataset[name] = value;

window.Ringside = { q: [] };
for (const event of ['open', 'close', 'requested', 'status', 'ended']) {
  Ringside.q.push(['on', event, detail => {
    const line = document.createElement('li');
    line.textContent = `${event} ${detail ? JSON.stringify(detail) : ''}`;
    document.getElementById('said').prepend(line);
  }]);
}
Ringside.q.push(['setContext', { workbench: true, at: new Date().toISOString() }]);
document.body.append(tag);
