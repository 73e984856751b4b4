// Block Kit's blocks as document nodes. What holds text is here; what can be pressed is in elements.js.

import {h, picture} from './dom.js';
import {element} from './elements.js';
import {markdown} from './markdown.js';
import {textObject} from './mrkdwn.js';
import {richText, table} from './richtext.js';

/** Blocks one under the other. A block the page does not know says so rather than vanish. */
export function blocks(list, ctx) {
  return (Array.isArray(list) ? list : []).map((block) => {
    const make = makers[block?.type];
    const node = make ? make(block, ctx) : h('p.unknown', null, `A block of type ${block?.type || 'nothing'} that this page cannot show.`);
    node.classList.add('block');
    node.dataset.blockType = block?.type || '';
    return node;
  });
}

function header(block) {
  return h('h3.block-header', null, textObject(block.text));
}

function section(block, ctx) {
  const body = h('div.section-body', null,
    block.text && h('div.prose', null, textObject(block.text)),
    block.fields?.length > 0 && h('div.fields', null, block.fields.map((field) => h('div.field-cell.prose', null, textObject(field)))));
  if (!block.accessory) return h('div.block-section', null, body);
  return h('div.block-section.with-accessory', null, body, h('div.accessory', null, element(block.accessory, block.block_id, ctx)));
}

function context(block) {
  return h('div.block-context', null, (block.elements || []).map((part) =>
    part.type === 'image'
      ? picture(part.image_url, part.alt_text, {class: 'context-image'})
      : h('span.prose', null, textObject(part))));
}

function actions(block, ctx) {
  return h('div.block-actions', {role: 'group', 'aria-label': 'Actions'},
    (block.elements || []).map((spec) => element(spec, block.block_id, ctx)));
}

function image(block) {
  return h('figure.block-image', null,
    block.title && h('figcaption', null, textObject(block.title)),
    picture(block.image_url || block.slack_file?.url, block.alt_text));
}

let inputs = 0;

function input(block, ctx) {
  const id = `input-${++inputs}`;
  const control = element(block.element, block.block_id, ctx);
  control.id = id;
  const single = /^(INPUT|SELECT|TEXTAREA)$/.test(control.tagName);
  const label = h(single ? 'label.input-label' : 'div.input-label', {for: single ? id : null, id: `${id}-label`},
    textObject(block.label), block.optional && h('span.input-optional', null, ' (optional)'));
  const error = h('p.input-error', {id: `${id}-error`, role: 'alert', hidden: true, data: {errorFor: block.block_id || ''}});
  const hint = block.hint && h('p.input-hint', {id: `${id}-hint`}, textObject(block.hint));
  control.setAttribute('aria-describedby', `${id}-error${hint ? ` ${id}-hint` : ''}`);
  if (single) control.removeAttribute('aria-label');
  else control.setAttribute('aria-labelledby', `${id}-label`);
  if (single && !block.optional) control.setAttribute('aria-required', 'true');
  return h('div.block-input', {data: {block: block.block_id || ''}}, label, control, error, hint);
}

const steps = {
  pending: ['○', 'pending'], in_progress: ['◐', 'running'], complete: ['●', 'done'], error: ['✕', 'failed'],
};

/** A step of a plan: its state, title and particulars. */
function taskCard(block) {
  const [sign, state] = steps[block.status] || steps.pending;
  return h('div.task', {class: `task-${state}`},
    h('span.task-sign', {role: 'img', 'aria-label': state}, sign),
    h('div', null, h('div.task-title', null, textObject(block.title)),
      block.details && richText(block.details), block.output && richText(block.output)));
}

function plan(block) {
  return h('div.plan', null, h('div.plan-title', null, textObject(block.title)), (block.tasks || []).map(taskCard));
}

function alert(block) {
  return h('div.alert', {role: 'note', class: `alert-${block.level || 'default'}`}, textObject(block.text));
}

const makers = {
  header, section, context, actions, image, input, plan, alert,
  divider: () => h('hr.block-divider'),
  rich_text: richText,
  markdown: (block) => h('div.prose', null, markdown(block.text)),
  table, data_table: table,
  task_card: taskCard,
};

const colours = {good: '#2eb67d', warning: '#ecb22e', danger: '#e01e5a'};

/** Attachments: a bar of colour beside blocks, or beside the fields they had before there were blocks. */
export function attachments(list, ctx) {
  return (Array.isArray(list) ? list : []).map((a) => {
    const colour = colours[a.color] || (/^#?[0-9a-f]{6}$/i.test(a.color || '') ? `#${a.color.replace('#', '')}` : null);
    const body = a.blocks?.length ? blocks(a.blocks, ctx) : legacy(a);
    return h('div.attachment', {style: colour ? {'--bar': colour} : {}, data: {color: a.color || ''}},
      h('div.attachment-bar', {'aria-hidden': 'true'}), h('div.attachment-body', null, body));
  });
}

const rich = (text) => textObject({type: 'mrkdwn', text});

function legacy(a) {
  const title = a.title && (a.title_link ? rich(`<${a.title_link}|${a.title}>`) : textObject({type: 'plain_text', text: a.title}));
  const text = a.text || (!a.title && !a.fields?.length && !a.pretext ? a.fallback : '');
  return [
    a.pretext && h('div.prose', null, rich(a.pretext)),
    a.author_name && h('div.attachment-author', null, textObject(a.author_name)),
    title && h('div.attachment-title', null, title),
    text && h('div.prose', null, rich(text)),
    a.fields?.length > 0 && h('div.fields', null, a.fields.map((field) =>
      h('div.field-cell.prose', {class: field.short ? null : 'field-long'}, h('strong', null, textObject(field.title || '')), h('br'), rich(field.value || '')))),
    a.image_url && picture(a.image_url, a.fallback),
    (a.footer || a.ts) && h('div.attachment-footer', null, a.footer && textObject(a.footer), a.footer && a.ts && ' · ',
      a.ts && rich(`<!date^${Math.floor(a.ts)}^{date_short_pretty} at {time}|${a.ts}>`)),
  ].filter(Boolean);
}
