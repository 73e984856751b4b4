// Breaking things on purpose, and mending them. Every button says in its title what it does.

import {api} from './api.js';
import {attempt, toast} from './dialogs.js';
import {fill, h, printOf} from './dom.js';

/** A small button that runs an act and says when it is done or refused. */
function breaker(label, title, act, {danger = false, disabled = false, testid, done} = {}) {
  const node = h('button.button.button-small', {
    type: 'button', title, disabled, class: danger ? 'button-break' : null, data: {testid},
    onclick: async () => {
      if (node.hasAttribute('aria-busy')) return;
      node.setAttribute('aria-busy', 'true');
      const answer = await attempt(act, `${label}: `);
      node.removeAttribute('aria-busy');
      if (answer) {
        toast(done || `${label}: done`, 'note');
      }
    },
  }, h('span.button-label', null, label));
  return node;
}

const row = (label, ...buttons) => h('div.break-row', {role: 'group', 'aria-label': label}, h('span.break-label', null, label), h('div.break-buttons', null, buttons));

/** What can be done to a region that is a Kubernetes of its own; it says itself which of these it takes now. */
const clusterActs = (name) => ({
  'delete-pod': {label: 'Delete pod', title: `Deletes the pod of PostgreSQL in ${name}; its StatefulSet makes another one`, danger: true, done: `The pod in ${name} is deleted`},
  'freeze-api': {label: 'Freeze API', title: `Freezes the API server of ${name} (SIGSTOP): it takes connections and answers nothing`, danger: true, done: `The API server of ${name} is frozen`},
  'thaw-api': {label: 'Thaw API', title: `Lets the API server of ${name} go on`, done: `The API server of ${name} answers again`},
  dark: {label: 'Make dark', title: `Takes ${name} off the network: its links go silent, while all in it runs on`, danger: true, done: `${name} is dark`},
  light: {label: 'Bring light back', title: `Puts ${name} back on the network as it is`, done: `${name} is back on the network`},
});

function clusterRow({name, acts}) {
  return row(name, acts.map((what) => {
    const {label, title, danger, done} = clusterActs(name)[what];
    return breaker(label, title, () => api.breakRegion(what, name), {danger, done, testid: `${what}-${name}`});
  }));
}

function serverRow({name, state, role, dark, replay_paused: paused}) {
  const up = state === 'running' || state === 'frozen';
  const held = state === 'held';
  const act = (what) => () => api.breakRegion(what, name);
  const id = (what) => `${what}-${name}`;
  return row(name,
    (up || held) && breaker('Kill', `kill -9 on the PostgreSQL server of ${name}: no shutdown checkpoint, connections cut`, act('kill'), {danger: true, testid: id('kill'), done: `${name} was killed`}),
    (up || held) && breaker('Stop', `Stops the PostgreSQL server of ${name} cleanly (fast shutdown, with its checkpoint)`, act('stop'), {testid: id('stop'), done: `${name} was stopped`}),
    !up && !held && breaker('Start', `Starts the PostgreSQL server of ${name} again as it was, through its boot gate: a former primary is held while another region may have taken its place`, act('start'), {testid: id('start'), done: `${name} starts, as soon as its boot gate lets it`}),
    up && state !== 'frozen' && breaker('Freeze', `Freezes the WAL receiver of ${name} (SIGSTOP), so that its lag grows`, act('freeze'), {disabled: role === 'primary', testid: id('freeze'), done: `${name} receives no WAL any more`}),
    state === 'frozen' && breaker('Thaw', `Lets the WAL receiver of ${name} go on (SIGCONT)`, act('thaw'), {testid: id('thaw'), done: `${name} receives WAL again`}),
    up && role === 'replica' && !paused && breaker('Pause replay', `Lets ${name} receive WAL and replay none of it, so that what it answers grows old`, act('pause-replay'), {testid: id('pause-replay'), done: `${name} replays nothing any more`}),
    up && role === 'replica' && paused && breaker('Resume replay', `Lets ${name} replay what it has received`, act('resume-replay'), {testid: id('resume-replay'), done: `${name} replays again`}),
    dark === false && breaker('Make dark', `Takes ${name} off the network: its links go silent and commands for it get no answer, while its server runs on`, act('dark'), {danger: true, testid: id('dark'), done: `${name} is dark`}),
    dark === true && breaker('Bring light back', `Puts ${name} back on the network as it is`, act('light'), {testid: id('light'), done: `${name} is back on the network`}));
}

