import { randomBytes } from 'node:crypto';

import type { Keys } from './admission.ts';

/** Everything that opens a host, and what is given out and taken back while it runs. */
export interface KeyRing {
  readonly keys: Keys;
  /** An address that lets a person in; with the token, or with a ticket in its place. */
  readonly addressFor: (token: string) => string;
  readonly newTicket: () => string;
  readonly spend: (ticket: string) => void;
}

export function createKeyRing(port: number, token: string = secret(), session: string = secret()): KeyRing {
  const tickets = new Set<string>();
  return {
    keys: {
      token,
      tickets,
      session,
      // Cookies do not know ports: two hosts on one machine must not take each other's.
      cookieName: `screenfold-${port}`,
    },
    addressFor: (key) => `http://127.0.0.1:${port}/?token=${key}`,
    newTicket: () => {
      const ticket = secret();
      tickets.add(ticket);
      return ticket;
    },
    spend: (ticket) => {
      tickets.delete(ticket);
    },
  };
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}
