// The page: starts, listens, and fetches again what an event says has changed.

import {api, listen} from './api.js';
import {settleAll} from './actions.js';
import {Composer} from './composer.js';
import {attempt} from './dialogs.js';
import {fill, h} from './dom.js';
import {hintItem} from './hints.js';
import {isReply} from './message.js';
import {showSidebar} from './sidebar.js';
import {channelsOf, homeEntry, markRead, noteUnread, readAddress, state, writeAddress} from './state.js';
import {Stream} from './stream.js';
import {showHome, showModals} from './views.js';
import {ThreadPane} from './thread.js';
import {startWorld} from './world.js';

const part = (id) => document.getElementById(id);
const sidebar = part('sidebar');
const head = part('channel-head');
const box = part('stream');
const homeBox = h('div.home-box', {hidden: true});
const linkState = part('link-state');

const stream = new Stream(box, {openThread: (ts) => openThread(ts)});
const composer = new Composer({id: 'composer', testid: 'composer', sendTestid: 'send', thread: () => null, onSent: () => stream.toEnd()});
const thread = new ThreadPane(part('thread'), () => openThread(null));
box.after(homeBox);
part('composer-slot').append(composer.root);

/** Runs load now, or once more when it is running; never twice at a time. */
function coalesce(load) {
  let running = null;
  let again = false;
  const run = async () => {
    do {
      again = false;
      await load();
    } while (again);
    running = null;
  };
  return () => {
    if (running) again = true;
    else running = run();
    return running;
  };
}

const refreshMessages = coalesce(async () => {
  const {person, channel, visit} = state;
  if (!channel || channel.home) return;
  let messages = [];
  let refusal = '';
  try {
    ({messages = []} = await api.messages(person.name, channel.id));
  } catch (error) {
    refusal = error.message;
  }
  if (visit !== state.visit) return void refreshSoon();
  if (refusal && state.messages.length) return;
  state.messages = messages || [];
  if (!document.hidden) markRead(channel.id, state.messages);
  showChannel(refusal);
});

const refreshSoon = () => setTimeout(refreshMessages, 0);

const refreshViews = coalesce(async () => {
  const {person, visit} = state;
  const views = await api.views(person.name).catch(() => null);
  if (visit !== state.visit) return void setTimeout(refreshViews, 0);
  if (!views) return;
  state.modals = views.modals || [];
  state.home = views.home || null;
  showModals(state.modals);
  if (state.channel?.home) {
    showHome(homeBox, state.home);
    ready();
  }
});

const refreshWorkspace = coalesce(async () => {
  const workspace = await api.workspace().catch(() => null);
  if (!workspace) return;
  state.workspace = {...state.workspace, ...workspace};
  if (state.person) state.person = state.workspace.people.find((p) => p.id === state.person.id) || state.person;
  showSidebar(sidebar, go);
  showLink();
});

/** Looks into the channels that are not open, for their dots. */
async function refreshUnread(only) {
  const {person} = state;
  const others = channelsOf(person).filter((c) => c.id !== state.channel?.id && (!only || c.id === only));
  await Promise.all(others.map(async (c) => {
    const answer = await api.messages(person.name, c.id).catch(() => null);
    if (answer && person.id === state.person.id) noteUnread(c.id, answer.messages || []);
  }));
  showSidebar(sidebar, go);
}

function showChannel(refusal = '') {
  thread.show();
  const roots = state.messages.filter((m) => !isReply(m) || (m.broadcast && !m.ephemeral));
  if (refusal) {
    stream.show([], [], {key: 'refusal', print: refusal, build: () => h('div.empty', null, h('h2', null, 'Nothing to see'), h('p', null, refusal))});
  } else {
    stream.show(roots, state.messages, roots.length ? null : hintItem((text) => composer.suggest(text)));
  }
  showSidebar(sidebar, go);
  ready();
}

/** Tests wait for this: who looks at what has been drawn. */
function ready() {
  document.body.dataset.ready = `${state.person.name}/${state.channel.name}`;
}

