// Faces: coloured initials for people, a microphone for the app.

import {h, svg} from './dom.js';
import {isApp, personOf, state, userName} from './state.js';

const colours = ['#1d6fb8', '#0f7b6c', '#b3541e', '#8a3fb0', '#a8324a', '#4b6b1d', '#5a56c4', '#7a5c00'];

function colourOf(id) {
  const at = state.workspace.people.findIndex((p) => p.id === id || p.name === id);
  if (at >= 0) return colours[at % colours.length];
  let sum = 0;
  for (const char of String(id)) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return colours[sum % colours.length];
}

function initials(name) {
  const words = String(name).split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words[words.length - 1][0] : (words[0] || '?').slice(0, 1);
  return letters.toUpperCase();
}

/** A square with a face; size is 'small', 'middle' or 'large'. */
export function avatar(id, size = 'middle') {
  if (isApp(id)) return h('span.avatar.avatar-app', {class: `avatar-${size}`, 'aria-hidden': 'true'}, microphone());
  const name = personOf(id)?.real_name || userName(id);
  return h('span.avatar', {class: `avatar-${size}`, 'aria-hidden': 'true', style: {'--face': id === 'USLACKBOT' ? '#4a154b' : colourOf(id)}}, initials(name));
}

export function microphone() {
  return svg('svg', {viewBox: '0 0 32 32', class: 'microphone'},
    svg('g', {fill: 'none', stroke: 'currentColor', 'stroke-width': 2.4, 'stroke-linecap': 'round'},
      svg('rect', {x: 12, y: 6, width: 8, height: 13, rx: 4}),
      svg('path', {d: 'M8.5 15.5a7.5 7.5 0 0 0 15 0M16 23v4M12.5 27h7'})));
}
