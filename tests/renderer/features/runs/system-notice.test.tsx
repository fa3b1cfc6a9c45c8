import { afterEach, expect, test, vi } from 'vitest';

import {
  askForNotices,
  canAskForNotices,
  showSystemNotice,
} from '../../../../renderer/features/runs/system-notice.ts';

class StandIn {
  static permission = 'default';
  static readonly shown: StandIn[] = [];
  static requestPermission(): Promise<string> {
    StandIn.permission = 'granted';
    return Promise.resolve(StandIn.permission);
  }
  onclick: (() => void) | null = null;
  readonly close = vi.fn();
  readonly title: string;
  readonly body: string;
  constructor(title: string, { body }: { readonly body: string }) {
    this.title = title;
    this.body = body;
    StandIn.shown.push(this);
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('the system tells that a run is done where that was allowed and the page is out of sight', async () => {
  vi.stubGlobal('Notification', StandIn);
  vi.spyOn(window, 'focus').mockImplementation(() => undefined);
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  const onClick = vi.fn();
  const tell = () => {
    showSystemNotice('emoji', 'Finished, 10 epochs.', onClick);
  };
  tell();
  expect(StandIn.shown).toEqual([]);
  expect(canAskForNotices()).toBe(true);
  expect(await askForNotices()).toBe(true);
  expect(canAskForNotices()).toBe(false);
  tell();
  expect(StandIn.shown).toMatchObject([{ title: 'emoji', body: 'Finished, 10 epochs.' }]);
  StandIn.shown[0]!.onclick?.();
  expect([onClick.mock.calls.length, StandIn.shown[0]!.close.mock.calls.length]).toEqual([1, 1]);
  // Whoever looks at the page sees it there.
  hidden.mockReturnValue(false);
  tell();
  expect(StandIn.shown).toHaveLength(1);
});
