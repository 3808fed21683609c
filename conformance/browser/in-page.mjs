/**
 * What is asked of a page from inside it. Each function is sent to the browser as its text alone,
 * so everything it needs stands in its own body. They return faults, a sentence each.
 */

/** No script, nothing from elsewhere, a sound outline, names for pictures and scopes for heads. */
export function structureFaults() {
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const must = (holds, fault) => {
    if (!holds) faults.push(fault);
  };
  const active = 'script, link, iframe, object, embed, form, base, img, audio, video, use, image';
  for (const one of all(active)) faults.push(`has a <${one.localName}>`);
  for (const one of all('*')) {
    for (const { name, value } of one.attributes) {
      must(!/^on/i.test(name), `has a handler ${name} at <${one.localName}>`);
      const leads = /^(href|src|action|style|xlink:href)$/i.test(name);
      must(!leads || !/javascript:|url\(|https?:/i.test(value), `${name} leads to ${value}`);
    }
  }
  const rules = all('style').map((style) => style.textContent);
  must(!rules.some((text) => /@import|url\(/.test(text)), 'has a style that fetches');
  must(document.doctype !== null, 'has no doctype');
  must(document.title.trim() !== '', 'has no title');
  must(/^[a-z]{2}/.test(document.documentElement.lang), 'has no lang');
  must(document.querySelector('meta[name=viewport]'), 'has no viewport');
  const headings = all('h1, h2, h3, h4, h5, h6').map(({ localName }) => Number(localName[1]));
  must(headings.filter((level) => level === 1).length === 1, 'has not exactly one h1');
  headings.forEach((level, at) => {
    const before = headings[at - 1] ?? 0;
    must(level <= before + 1, `has an h${level} after an h${before}`);
  });
  const ids = all('[id]').map(({ id }) => id);
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) !== at))) {
    faults.push(`has the id ${id} twice`);
  }
  for (const svg of all('svg:not(svg svg)')) {
    const label = svg.getAttribute('aria-labelledby');
    const name = label === null ? svg.getAttribute('aria-label') : byId(label);
    const isNamed = svg.getAttribute('role') === 'img' && (name ?? '').trim() !== '';
    must(isNamed || svg.getAttribute('aria-hidden') === 'true', 'has an svg without a name');
  }
  for (const head of all('th')) {
    must(head.hasAttribute('scope'), `has a th without a scope: ${head.textContent.slice(0, 40)}`);
  }
  return faults;

  function byId(list) {
    return list
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' ');
  }
}

/** Fits into the window; every text of a picture can be read, and every line be seen. */
export function drawingFaults() {
  const smallestPixels = 10;
  const textContrast = 4.5;
  const lineContrast = 3;
  const faults = new Set();
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    faults.add(`is ${root.scrollWidth} wide in a window of ${root.clientWidth}: ${widest()}`);
  }
  for (const svg of document.querySelectorAll('svg:not(svg svg)')) look(svg);
  return [...faults];

  function widest() {
    const beyond = [...document.body.querySelectorAll('*')].filter(
      (one) =>
        one.getBoundingClientRect().right > root.clientWidth + 1 && !one.closest('.scroll *'),
    );
    return beyond
      .slice(0, 3)
      .map(({ localName, className }) => `${localName}.${className}`)
      .join(', ');
  }

  function look(svg) {
    const name = svg.querySelector('title')?.textContent.slice(0, 50) ?? 'a picture';
    const frame = svg.getBoundingClientRect();
    const paper = paperOf(svg);
    const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent !== '');
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const small = [];
    texts.forEach((text, at) => {
      const shown = `"${text.textContent.slice(0, 30)}" in "${name}"`;
      const box = boxes[at];
      const scale = frame.width / (svg.viewBox.baseVal.width || frame.width);
      const size = Number.parseFloat(getComputedStyle(text).fontSize) * scale;
      if (size < smallestPixels) small.push(`${size.toFixed(1)} pixels high: ${shown}`);
      if (box.left < frame.left - 1 || box.right > frame.right + 1) faults.add(`cut off: ${shown}`);
      if (box.top < frame.top - 1 || box.bottom > frame.bottom + 1) faults.add(`cut off: ${shown}`);
      const contrast = contrastOf(colour(getComputedStyle(text).fill), paper);
      if (contrast < textContrast) faults.add(`contrast ${contrast.toFixed(2)}: ${shown}`);
      const over = boxes.findIndex((other, i) => i > at && overlap(box, other));
      if (over >= 0) faults.add(`over "${texts[over].textContent}": ${shown}`);
    });
    // They are so all or none.
    for (const fault of small.slice(0, 1)) faults.add(fault);
    for (const shape of svg.querySelectorAll('path, rect, circle, line:not(.axis)')) {
      const { stroke, fill } = getComputedStyle(shape);
      const drawn = colour(stroke === 'none' ? fill : stroke);
      const contrast = contrastOf(over(drawn, paper), paper);
      if (contrast < lineContrast) {
        faults.add(`contrast ${contrast.toFixed(2)}: a ${shape.localName} in "${name}"`);
      }
    }
  }

  /** By more than a hair: letters do not fill their boxes. */
  function overlap(a, b) {
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return across > 1 && down > 3;
  }

  function paperOf(element) {
    for (let one = element; one; one = one.parentElement) {
      const found = colour(getComputedStyle(one).backgroundColor);
      if (found[3] === 1) return found;
    }
    return [255, 255, 255, 1];
  }

  function colour(text) {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, a];
  }

  function over([r, g, b, a], [x, y, z]) {
    return [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  }

  function contrastOf(one, other) {
    const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  }

  function luminance(parts) {
    const [r, g, b] = parts.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
}

/** Paper is white whatever the reader's scheme, does not scroll, and shows no backgrounds. */
export function paperFaults() {
  const textContrast = 4.5;
  const faults = new Set();
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    faults.add(`is ${root.scrollWidth} wide on paper of ${root.clientWidth}`);
  }
  for (const one of document.querySelectorAll('body *')) {
    const style = getComputedStyle(one);
    const clips = /auto|scroll|hidden/.test(style.overflowX);
    if (clips && one.scrollWidth > one.clientWidth + 1) {
      faults.add(`cut off on paper: <${one.localName} class="${one.className}">`);
    }
    const isText = [...one.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '',
    );
    if (!isText || one.closest('title') || style.display === 'none') continue;
    const ink = one.closest('svg') ? style.fill : style.color;
    const contrast = 1.05 / (luminance(ink) + 0.05);
    if (contrast < textContrast) {
      faults.add(
        `contrast ${contrast.toFixed(2)} on paper: ${one.textContent.trim().slice(0, 40)}`,
      );
    }
  }
  return [...faults].slice(0, 10);

  function luminance(text) {
    const [r, g, b] = (text.match(/[\d.]+/g) ?? []).slice(0, 3).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
}
