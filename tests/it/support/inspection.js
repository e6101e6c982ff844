// What is wrong with the page as it is shown now: a list of sentences, empty when all is well.
const wrong = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const isShown = (element) => element.checkVisibility({ checkVisibilityCSS: true });
const name = (element) => element.outerHTML.slice(0, 80);

if (document.documentElement.scrollWidth > window.innerWidth) {
  wrong.push(`it is ${document.documentElement.scrollWidth} px wide`);
}
if (!document.documentElement.lang) wrong.push("it has no language");
if (!document.title.includes("Authsome")) wrong.push(`its title is "${document.title}"`);
for (const [selector, count] of [["h1", 1], ["main", 1], ["header", 1]]) {
  if (all(selector).length !== count) wrong.push(`it has ${all(selector).length} ${selector}`);
}
const ids = all("[id]").map((element) => element.id);
for (const id of ids) {
  if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`the id ${id} stands twice`);
}
for (const element of all("[aria-describedby], [aria-labelledby]")) {
  for (const attribute of ["aria-describedby", "aria-labelledby"]) {
    for (const id of (element.getAttribute(attribute) || "").split(/\s+/).filter(Boolean)) {
      if (!document.getElementById(id)) wrong.push(`${attribute} names ${id}, which is not there`);
    }
  }
}
for (const field of all("input:not([type=hidden]), select, textarea")) {
  if (isShown(field) && !field.labels.length && !field.ariaLabel) wrong.push(`no label: ${name(field)}`);
}
for (const element of all("a[href], button")) {
  const text = element.innerText.trim() || element.ariaLabel || element.title;
  if (isShown(element) && !text) wrong.push(`no name: ${name(element)}`);
}
for (const button of all("button, input:not([type=hidden]), select")) {
  const box = button.getBoundingClientRect();
  // WCAG 2.2, 2.5.8: large enough for a finger.
  if (isShown(button) && (box.height < 24 || box.width < 24)) wrong.push(`too small: ${name(button)}`);
}

// WCAG 2.2, 1.4.3: contrast of text.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const background = (element) => {
  const own = rgba(getComputedStyle(element).backgroundColor);
  if (own[3] === 1) return own;
  const below = element.parentElement ? background(element.parentElement) : rgba("Canvas");
  return over(own, below);
};
const luminance = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !isShown(element)) continue;
  const style = getComputedStyle(element);
  const behind = background(element);
  const [one, other] = [over(rgba(style.color), behind), behind].map(luminance);
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (isLarge ? 3 : 4.5)) {
    wrong.push(`contrast ${ratio.toFixed(2)}: ${texts.currentNode.data.trim().slice(0, 40)}`);
  }
}
return wrong;
