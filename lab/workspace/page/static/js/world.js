// The world beside Slack: the regions' servers, the writer, and the ways to break them. Asked for once a second while
// it is open; a lab without a world answers 404 and the panel stays away.

import {api} from './api.js';
import {breakers} from './breakers.js';
import {Fleet} from './fleet.js';
import {fill, h} from './dom.js';
import {Writer} from './writer.js';

const wide = 1240; // from this width on the panel is open from the start
const every = 1000;

export function startWorld({frame, panel, toggle, refreshWorkspace}) {
  const fleet = new Fleet();
  const writer = new Writer();
  const notice = h('p.world-notice', {role: 'alert', hidden: true, data: {testid: 'world-notice'}});
  const broken = breakers(refreshWorkspace);
  let timer = 0;
  let turns = 0;
  let absent = false;

  fill(panel,
    h('header.pane-head', null, h('h2', null, 'World'), h('span.pane-topic', null, 'real servers on this machine'),
      h('button.close', {type: 'button', 'aria-label': 'Close the World panel', onclick: () => setOpen(false)}, '✕')),
    h('div.world-scroll', null, notice, fleet.root, writer.root, broken.root));

  const isOpen = () => !panel.hidden;

  function setOpen(open) {
    panel.hidden = !open;
    frame.classList.toggle('with-world', open);
    toggle.setAttribute('aria-expanded', String(open));
    if (open) tick();
    else clearTimeout(timer);
  }

  async function tick() {
    clearTimeout(timer);
    if (document.hidden || !isOpen()) return;
    try {
      const {regions = [], writer: counters} = await api.fleet();
      notice.hidden = true;
      fleet.show(regions);
      writer.show(counters);
      broken.showRegions(regions);
    } catch (error) {
      if (error.status === 404) return leave();
      notice.textContent = `${error.message}. What is shown may be old.`;
      notice.hidden = false;
    }
    if (turns++ % 3 === 0) {
      refreshWorkspace();
      broken.refreshFaults();
    }
    if (!absent && isOpen()) timer = setTimeout(tick, every);
    return undefined;
  }

  function leave() {
    absent = true;
    setOpen(false);
    toggle.hidden = true;
  }

  toggle.addEventListener('click', () => setOpen(!isOpen()));
  document.addEventListener('visibilitychange', () => document.hidden || absent || tick());

  // Asked once before anything is shown, so that a page without a world does not flicker.
  api.fleet().then(() => true, (error) => error.status !== 404).then((there) => {
    if (!there) return leave();
    toggle.hidden = false;
    const asked = new URLSearchParams(location.search).get('world');
    setOpen(asked === null ? window.innerWidth >= wide : asked !== '0');
    return undefined;
  });
}
