// What can be typed after a "/": read off the commands the app declares in its manifest.

import {state} from './state.js';

/** "status | deploy <service> <version> | help" as its alternatives. A bar inside brackets separates nothing. */
export function alternatives(hint) {
  const out = [];
  let depth = 0;
  let word = '';
  for (const char of String(hint || '')) {
    if ('[<('.includes(char)) depth++;
    if (']>)'.includes(char)) depth--;
    if (char === '|' && depth <= 0) {
      out.push(word.trim());
      word = '';
    } else {
      word += char;
    }
  }
  out.push(word.trim());
  return out.filter((alternative) => /^[a-z]/i.test(alternative));
}

/** The part of an alternative that is typed as it stands, up to its first blank to fill in. */
const literal = (alternative) => alternative.split(/\s*[[<(…]/)[0].trim();

const commandOf = (text) => state.workspace.commands.find((c) => text === c.command || text.startsWith(`${c.command} `));

/** The syntax of what is being typed: {syntax, description}, or null when it is no command of the app. */
export function usageOf(text) {
  const command = commandOf(text);
  if (!command) return null;
  const rest = text.slice(command.command.length).trimStart();
  const fits = alternatives(command.usage_hint).filter((one) => rest === literal(one) || rest.startsWith(`${literal(one)} `));
  const syntax = fits.length ? `${command.command} ${fits[0]}` : command.command;
  return {syntax, description: fits.length ? '' : command.description || command.usage_hint};
}

/**
 * Completions of a text that begins with "/": [{label, note, fill, half}]. half says that the text is no command yet,
 * so that Enter completes it rather than send it.
 */
export function suggestionsFor(text) {
  const command = commandOf(text);
  if (!command) {
    if (/\s/.test(text)) return [];
    return state.workspace.commands
      .filter((c) => c.command.startsWith(text))
      .map((c) => ({label: c.command, note: c.description || '', fill: `${c.command} `, half: true}));
  }
  const rest = text.slice(command.command.length).trimStart();
  return alternatives(command.usage_hint)
    .filter((alternative) => {
      const word = literal(alternative);
      return word.startsWith(rest) && word !== rest.trimEnd();
    })
    .map((alternative) => {
      const word = literal(alternative);
      const open = alternative.length > word.length;
      return {label: `${command.command} ${alternative}`, note: '', fill: `${command.command} ${word}${open ? ' ' : ''}`, half: false};
    });
}

/** Things to try in an empty channel: [{text, note}], the harmless ones first. */
export function thingsToTry() {
  const order = ['status', 'help'];
  const rank = (word) => (order.indexOf(word) + order.length + 1) % (order.length + 1);
  const seen = new Set();
  const out = [];
  for (const command of state.workspace.commands) {
    const words = alternatives(command.usage_hint);
    for (const word of words.length ? words : ['help']) {
      if (word.includes('<operation')) continue; // nothing to name yet
      const text = `${command.command} ${literal(word)}`;
      if (seen.has(text)) continue;
      seen.add(text);
      out.push({text: word.includes('<') ? `${text} ` : text, shown: `${command.command} ${word.replace(/\s*\[[^\]]*\]/g, '')}`, rank: rank(literal(word)) + (word.includes('<') ? 10 : 0)});
    }
  }
  return out.sort((a, b) => a.rank - b.rank).slice(0, 6);
}
