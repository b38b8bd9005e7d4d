// Addresses that mean the same elsewhere.
export const absolute = (url, base) => {
  try {
    return new URL(url, base).href;
  } catch {
    return "";
  }
};
export const absoluteCss = (css, base) =>
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

// An attribute's value.
export const value = (tag, key, text) => {
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
