// The left side: the workspace, who one is, and where one can go.

import {avatar, microphone} from './avatar.js';
import {h, fill, printOf} from './dom.js';
import {channelsOf, HOME, homeEntry, state} from './state.js';

const what = {
  requester: 'may ask for operations',
  approver: 'may approve what others ask for',
  member: 'a member without special rights',
  guest: 'a guest: may not ask and not approve',
};

let shown = '';

/** Draws the sidebar. go has two functions: person(person) and channel(channel). */
export function showSidebar(root, go) {
  const {workspace, person, channel, unread} = state;
  const print = printOf([workspace.team, workspace.app, workspace.people, workspace.channels, person?.id, channel?.id, [...unread]]);
  if (print === shown || !person) return;
  shown = print;
  const focused = document.activeElement?.closest('#sidebar [data-testid]')?.dataset.testid;
  const places = channelsOf(person);
  fill(root,
    h('div.sidebar-head', null, h('h1', null, workspace.team?.name || 'Workspace'), h('span.sidebar-lab', null, 'lab')),
    h('div.sidebar-scroll', null,
      h('h2.sidebar-title', {id: 'channels-title'}, 'Channels'),
      h('ul.places', {'aria-labelledby': 'channels-title'}, places.filter((c) => !c.direct).map((c) => place(c, go, h('span.place-sign', {'aria-hidden': 'true'}, c.private ? '◍' : '#')))),
      h('h2.sidebar-title', {id: 'apps-title'}, 'Apps'),
      h('ul.places', {'aria-labelledby': 'apps-title'},
        place(homeEntry, go, h('span.place-sign.place-app', {'aria-hidden': 'true'}, microphone()), 'App Home'),
        places.filter((c) => c.direct).map((c) => place(c, go, h('span.place-sign', {'aria-hidden': 'true'}, '✉'), `${c.name} messages`)))),
    h('div.acting', null,
      h('h2.sidebar-title', {id: 'acting-title'}, 'Acting as'),
      h('div.people', {role: 'radiogroup', 'aria-labelledby': 'acting-title', onkeydown: arrows},
        workspace.people.filter((p) => !p.is_bot).map((p) => personButton(p, go)))));
  if (focused) root.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
}

function place(channel, go, sign, label = channel.name) {
  const current = state.channel?.id === channel.id;
  const fresh = state.unread.has(channel.id) && !current;
  return h('li', null, h('button.place', {
    type: 'button',
    class: [current && 'current', fresh && 'unread'].filter(Boolean).join(' ') || null,
    'aria-current': current ? 'page' : null,
    data: {testid: channel.id === HOME ? 'app-home' : `channel-${channel.name}`},
    onclick: () => go.channel(channel),
  }, sign, h('span.place-name', null, label), fresh && h('span.dot', {role: 'img', 'aria-label': 'unread'})));
}

function personButton(person, go) {
  const current = state.person.id === person.id;
  const notes = [person.is_restricted && person.role !== 'guest' && 'guest', person.deleted && 'deactivated', person.is_stranger && 'external'].filter(Boolean);
  return h('button.person', {
    type: 'button', role: 'radio', 'aria-checked': String(current), tabindex: current ? '0' : '-1',
    class: current ? 'current' : null,
    title: `${person.real_name || person.name}: ${what[person.role] || person.role || ''}`,
    data: {testid: `as-${person.name}`, role: person.role || ''},
    onclick: () => go.person(person),
  },
  avatar(person.id, 'middle'),
  h('span.person-name', null, person.name),
  h('span.role', {class: `role-${person.role}`}, [person.role, ...notes].filter(Boolean).join(', ')));
}

/** Arrow keys move along the people, as in any group of radio buttons. */
function arrows(event) {
  const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll('[role=radio]')];
  const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  next.focus();
  next.click();
}
