import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { type Browser, chromium } from 'playwright-core';

/** Browsers of the Chromium family where the platforms' installers put them. */
const usualPlaces: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/microsoft-edge',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].flatMap((name) => {
    const folder = process.env[name];
    if (folder === undefined) return [];
    return ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'].map((program) =>
      join(folder, program),
    );
  }),
};

/** A browser's program: the one named in `SCREENFOLD_BROWSER`, an installed one, or Playwright's own; null for none. */
export function browserProgram(): string | null {
  const candidates = [
    process.env.SCREENFOLD_BROWSER,
    ...(usualPlaces[process.platform] ?? []),
    chromium.executablePath(),
  ];
  return candidates.find((program) => program !== undefined && existsSync(program) && runs(program)) ?? null;
}

/** Under Linux some distributions have a script in a browser's place that tells how to get one. */
function runs(program: string): boolean {
  if (process.platform !== 'linux') return true;
  return spawnSync(program, ['--version'], { timeout: 30_000 }).status === 0;
}

export function launchBrowser(program: string): Promise<Browser> {
  // Chromium's own sandbox refuses the superuser, whom build machines and containers often run as.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: program, args: [...args, '--disable-gpu'] });
}
