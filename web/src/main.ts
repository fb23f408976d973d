// The beginning: taste before paint, then the shell.
import { mount } from 'svelte';
import App from './app/App.svelte';
import { listenToLinks } from './app/router.svelte';
import { applyPrefs } from './lib/prefs.svelte';
import './styles/tokens.css';
import './styles/fonts.css';
import './styles/base.css';

applyPrefs();
listenToLinks();
mount(App, { target: document.getElementById('app')! });
