// The few emoji an operations bot uses. Those that carry meaning are drawn, so that they look the same where no emoji
// font is installed; the rest are left to the font, and an unknown :name: stays as it was typed.

import {h, svg} from './dom.js';

const disc = (colour, rim) => () => [svg('circle', {cx: 10, cy: 10, r: 8, fill: colour, stroke: rim, 'stroke-width': 1})];
const stroke = (d, colour, width = 2.4) =>
  svg('path', {d, fill: 'none', stroke: colour, 'stroke-width': width, 'stroke-linecap': 'round', 'stroke-linejoin': 'round'});
const plate = (colour, ...marks) => () => [svg('rect', {x: 1.5, y: 1.5, width: 17, height: 17, rx: 4, fill: colour}), ...marks.map((m) => m())];
const path = (d, fill) => svg('path', {d, fill});

const tick = () => stroke('M5.5 10.5l3.2 3.2 6-7', '#fff');
const sand = (top, bottom) => () => [
  path('M4 2h12v1.8H4zM4 16.2h12V18H4z', '#9b6a3c'),
  svg('path', {d: 'M5.5 3.8h9c0 4-3 4.8-3 6.2s3 2.2 3 6.2h-9c0-4 3-4.8 3-6.2s-3-2.2-3-6.2z', fill: '#cfe6f5', stroke: '#8aa4b5', 'stroke-width': 0.8}),
  top && path('M6.6 5.4h6.8c-.5 1.9-2.4 2.6-3.1 4.2h-.6C9 8 7.1 7.3 6.6 5.4z', '#e3a83b'),
  bottom && path('M6.3 16.2c.3-2.6 2.5-2.7 3.7-4 1.2 1.3 3.4 1.4 3.7 4z', '#e3a83b'),
].filter(Boolean);

const drawn = {
  white_check_mark: plate('#2f9e58', tick),
  heavy_check_mark: () => [stroke('M3.5 10.5l4.5 4.5 8.5-10', '#2f9e58', 3)],
  ballot_box_with_check: plate('#3b7dd8', tick),
  x: () => [stroke('M4.5 4.5l11 11M15.5 4.5l-11 11', '#dd2e44', 3.4)],
  warning: () => [
    svg('path', {d: 'M10 2.2L18.6 17.4H1.4z', fill: '#ffcc4d', stroke: '#e0a520', 'stroke-width': 1.2, 'stroke-linejoin': 'round'}),
    stroke('M10 7.5v4.7', '#231f20', 2), svg('circle', {cx: 10, cy: 14.9, r: 1.2, fill: '#231f20'}),
  ],
  rotating_light: () => [
    path('M4.5 14.5V11a5.5 5.5 0 0 1 11 0v3.5z', '#dd2e44'), path('M3 14.5h14V18H3z', '#5d6b76'),
    path('M8 11.5a2 2 0 0 1 2-2v-1.5a3.5 3.5 0 0 0-3.5 3.5z', '#ffb3bd'),
    stroke('M10 1v2M3.2 3.8l1.4 1.4M16.8 3.8l-1.4 1.4', '#e8902f', 1.5),
  ],
  hourglass: sand(false, true),
  hourglass_flowing_sand: sand(true, true),
  large_green_circle: disc('#3aa655', '#2b8a45'),
  red_circle: disc('#dd2e44', '#b71f35'),
  large_yellow_circle: disc('#f7c948', '#d9a520'),
  large_orange_circle: disc('#f4900c', '#cf7806'),
  large_blue_circle: disc('#3b88e0', '#2a6dbb'),
  large_purple_circle: disc('#9266cc', '#7a4fb5'),
  white_circle: disc('#e9ecef', '#adb5bd'),
  black_circle: disc('#31373d', '#6c757d'),
  information_source: plate('#3b88e0', () => stroke('M10 9v5.5M10 5.6v.1', '#fff', 2.4)),
  question: () => [stroke('M6.5 6.5a3.5 3.5 0 1 1 5 3.2c-1 .6-1.5 1.2-1.5 2.5M10 16v.1', '#dd2e44', 2.6)],
  grey_question: () => [stroke('M6.5 6.5a3.5 3.5 0 1 1 5 3.2c-1 .6-1.5 1.2-1.5 2.5M10 16v.1', '#9aa5ad', 2.6)],
  exclamation: () => [stroke('M10 3.5v8.5M10 16.4v.1', '#dd2e44', 3.2)],
  no_entry: () => [svg('circle', {cx: 10, cy: 10, r: 8.5, fill: '#dd2e44'}), svg('rect', {x: 4.5, y: 8.3, width: 11, height: 3.4, rx: 1, fill: '#fff'})],
  no_entry_sign: () => [
    svg('circle', {cx: 10, cy: 10, r: 7.3, fill: 'none', stroke: '#dd2e44', 'stroke-width': 2.6}), stroke('M5 5l10 10', '#dd2e44', 2.6)],
  octagonal_sign: () => [path('M6.5 1.5h7l5 5v7l-5 5h-7l-5-5v-7z', '#dd2e44')],
  lock: () => [stroke('M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9', '#8a97a3', 2), svg('rect', {x: 4, y: 9, width: 12, height: 9, rx: 2, fill: '#f2b632'})],
  unlock: () => [stroke('M6.5 9V5.5a3.5 3.5 0 0 1 6.7-1', '#8a97a3', 2), svg('rect', {x: 4, y: 9, width: 12, height: 9, rx: 2, fill: '#f2b632'})],
  arrow_right: plate('#3b88e0', () => stroke('M5 10h9M10.5 6l4 4-4 4', '#fff', 2)),
  arrow_up: plate('#3b88e0', () => stroke('M10 15V6M6 9.5l4-4 4 4', '#fff', 2)),
  arrow_down: plate('#3b88e0', () => stroke('M10 5v9M6 10.5l4 4 4-4', '#fff', 2)),
  arrows_counterclockwise: plate('#3b88e0', () => stroke('M14.5 8A5 5 0 0 0 5.5 8M5.5 12a5 5 0 0 0 9 0M5.2 5v3h3M14.8 15v-3h-3', '#fff', 1.7)),
  double_vertical_bar: plate('#3b88e0', () => stroke('M7.5 6v8M12.5 6v8', '#fff', 2.6)),
  black_square_for_stop: plate('#3b88e0', () => path('M6 6h8v8H6z', '#fff')),
  bell: () => [path('M10 1.8a5.2 5.2 0 0 0-5.2 5.2v4.2L3 14.5h14l-1.8-3.3V7A5.2 5.2 0 0 0 10 1.8z', '#f2b632'), svg('circle', {cx: 10, cy: 16.5, r: 2, fill: '#d18f1b'})],
  zap: () => [path('M11.5 1L3.5 11.5h5L7.5 19l9-11.5h-5.3z', '#f7b32b')],
  fire: () => [path('M10 1.5c1 3.5 5.5 5 5.5 10a5.5 5.5 0 0 1-11 .5c0-2.5 1.5-3.8 2-5.5.8.8 1.2 1.6 1.4 2.5C9.5 7 10.5 4.5 10 1.5z', '#f4900c'), path('M10 10c.6 1.7 2.4 2.4 2.4 4.5a2.4 2.4 0 0 1-4.8 0c0-1.6 1.6-2.5 2.4-4.5z', '#ffd35c')],
};

