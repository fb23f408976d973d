// The beginning: taste before paint, then the shell.
import { mount } from 'svelte';
import App from './app/App.svelte';
import { loadPage } from './app/pages';
import { listenToLinks, place } from './app/router.svelte';
import { speak, warmOther } from './lib/i18n.svelte';
import { outbox } from './lib/outbox/outbox.svelte';
import { applyPrefs, prefs } from './lib/prefs.svelte';
import './styles/tokens.css';
import './styles/fonts.css';
import './styles/base.css';

applyPrefs();
listenToLinks();
const WARM_AFTER_MS = 5_000;
const words = speak(prefs.language);
// What takes its time without us begins now: the page's script and this browser's database come while words are read.
void loadPage(place.route.page)?.catch(() => undefined);
if (place.route.page !== 'enter') void outbox.prepare();
void words.finally(() => {
  mount(App, { target: document.getElementById('app')! });
  setTimeout(warmOther, WARM_AFTER_MS);
});
