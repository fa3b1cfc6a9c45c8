import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/inter/600.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './app/app.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App, createQueries } from './app/app.tsx';
import { reloadWhenStale } from './app/stale-page.ts';
import { connect } from './studio/connect.ts';

// Whatever takes files on the page has seen the event by then. Without this, a browser leaves the page to open a file that
// is dropped before the page is whole.
for (const type of ['dragover', 'drop'] as const)
  window.addEventListener(type, (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });

reloadWhenStale(window, sessionStorage, Date.now, () => {
  location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
createRoot(root).render(
  <StrictMode>
    <App client={connect()} queries={createQueries()} />
  </StrictMode>,
);