/** The part of the panel with the buttons. afterwards is called when something of Slack's has changed. */
export function breakers(afterwards) {
  const regions = h('div.break-regions');
  const slack = h('div.break-slack');
  const alerts = h('div.break-alerts');
  let faults = {};
  let lagging = null; // the region the alert is about
  let firing = false;
  let regionsPrint = '';
  let slackPrint = '';
  let alertsPrint = '';

  const fault = (body) => async () => {
    const answer = await api.faults(body);
    takeFaults(answer);
    afterwards();
    return answer;
  };

  function takeFaults(answer) {
    faults = answer?.faults || answer || {};
    showSlack();
  }

  function showSlack() {
    const down = Boolean(faults.refuse_connections);
    const print = printOf(down);
    if (print === slackPrint) return;
    slackPrint = print;
    fill(slack, row('Slack',
      breaker('Drop connections', 'Cuts every Socket Mode connection without a close frame; the bot must notice and connect again', fault({drop: true}), {danger: true, testid: 'slack-drop', done: 'Every connection was cut'}),
      down
        ? breaker('Slack up', 'Lets the bot connect to Slack again', fault({refuse_connections: false}), {testid: 'slack-up', done: 'Slack takes connections again'})
        : breaker('Slack down', 'Cuts the bot off: no connection is taken until Slack is up again', fault({refuse_connections: true, drop: true}), {danger: true, testid: 'slack-down', done: 'Slack is down for the bot'})));
  }

  function showAlerts() {
    const region = lagging;
    if (!region) return; // the fleet has not been seen yet, so there is no replica to speak of
    const print = printOf([region]);
    if (print === alertsPrint) return;
    alertsPrint = print;
    const send = (status) => () => {
      firing = status === 'firing'; // before the answer: the fleet may change its roles meanwhile
      return api.alert({status, region});
    };
    const of = ` for ${region}`;
    fill(alerts, row('Alert',
      breaker('Send lag alert', `Posts a firing replication-lag alert${of} to the bot, as Alertmanager would`, send('firing'), {testid: 'alert-fire', done: `Alert sent${of}`}),
      breaker('Resolve it', `Posts the same alert${of} as resolved`, send('resolved'), {testid: 'alert-resolve', done: `Alert resolved${of}`})));
  }

  showSlack();
  showAlerts();

  const bot = h('div', null, row('Bot',
    breaker('Kill bot', 'kill -9 on rapbot: whatever it was doing stops in the middle', () => api.bot('kill').finally(afterwards), {danger: true, testid: 'bot-kill', done: 'The bot was killed'}),
    breaker('Start bot', 'Starts rapbot again; it goes on from its journal and from what it observes', () => api.bot('start').finally(afterwards), {testid: 'bot-start', done: 'The bot was started'})));

  return {
    root: h('section.world-part', {'aria-labelledby': 'break-title', data: {testid: 'breakers'}},
      h('h3.world-title', {id: 'break-title'}, 'Break things'), regions, slack, bot, alerts),

    showRegions(list) {
      const print = printOf(list.map(({name, state, role, dark, replay_paused: paused, acts}) => [name, state, role, dark, paused, acts]));
      if (print === regionsPrint) return;
      regionsPrint = print;
      const focused = document.activeElement?.dataset?.testid;
      fill(regions, list.map((region) => (region.acts ? clusterRow : serverRow)(region)));
      if (focused) regions.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
      // An alert that was sent keeps to its region until it is resolved, whatever becomes of the region.
      if (!firing) lagging = (list.find((r) => r.role === 'replica') || list.find((r) => r.role !== 'primary'))?.name;
      showAlerts();
    },

    async refreshFaults() {
      const answer = await api.faultsNow().catch(() => null);
      if (answer) takeFaults(answer);
    },
  };
}
