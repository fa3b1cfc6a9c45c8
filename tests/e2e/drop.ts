import type { Page } from 'playwright-core';

/**
 * Drags a file or folder of this machine over the page and lets go of it, as from a file manager: the page gets an entry that
 * no script could make. What changes under a pointer that does not move takes no drop, so a hand drags once more then.
 */
export async function drop(page: Page, path: string, beforeLettingGo?: () => Promise<void>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    session.send('Input.dispatchDragEvent', {
      ...{ type, x: 600, y: 400 },
      data: { items: [], files: [path], dragOperationsMask: 1 },
    });
  const drops = await page.evaluateHandle<{ count: number }>(`(() => {
    const seen = { count: 0 };
    window.addEventListener('drop', () => (seen.count += 1), { capture: true, once: true });
    return seen;
  })()`);
  for (let tries = 0; tries < 20; tries++) {
    await drag('dragEnter');
    await drag('dragOver');
    await beforeLettingGo?.();
    await drag('drop');
    if ((await drops.evaluate(({ count }) => count)) > 0) break;
  }
  await session.detach();
}