function showPlace() {
  const {channel, person, workspace} = state;
  const atHome = Boolean(channel.home);
  box.hidden = atHome;
  composer.root.hidden = atHome;
  homeBox.hidden = !atHome;
  const title = atHome ? workspace.app.name : channel.direct ? channel.name : `# ${channel.name}`;
  const members = channel.members?.length;
  fill(head, h('h2', null, title),
    h('span.pane-topic', null, atHome ? 'Home' : channel.direct ? `${person.name} and the app, nobody else` : channel.topic || ''),
    members ? h('span.pane-members', null, `${members} members`) : null);
  composer.refresh(channel.direct ? `Message ${channel.name}` : `Message #${channel.name}`);
  document.title = `${atHome ? 'Home' : channel.name} · ${person.name} · ${workspace.team?.name || 'rapbot lab'}`;
}

/** Goes to a person and a place; what both had in common stays as it is. */
function show(person, channel, threadTs, {step = true, newPerson = false} = {}) {
  const newPlace = channel.id !== state.channel?.id;
  Object.assign(state, {person, channel, thread: threadTs, visit: state.visit + 1});
  delete document.body.dataset.ready;
  writeAddress(step);
  showPlace();
  if (newPlace) {
    state.messages = [];
    stream.clear();
  }
  thread.open();
  showSidebar(sidebar, go);
  if (newPerson) {
    showModals([]);
    state.unread.clear();
    follow();
    refreshUnread();
  }
  if (channel.home) {
    homeBox.dataset.print = '';
    attempt(() => api.home(person.name)).then(refreshViews);
  } else {
    refreshMessages();
  }
  refreshViews();
}

const go = {
  person(person) {
    const places = channelsOf(person);
    const same = state.channel.home ? homeEntry
      : state.channel.direct ? places.find((c) => c.direct)
        : places.find((c) => c.id === state.channel.id);
    show(person, same || places[0] || homeEntry, same && !same.direct ? state.thread : null, {newPerson: true});
  },
  channel(channel) {
    show(state.person, channel, null);
    if (!channel.home) composer.box.focus();
  },
};

function openThread(ts) {
  state.thread = ts;
  writeAddress(false);
  thread.open();
  showChannel();
  if (ts) thread.focus();
}

let stopListening = () => {};

/** Follows what happens to the person; after a lost line everything is fetched again. */
function follow() {
  stopListening();
  let lost = false;
  stopListening = listen(state.person.name, (event) => {
    settleAll();
    if (event.type === 'workspace') refreshWorkspace();
    else if (event.type === 'view') refreshViews();
    else if (!event.channel || event.channel === state.channel.id) refreshMessages();
    else refreshUnread(event.channel);
  }, (connected) => {
    state.connected = connected;
    showLink();
    if (connected && lost) refreshAll();
    lost = !connected;
  });
}

function refreshAll() {
  refreshWorkspace();
  refreshMessages();
  refreshViews();
  refreshUnread();
}

function showLink() {
  const {connections} = state.workspace;
  const app = state.workspace.app.name || 'The app';
  const words = !state.connected ? 'Connecting to the lab…'
    : connections ? `${app} is connected (${connections} ${connections === 1 ? 'socket' : 'sockets'})` : `${app} is not connected`;
  linkState.dataset.state = !state.connected ? 'lost' : connections ? 'good' : 'bad';
  linkState.textContent = words;
}

async function start() {
  for (;;) {
    try {
      state.workspace = {...state.workspace, ...(await api.workspace())};
      break;
    } catch {
      state.connected = false;
      showLink();
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }
  state.connected = true;
  showLink();
  const {person, channel, thread: ts} = readAddress();
  show(person, channel || homeEntry, ts, {step: false, newPerson: true});
  window.addEventListener('popstate', () => {
    const there = readAddress();
    show(there.person, there.channel, there.thread, {step: false, newPerson: there.person.id !== state.person.id});
  });
  document.addEventListener('visibilitychange', () => document.hidden || refreshAll());
  startWorld({frame: part('frame'), panel: part('world'), toggle: part('world-toggle'), refreshWorkspace});
}

start();
