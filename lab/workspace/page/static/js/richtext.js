// rich_text blocks and tables: text that comes as a tree instead of as mrkdwn.

import {h, link} from './dom.js';
import {broadcast, channelMention, dateNode, groupMention, plain, textObject, userMention} from './mrkdwn.js';

/** A rich_text block, or one of its parts. */
export function richText(block) {
  return h('div.prose.rich', null, (block?.elements || []).map(part));
}

function part(node) {
  switch (node?.type) {
    case 'rich_text_section':
      return h('div', null, leaves(node.elements));
    case 'rich_text_preformatted':
      return h('pre', null, leaves(node.elements));
    case 'rich_text_quote':
      return h('blockquote', null, leaves(node.elements));
    case 'rich_text_list': {
      const ordered = node.style === 'ordered';
      return h(ordered ? 'ol' : 'ul', {
        style: {'--depth': String(Math.min(8, node.indent || 0))},
        start: ordered && node.offset ? node.offset + 1 : null,
      }, (node.elements || []).map((item) => h('li', null, leaves(item.elements))));
    }
    default:
      return h('span.unknown', null, `(${node?.type || 'nothing'})`);
  }
}

const leaves = (list) => (list || []).map((leaf) => styled(bare(leaf), leaf.style));

function bare(leaf) {
  switch (leaf?.type) {
    case 'text':
      return textWithBreaks(leaf.text);
    case 'link':
      return link(leaf.url, leaf.text || leaf.url);
    case 'user':
      return userMention(leaf.user_id);
    case 'usergroup':
      return groupMention(leaf.usergroup_id);
    case 'channel':
      return channelMention(leaf.channel_id);
    case 'broadcast':
      return broadcast(leaf.range);
    case 'emoji':
      return h('span', null, plain(`:${leaf.name}:`));
    case 'date':
      return dateNode(leaf.timestamp, leaf.format || '', leaf.url, leaf.fallback);
    case 'color':
      return h('code', null, leaf.value);
    default:
      return h('span.unknown', null, `(${leaf?.type || 'nothing'})`);
  }
}

/** Here text is text: no entity, no mrkdwn; only line breaks mean something. */
function textWithBreaks(text) {
  return h('span', null, String(text ?? '').split('\n').flatMap((line, i) => (i ? [h('br'), line] : [line])));
}

function styled(node, style) {
  if (!style) return node;
  let out = node;
  if (style.code) out = h('code', null, out);
  if (style.strike) out = h('s', null, out);
  if (style.italic) out = h('em', null, out);
  if (style.bold) out = h('strong', null, out);
  if (style.underline) out = h('u', null, out);
  return out;
}

/** A table block: rows of cells, the first row a heading; wide ones scroll inside the message. */
export function table(block) {
  const settings = block.column_settings || [];
  const [first = [], ...rest] = block.rows || [];
  const row = (cells, tag, scope) => h('tr', null, (cells || []).map((content, i) =>
    h(tag, {scope, class: [settings[i]?.align && `align-${settings[i].align}`, settings[i]?.is_wrapped && 'wrapped'].filter(Boolean).join(' ') || null},
      cell(content))));
  return h('div.table-wrap', {tabindex: '0', role: 'group', 'aria-label': 'Table'},
    h('table', null,
      block.caption && h('caption', null, textObject(block.caption)),
      h('thead', null, row(first, 'th', 'col')),
      h('tbody', null, rest.map((cells) => row(cells, 'td')))));
}

function cell(content) {
  if (!content) return '';
  if (content.type === 'rich_text') return richText(content);
  if (content.type === 'mrkdwn' || content.type === 'plain_text') return textObject(content);
  return plain(content.text ?? content.value ?? '');
}