const fonted = {
  rocket: '🚀', eyes: '👀', tada: '🎉', thumbsup: '👍', '+1': '👍', thumbsdown: '👎', '-1': '👎', wave: '👋', robot_face: '🤖',
  microphone: '🎤', globe_with_meridians: '🌐', package: '📦', clipboard: '📋', memo: '📝', mag: '🔍', link: '🔗', bulb: '💡', wrench: '🔧',
  hammer_and_wrench: '🛠️', stopwatch: '⏱️', alarm_clock: '⏰', chart_with_upwards_trend: '📈', chart_with_downwards_trend: '📉', shield: '🛡️',
  key: '🔑', bust_in_silhouette: '👤', busts_in_silhouette: '👥', snowflake: '❄️', skull: '💀', construction: '🚧', mute: '🔇', books: '📚',
};

const aliases = {heavy_multiplication_x: 'x', stop_sign: 'octagonal_sign', green_circle: 'large_green_circle', yellow_circle: 'large_yellow_circle'};

/** The characters of the drawn ones: text may carry them as they are. */
const characters = {
  '✅': 'white_check_mark', '❌': 'x', '⚠️': 'warning', '🚨': 'rotating_light', '⌛': 'hourglass', '⏳': 'hourglass_flowing_sand', '🟢': 'large_green_circle',
  '🔴': 'red_circle', '🟡': 'large_yellow_circle', '🟠': 'large_orange_circle', '🔵': 'large_blue_circle', '🟣': 'large_purple_circle', '⚪': 'white_circle',
  '⚫': 'black_circle', 'ℹ️': 'information_source', '❓': 'question', '❗': 'exclamation', '⛔': 'no_entry', '🚫': 'no_entry_sign', '🛑': 'octagonal_sign',
  '🔒': 'lock', '🔓': 'unlock', '🔄': 'arrows_counterclockwise', '🔔': 'bell', '🔥': 'fire',
};

export const emojiPattern = new RegExp(`:[a-z0-9_+-]{1,60}:|${Object.keys(characters).join('|')}`, 'gu');

/** Whether there is a font for the rest: a character it lacks is as wide as one that no font has. */
const hasFont = (() => {
  const pen = document.createElement('canvas').getContext('2d');
  if (!pen) return true;
  const wide = (text) => pen.measureText(text).width;
  return wide('🎉') !== wide('\u{10FFFE}');
})();

/** The picture of ":name:" or of an emoji character, or null where there is none. */
export function emoji(text) {
  const typed = characters[text] || text.replaceAll(':', '');
  const name = aliases[typed] || typed;
  const label = `:${name}:`;
  if (Object.hasOwn(drawn, name)) {
    return svg('svg', {class: 'emoji', viewBox: '0 0 20 20', role: 'img', 'aria-label': name.replaceAll('_', ' ')},
      svg('title', null, label), drawn[name]());
  }
  if (hasFont && Object.hasOwn(fonted, name)) return h('span.emoji-font', {role: 'img', 'aria-label': name.replaceAll('_', ' '), title: label}, fonted[name]);
  return null;
}
