// Building the document. Text always goes in as a text node, never as HTML.

/**
 * h('button.primary', {type: 'button', onclick: f, data: {ts: '1'}}, 'Label', child…)
 * Attributes that are null, undefined or false are left out; functions become listeners.
 */
export function h(spec, attributes, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  setAttributes(element, attributes);
  append(element, children);
  return element;
}

const svgNamespace = 'http://www.w3.org/2000/svg';

/** The same for SVG. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(svgNamespace, tag);
  setAttributes(element, attributes);
  append(element, children);
  return element;
}

function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.classList.add(...String(value).split(' ').filter(Boolean));
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    element.append(child);
  }
}

/** Empties an element and fills it anew. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/**
 * Brings the children of parent in line with items, [{key, print, build}], keeping the nodes whose print is unchanged.
 * So focus, selection and open menus survive a refresh that did not concern them.
 */
export function reconcile(parent, items) {
  const have = new Map();
  for (const node of [...parent.children]) have.set(node.dataset.key, node);
  let cursor = parent.firstElementChild;
  for (const item of items) {
    let node = have.get(item.key);
    if (node && node.dataset.print === item.print) {
      have.delete(item.key);
    } else {
      const old = node;
      node = item.build(old);
      node.dataset.key = item.key;
      node.dataset.print = item.print;
      if (old) {
        if (cursor === old) cursor = old.nextElementSibling;
        old.remove();
        have.delete(item.key);
      }
    }
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
  for (const node of have.values()) node.remove();
}

/** A short, stable print of a value, to see whether it has changed. */
export function printOf(value) {
  const text = JSON.stringify(value) ?? '';
  let a = 0x811c9dc5;
  let b = 5381;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = (Math.imul(b, 33) + code) | 0;
  }
  return `${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}${text.length.toString(36)}`;
}

/** A link's address if it is one that may be followed, else null. */
export function safeAddress(address) {
  let url;
  try {
    url = new URL(String(address));
  } catch {
    return null;
  }
  return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
}

/** A link that opens beside the page, or the bare label where the address is not one to follow. */
export function link(address, ...label) {
  const safe = safeAddress(address);
  if (!safe) return h('span.dead-link', {title: 'Not a web or mail address'}, label);
  return h('a', {href: safe, target: '_blank', rel: 'noopener noreferrer'}, label);
}

/** An image of this machine; anything from elsewhere is only named, since the page asks no other host. */
export function picture(address, alt, attributes) {
  let url = null;
  try {
    url = new URL(String(address), location.href);
  } catch {
    // shown by its name
  }
  const here = url && (url.origin === location.origin || /^data:image\/(png|gif|jpeg|webp);/.test(url.href));
  if (here) return h('img', {src: url.href, alt: alt || '', loading: 'lazy', ...attributes});
  return h('span.image-elsewhere', {role: 'img', 'aria-label': alt || 'image', title: url ? url.href : ''}, alt || 'image');
}
