import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { describeInBrowser, inDesktop, type OpenStudio, openStudio } from './studio.ts';

describeInBrowser('the page in a browser', () => {
  let open: OpenStudio;
  beforeAll(async () => {
    open = await openStudio();
  });
  afterAll(() => open.close());

  test('opens under its name, without the token in its address, and reaches the studio', async () => {
    const { page } = open;
    await page.getByRole('navigation', { name: 'Screenfold' }).waitFor();
    expect(await page.title()).toBe('Screenfold');
    expect(page.url()).not.toContain('token');
    // The one thing that tells of a lost studio is not there.
    expect(await page.getByText('The studio does not answer').count()).toBe(0);
  });

  test('is styled, under a policy that lets no other page, script or style in', async () => {
    const { page, complaints } = open;
    const policy = await page.evaluate<string>(
      "fetch('/').then((page) => page.headers.get('content-security-policy'))",
    );
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const font = await page.evaluate('getComputedStyle(document.body).fontFamily');
    expect(font).toContain('Inter');
    expect(complaints).toEqual([]);
  });

  test('may run no script that was not there when it was built', async () => {
    const { page } = open;
    const ran = await page.evaluate(`new Promise((resolve) => {
      const script = document.createElement('script');
      script.textContent = 'window.intruded = true';
      document.body.append(script);
      setTimeout(() => resolve(window.intruded === true), 50);
    })`);
    expect(ran).toBe(false);
  });

  test('is what people get, not the form of it for developers, which takes five times as long to draw', () => {
    const assets = fileURLToPath(new URL('../../dist/renderer/assets', import.meta.url));
    const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
    const withWords = (words: string) =>
      scripts.filter((name) => readFileSync(join(assets, name), 'utf8').includes(words));
    expect(withWords('react.element')).not.toEqual([]);
    // What React calls its frames in traces for developers.
    expect(withWords('react_stack_bottom_frame')).toEqual([]);
  });

  test.skipIf(inDesktop)('finds the studio again after the way to it broke', async () => {
    const { page, studio } = open;
    // All sockets are cut; the host goes on listening.
    open.host.cutSockets();
    await page.getByText('The studio does not answer').waitFor();
    await page.getByText('The studio does not answer').waitFor({ state: 'detached' });
    expect(studio.training()).toBe(false);
  });
});
