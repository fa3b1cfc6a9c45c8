import axe from 'axe-core';
import type { Page } from 'playwright-core';

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** As much of an element as tells which one it is. */
const shown = 160;

/**
 * What axe finds wrong with the page as it stands, a line for each element; none where it is in order. What moves has come
 * to rest first: colours that fade in are no colours yet. What follows a scrollbar rests as it is.
 */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(
    `Promise.allSettled(document.getAnimations().filter((one) => one.timeline === document.timeline && one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished))`,
  );
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(axe.source);
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ html, failureSummary = '' }) =>
        `${id} (${help}): ${html.slice(0, shown)} – ${failureSummary.split('\n')[1]?.trim() ?? ''}`,
    ),
  );
}
