/** Refuses requests that do not come from the page itself. docs/dashboard.md describes the attacks. */

import {createHash, randomBytes, timingSafeEqual} from 'node:crypto';
import type {MiddlewareHandler} from 'hono';

/** 128 random bits, which no other page and no other user of the machine can guess. */
export const createToken = (): string => randomBytes(16).toString('base64url');

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Digests have the same length, so the time of the comparison says nothing about the token. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));

export interface GuardOptions {
  readonly token: string;
  readonly port: number;
  /** Content-Security-Policy of every answer. */
  readonly policy: string;
}

export const guard =
  ({token, port, policy}: GuardOptions): MiddlewareHandler =>
  async (context, next) => {
    const {req} = context;
    for (const [name, value] of Object.entries(headersOf(policy))) context.header(name, value);
    const hosts = ['127.0.0.1', 'localhost'].map((name) => `${name}:${port}`);
    const host = req.header('host') ?? '';
    // DNS rebinding: a foreign name that leads to this machine.
    if (!hosts.includes(host)) return context.text('forbidden: unknown host\n', 403);
    const [, given = ''] = req.path.split('/');
    if (!isSame(given, token)) return context.text('not found: use the URL that kni-demo printed\n', 404);
    const origin = req.header('origin');
    const isForeign = origin !== undefined && origin !== `http://${host}`;
    // Browsers send the origin with each POST.
    const isUnsure = origin === undefined && !['GET', 'HEAD'].includes(req.method);
    if (isForeign || isUnsure || !isFromPage(req)) return context.text('forbidden: foreign page\n', 403);
    return next();
  };

/** A link on another page may open this page. Nothing else may come from there. */
const isFromPage = (req: {readonly header: (name: string) => string | undefined}): boolean => {
  const site = req.header('sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  return req.header('sec-fetch-mode') === 'navigate' && req.header('sec-fetch-dest') === 'document';
};

const headersOf = (policy: string) => ({
  'Content-Security-Policy': policy,
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
});
