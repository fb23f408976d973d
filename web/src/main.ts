// The beginning: taste before paint, then the shell.
import { mount } from 'svelte';
import App from './app/App.svelte';
import { listenToLinks } from './app/router.svelte';
import { speak, warmOther } from './lib/i18n.svelte';
import { applyPrefs, prefs } from './lib/prefs.svelte';
import './styles/tokens.css';
import './styles/fonts.css';
import './styles/base.css';

applyPrefs();
listenToLinks();
const WARM_AFTER_MS = 5_000;
void speak(prefs.language).finally(() => {
  mount(App, { target: document.getElementById('app')! });
  setTimeout(warmOther, WARM_AFTER_MS);
});
