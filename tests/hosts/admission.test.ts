import { describe, expect, test } from 'vitest';
import { admit, type Keys, type Knock } from '../../electron/hosts/web/admission.ts';

const keys: Keys = {
  token: 'the-token',
  tickets: new Set(['a-ticket']),
  session: 's3ss10n',
  cookieName: 'screenfold-8420',
};
const cookie = 'screenfold-8420=s3ss10n';
const host = '127.0.0.1:8420';

function knock(headers: Knock['headers'], rest: Partial<Knock> = {}): Knock {
  return { method: 'GET', url: '/', upgrade: false, headers: { host, ...headers }, ...rest };
}

describe('let in', () => {
  test.each<[string, Knock]>([
    ['the page, with its cookie', knock({ cookie })],
    ['a cookie among others', knock({ cookie: `a=b; ${cookie}; c=d` })],
    ['under the name localhost', knock({ cookie, host: 'localhost:8420' })],
    [
      'through a tunnel from another port',
      knock({ cookie, host: 'localhost:9000', origin: 'http://localhost:9000' }),
    ],
    ['under the address of IPv6', knock({ cookie, host: '[::1]:8420' })],
    [
      'an upload of the page itself',
      knock({ cookie, origin: `http://${host}` }, { method: 'PUT', url: '/uploads/x' }),
    ],
    ['its socket', knock({ cookie, origin: `http://${host}` }, { url: '/socket', upgrade: true })],
    ['what the browser says is the same origin', knock({ cookie, 'sec-fetch-site': 'same-origin' })],
  ])('%s', (_, request) => {
    expect(admit(request, keys).kind).toBe('admitted');
  });
});

describe('refused', () => {
  test.each<[string, Knock, number]>([
    ['nobody known', knock({}), 401],
    ['a wrong cookie', knock({ cookie: 'screenfold-8420=guess' }), 401],
    ['the cookie of another host on this machine', knock({ cookie: 'screenfold-8421=s3ss10n' }), 401],
    ['a wrong token', knock({}, { url: '/?token=guess' }), 401],
    ['an empty token', knock({}, { url: '/?token=' }), 401],
    ['the token anywhere but at the door', knock({}, { url: '/media/images/1?token=the-token' }), 401],
    [
      'the token for a socket',
      knock({ origin: `http://${host}` }, { url: '/?token=the-token', upgrade: true }),
      401,
    ],
    ['a foreign name pointed here', knock({ cookie, host: 'evil.example:8420' }), 403],
    ['a foreign name with ours in it', knock({ cookie, host: 'localhost.evil.example' }), 403],
    ['no name at all', knock({ cookie, host: undefined }), 403],
    [
      'a foreign name even with the token',
      knock({ host: 'evil.example' }, { url: '/?token=the-token' }),
      403,
    ],
    ['another page', knock({ cookie, origin: 'http://evil.example' }), 403],
    ['another page on this machine', knock({ cookie, origin: 'http://127.0.0.1:3000' }), 403],
    ['a page without an origin', knock({ cookie, origin: 'null' }), 403],
    [
      'a socket of another page',
      knock({ cookie, origin: 'http://evil.example' }, { url: '/socket', upgrade: true }),
      403,
    ],
    ['a socket that does not say whose it is', knock({ cookie }, { url: '/socket', upgrade: true }), 403],
    ['an upload that does not say whose it is', knock({ cookie }, { method: 'PUT', url: '/uploads/x' }), 403],
    [
      'a picture shown in another page',
      knock({ cookie, 'sec-fetch-site': 'cross-site' }, { url: '/media/images/1' }),
      403,
    ],
    [
      'a picture shown in a page of another port',
      knock({ cookie, 'sec-fetch-site': 'same-site' }, { url: '/media/images/1' }),
      403,
    ],
    ['what is no address', knock({ cookie }, { url: '//' }), 400],
  ])('%s', (_, request, status) => {
    expect(admit(request, keys)).toMatchObject({ kind: 'refused', status });
  });
});

describe('at the door', () => {
  test('the token is changed for a cookie no script and no other site gets', () => {
    const admission = admit(knock({}, { url: '/?token=the-token' }), keys);
    expect(admission).toMatchObject({ kind: 'welcome', ticket: null });
    expect(admission.kind === 'welcome' && admission.cookie).toBe(
      'screenfold-8420=s3ss10n; Path=/; HttpOnly; SameSite=Strict',
    );
  });

  test('a ticket is as good, and named so that it can be torn', () => {
    expect(admit(knock({}, { url: '/?token=a-ticket' }), keys)).toMatchObject({
      kind: 'welcome',
      ticket: 'a-ticket',
    });
  });

  test('a link from another site leads in, as from a terminal in a browser', () => {
    const request = knock({ 'sec-fetch-site': 'cross-site' }, { url: '/?token=the-token' });
    expect(admit(request, keys).kind).toBe('welcome');
  });
});
