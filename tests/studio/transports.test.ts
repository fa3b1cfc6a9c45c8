import { afterEach, describe, expect, test } from 'vitest';

import { type ClosableClient, createClient, type Link } from '../../electron/connection/client.ts';
import type { RequestMessage } from '../../electron/connection/protocol.ts';
import type { AllHandlers } from '../../electron/contract/api.ts';
import { createDispatch } from '../../electron/studio/dispatch.ts';
import { createEvents, type Events } from '../../electron/studio/events.ts';
import type { ServedStudio } from '../../electron/studio/serve-page.ts';
import { Failure } from '../../native/failure.ts';
import { keptLog } from './kept-log.ts';
import { type Transport, transports } from './transports.ts';

const settings = {
  theme: 'dark',
  enlarged: 'smooth',
  provider: null,
  gpu: null,
  costRate: { kind: 'none' },
  currency: 'EUR',
  samplesWhileTraining: 'beside',
  mirror: '',
  proxy: '',
  acceptedLicences: [] as string[],
} as const;

/** A studio with a handful of handlers: a good one, a refusing one, a broken one, and one that breaks the contract. */
function someStudio(): { readonly studio: ServedStudio; readonly events: Events; readonly log: string[] } {
  const events = createEvents(true);
  const log = keptLog();
  const handlers: Partial<AllHandlers> = {
    'system.settings': () => settings,
    'datasets.exclude': ({ imageIds }) => {
      if (imageIds.length < 100_000) throw new Failure('too-few', 'There are too few.', 'Name more.');
      return null;
    },
    'models.list': () => {
      throw new TypeError('x is not a function');
    },
    'runs.list': () => [{ id: 'no number' }] as never,
    'gallery.setFavourite': async ({ sampleId }) => {
      await new Promise((resolve) => setTimeout(resolve, sampleId));
      return null;
    },
  };
  const dispatch = createDispatch(handlers, { log, checkOutput: true });
  return { studio: { version: '1.2.3', dispatch, subscribe: events.subscribe }, events, log: log.lines };
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function connected(
  transport: Transport,
  studio: Promise<ServedStudio>,
): Promise<{ readonly client: ClosableClient; readonly link: () => Link }> {
  const { dial, end } = await transport.open(studio);
  let link: Link | null = null;
  const client = createClient((events) => {
    link = dial(events);
    return link;
  });
  ends.push(end, () => {
    client.close();
  });
  return { client, link: () => link! };
}

describe.each(transports)('over $name', (transport) => {
  test('a call is answered with what its handler gives', async () => {
    const { client } = await connected(transport, Promise.resolve(someStudio().studio));
    await expect(client.call('system.settings', {})).resolves.toEqual(settings);
    expect(client.status()).toBe('open');
  });

  test('calls under way at once each get their own answer', async () => {
    const { client } = await connected(transport, Promise.resolve(someStudio().studio));
    const order: number[] = [];
    const call = async (sampleId: number) => {
      await client.call('gallery.setFavourite', { sampleId, favourite: true });
      order.push(sampleId);
    };
    await Promise.all([call(120), call(1)]);
    expect(order).toEqual([1, 120]);
  });

  test('a failure arrives with its code, its message and its hint', async () => {
    const { client } = await connected(transport, Promise.resolve(someStudio().studio));
    await expect(client.call('datasets.exclude', { imageIds: [1], excluded: true })).rejects.toMatchObject({
      code: 'too-few',
      message: 'There are too few.',
      hint: 'Name more.',
    });
  });

  test('a message as large as all ids of a large data set passes', async () => {
    const { client } = await connected(transport, Promise.resolve(someStudio().studio));
    const imageIds = Array.from({ length: 680_000 }, (_, at) => 1_000_000 + at);
    await expect(client.call('datasets.exclude', { imageIds, excluded: true })).resolves.toBeNull();
  });

  test.each([
    ['a method nobody defined', 'datasets.lsit', {}, 'call-unknown', 'datasets.lsit'],
    ['a name every object has', 'constructor', {}, 'call-unknown', 'constructor'],
    ['a method no domain serves', 'exports.list', {}, 'call-unknown', 'exports.list'],
    [
      'input of the wrong form',
      'datasets.exclude',
      { imageIds: 'all' },
      'input-invalid',
      'imageIds: must be a list',
    ],
    ['input left out', 'datasets.exclude', undefined, 'input-invalid', 'datasets.exclude'],
    ['a key too many', 'system.settings', { them: 1 }, 'input-invalid', 'them: there is no such key'],
    ['a broken handler', 'models.list', {}, 'internal', 'x is not a function'],
    ['a handler that breaks the contract', 'runs.list', {}, 'internal', 'expected'],
  ])('%s is a typed failure', async (_, method, input, code, words) => {
    const { studio } = someStudio();
    const { client } = await connected(transport, Promise.resolve(studio));
    await expect(client.call(method as 'runs.list', input as never)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
    // And the studio goes on.
    await expect(client.call('system.settings', {})).resolves.toEqual(settings);
  });

  test('what is no message of the protocol is answered where it has an id, and dropped where it has none', async () => {
    const { client, link } = await connected(transport, Promise.resolve(someStudio().studio));
    await client.call('system.settings', {});
    const send = (message: unknown) => {
      link().send(message as RequestMessage);
    };
    const odd = client.call('system.settings', { '': 0 } as never);
    for (const message of [null, 5, 'text', [], { type: 'call' }, { id: 'x' }, { type: 'shout', id: -1 }]) {
      send(message);
    }
    await expect(odd).rejects.toMatchObject({ code: 'input-invalid' });
    // Ids are the page's own: this one stands for the call made next.
    const next = client.call('gallery.setFavourite', { sampleId: 1000, favourite: true });
    send({ type: 'shout', id: 3, method: 'runs.list' });
    await expect(next).rejects.toMatchObject({ code: 'message-invalid' });
  });

  test('events reach the page', async () => {
    const { studio, events } = someStudio();
    const { client } = await connected(transport, Promise.resolve(studio));
    await client.call('system.settings', {});
    const heard = new Promise((resolve) => client.on('gallery.queue', resolve));
    events.publish('gallery.queue', { queued: 7, making: 2 });
    await expect(heard).resolves.toEqual({ queued: 7, making: 2 });
  });

  test('calls made while the studio starts wait for it', async () => {
    const starting = Promise.withResolvers<ServedStudio>();
    const { client } = await connected(transport, starting.promise);
    const answer = client.call('system.settings', {});
    starting.resolve(someStudio().studio);
    await expect(answer).resolves.toEqual(settings);
  });

  test('a studio that cannot start fails every call instead of letting it wait', async () => {
    const starting = Promise.withResolvers<ServedStudio>();
    const { client } = await connected(transport, starting.promise);
    const calls = [client.call('system.settings', {}), client.call('runs.list', {})];
    starting.reject(new Failure('library-damaged', 'It is damaged.', 'Mend it.'));
    for (const call of calls)
      await expect(call).rejects.toMatchObject({ code: 'library-damaged', hint: 'Mend it.' });
    await expect(client.call('runs.list', {})).rejects.toMatchObject({ code: 'library-damaged' });
  });

  test('a page that has gone is told nothing more', async () => {
    const { studio, events } = someStudio();
    const told: string[] = [];
    const watched: ServedStudio = {
      ...studio,
      subscribe: (listener) => {
        const end = studio.subscribe(listener);
        return () => {
          told.push('unsubscribed');
          end();
        };
      },
    };
    const { client } = await connected(transport, Promise.resolve(watched));
    await client.call('system.settings', {});
    client.close();
    await expect.poll(() => told).toEqual(['unsubscribed']);
    events.publish('gallery.queue', { queued: 0, making: 0 });
  });
});
