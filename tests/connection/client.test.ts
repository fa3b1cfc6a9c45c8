import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { type ClientOptions, createClient, type LinkEvents } from '../../electron/connection/client.ts';
import {
  protocolVersion,
  type RequestMessage,
  type ResponseMessage,
} from '../../electron/connection/protocol.ts';

interface FakeLink {
  readonly sent: RequestMessage[];
  readonly say: (message: ResponseMessage) => void;
  readonly breakOff: () => void;
  closed: boolean;
}

/** A client over links that the test plays the studio's end of; the newest link is the last. */
function fakeConnection(options?: ClientOptions) {
  const links: FakeLink[] = [];
  const client = createClient((events: LinkEvents) => {
    const link: FakeLink = {
      sent: [],
      say: (message) => {
        events.message(message);
      },
      breakOff: () => {
        events.closed();
      },
      closed: false,
    };
    links.push(link);
    return {
      send: (message) => link.sent.push(message),
      close: () => {
        link.closed = true;
      },
    };
  }, options);
  return { client, links, link: () => links.at(-1)! };
}

const hello: ResponseMessage = { type: 'hello', protocol: protocolVersion, version: '1.0.0' };
const failure = { code: 'library-damaged', message: 'It is damaged.', hint: 'Mend it.' };
const settings = { theme: 'light' } as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a client', () => {
  test('holds calls back until the studio has said hello', async () => {
    const { client, link } = fakeConnection();
    const answer = client.call('system.settings', {});
    expect(link().sent).toEqual([]);
    expect(client.status()).toBe('connecting');
    link().say(hello);
    expect(client.status()).toBe('open');
    expect(link().sent).toEqual([{ type: 'call', id: 1, method: 'system.settings', input: {} }]);
    link().say({ type: 'result', id: 1, output: settings });
    await expect(answer).resolves.toEqual(settings);
  });

  test('gives each call its own answer, in whatever order they come', async () => {
    const { client, link } = fakeConnection();
    link().say(hello);
    const first = client.call('runs.list', {});
    const second = client.call('models.list', {});
    link().say({ type: 'failed', id: 2, failure });
    link().say({ type: 'result', id: 1, output: [] });
    await expect(first).resolves.toEqual([]);
    await expect(second).rejects.toMatchObject(failure);
  });

  test('is told why the studio could not start, and says so to every call, open or to come', async () => {
    const { client, link, links } = fakeConnection({ retryAfter: () => 100 });
    const open = client.call('runs.list', {});
    link().say({ type: 'failed', id: null, failure });
    await expect(open).rejects.toMatchObject(failure);
    await expect(client.call('runs.list', {})).rejects.toMatchObject(failure);
    await vi.advanceTimersByTimeAsync(1000);
    expect(links).toHaveLength(1);
    expect(links[0]!.closed).toBe(true);
  });

  test('hands events to those who listen, until they no longer do', () => {
    const { client, link } = fakeConnection();
    link().say(hello);
    const heard: number[] = [];
    const end = client.on('gallery.queue', ({ queued }) => heard.push(queued));
    link().say({ type: 'event', event: 'gallery.queue', payload: { queued: 3, making: 1 } });
    end();
    link().say({ type: 'event', event: 'gallery.queue', payload: { queued: 2, making: 1 } });
    expect(heard).toEqual([3]);
  });

  test('refuses a studio of another protocol', async () => {
    const { client, link } = fakeConnection({ retryAfter: () => 100 });
    const open = client.call('runs.list', {});
    link().say({ type: 'hello', protocol: protocolVersion + 1, version: '2.0.0' });
    await expect(open).rejects.toMatchObject({ code: 'other-version' });
  });

  test('ignores what is no message of the protocol', () => {
    const { client, link } = fakeConnection();
    link().say({ type: 'nonsense' } as unknown as ResponseMessage);
    link().say(null as unknown as ResponseMessage);
    expect(client.status()).toBe('connecting');
  });
});

describe('a client whose link breaks', () => {
  test('asks its queries again over the next one, and gives up its commands', async () => {
    const { client, link, links } = fakeConnection({ retryAfter: () => 100 });
    link().say(hello);
    const query = client.call('runs.list', {});
    const command = client.call('runs.pause', { runId: 1 });
    link().breakOff();
    expect(client.status()).toBe('lost');
    await expect(command).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(client.call('runs.pause', { runId: 1 })).rejects.toMatchObject({ code: 'connection-lost' });
    await vi.advanceTimersByTimeAsync(100);
    expect(links).toHaveLength(2);
    link().say(hello);
    expect(client.status()).toBe('open');
    expect(link().sent.map(({ method }) => method)).toEqual(['runs.list']);
    link().say({ type: 'result', id: link().sent[0]!.id, output: [] });
    await expect(query).resolves.toEqual([]);
  });

  test('counts the attempts in vain, and starts anew after a hello', async () => {
    const waits: number[] = [];
    const { link } = fakeConnection({
      retryAfter: (failures) => {
        waits.push(failures);
        return 10;
      },
    });
    link().breakOff();
    await vi.advanceTimersByTimeAsync(10);
    link().breakOff();
    await vi.advanceTimersByTimeAsync(10);
    link().say(hello);
    link().breakOff();
    expect(waits).toEqual([0, 1, 0]);
  });

  test('hears nothing more from the old link', async () => {
    const { client, links, link } = fakeConnection({ retryAfter: () => 10 });
    links[0]!.say(hello);
    links[0]!.breakOff();
    await vi.advanceTimersByTimeAsync(10);
    links[0]!.say(hello);
    expect(client.status()).toBe('lost');
    link().say(hello);
    expect(client.status()).toBe('open');
  });

  test('fails every call at once where it is not to dial again', async () => {
    const { client, link } = fakeConnection();
    link().say(hello);
    const query = client.call('runs.list', {});
    link().breakOff();
    await expect(query).rejects.toMatchObject({ code: 'connection-lost' });
    await expect(client.call('runs.list', {})).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('rejects what is open when it is closed', async () => {
    const { client, link } = fakeConnection({ retryAfter: () => 10 });
    const open = client.call('runs.list', {});
    client.close();
    await expect(open).rejects.toMatchObject({ code: 'closed' });
    expect(link().closed).toBe(true);
  });
});
