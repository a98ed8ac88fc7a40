import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const REVISIONS = ['main', 'v1', 'refs%2Fpr%2F1', 'refs%2Fconvert%2Fparquet', COMMIT];

/** A change of the server's behaviour; true if it has answered. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * A hub on loopback that serves the files of one model as `own/model`, large ones through a redirect as the real one, and
 * any datasets that are put into `datasets`.
 */
export class TestHub {
  readonly commit = COMMIT;
  readonly files: Map<string, Buffer>;
  /** Files of datasets by id. */
  readonly datasets = new Map<string, Map<string, Buffer>>();
  /** Old ids of datasets, with the new ones that the hub redirects to. */
  readonly renamed = new Map<string, string>();
  /** Extra entries of the file listing. */
  readonly listed: unknown[] = [];
  /** METHOD path, with the range if one was asked for. */
  readonly requests: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  fault: Fault = () => false;
  /** Wanted of the Authorization header, if set. */
  token: string | undefined;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  /** @param directory of the model, if there is one */
  constructor(directory?: string) {
    const names = directory === undefined ? [] : readdirSync(directory);
    this.files = new Map(names.map((file) => [file, readFileSync(join(directory as string, file))]));
  }

  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<unknown>((done) => this.#server.close(done));
  }

  /** Files whose bytes were asked for, in order. */
  get downloads(): string[] {
    return this.requests
      .flatMap((request) => /^GET \/cdn\/([^ ]+)|\/resolve\/[^/]+\/(\S+)/.exec(request)?.slice(1) ?? [])
      .filter(Boolean);
  }

  hash(file: string, files = this.files): string {
    return blobName(file, files.get(file) ?? Buffer.alloc(0));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '', 'http://hub');
    const { range, authorization } = request.headers;
    this.requests.push(`${request.method} ${pathname}${range ? ` ${range}` : ''}`);
    this.authorizations.push(authorization);
    if (this.fault(request, response)) return;
    const address =
      /^\/(cdn\/)?(?:api\/)?(datasets\/)?(?:models\/)?(.*?)\/(revision|tree|resolve)\/([^/]+)\/?(.*)$/;
    const [, cdn, kind, id = '', action, revision = '', encoded = ''] = address.exec(pathname) ?? [];
    const rest = decodeURIComponent(encoded);
    const moved = kind && this.renamed.get(id);
    if (moved) {
      response.writeHead(307, { Location: pathname.replace(`/${id}/`, `/${moved}/`) }).end();
      return;
    }
    const files = kind ? this.datasets.get(id) : id === 'own/model' ? this.files : undefined;
    if (pathname.startsWith('/cdn/') && !cdn)
      return this.#send(request, response, decodeURIComponent(pathname.slice(5)), this.files);
    if (cdn && files) return this.#send(request, response, rest, files);
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`)
      return refuse(response, 401, authorization ? 'GatedRepo' : 'RepoNotFound');
    if (!files) return refuse(response, 404, 'RepoNotFound');
    if (!REVISIONS.includes(revision)) return refuse(response, 404, 'RevisionNotFound');
    if (action === 'revision')
      return sendJson(response, { _id: '1', id, sha: COMMIT, lastModified: '2024-01-01' });
    if (action === 'tree') return sendJson(response, [...this.#entries(files), ...this.listed]);
    if (!files.has(rest)) return refuse(response, 404, 'EntryNotFound');
    response.setHeader('X-Repo-Commit', COMMIT);
    if (!isLarge(rest)) return this.#send(request, response, rest, files);
    response.writeHead(302, {
      Location: kind ? `/cdn${pathname}` : `/cdn/${encoded}`,
      'X-Linked-Etag': `"${this.hash(rest, files)}"`,
      'X-Linked-Size': files.get(rest)?.length ?? 0,
    });
    response.end();
  }

  #entries(files: Map<string, Buffer>): unknown[] {
    return Array.from(files, ([path, bytes]) => {
      const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
      const lfs = { oid: this.hash(path, files), size: bytes.length, pointerSize: 130 };
      return { type: 'file', path, size: bytes.length, oid, ...(isLarge(path) ? { lfs } : {}) };
    });
  }

  #send(request: IncomingMessage, response: ServerResponse, file: string, files: Map<string, Buffer>): void {
    const bytes = files.get(file) ?? Buffer.alloc(0);
    const [, from = 0, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from);
    const end = to ? Math.min(Number(to) + 1, bytes.length) : bytes.length;
    response.writeHead(request.headers.range ? 206 : 200, {
      ETag: `"${this.hash(file, files)}"`,
      'Content-Length': end - start,
      ...(request.headers.range ? { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` } : {}),
    });
    response.end(bytes.subarray(start, end));
  }
}

function isLarge(file: string): boolean {
  return /\.(safetensors|bin|parquet)$/.test(file);
}

function blobName(file: string, bytes: Buffer): string {
  return isLarge(file)
    ? createHash('sha256').update(bytes).digest('hex')
    : createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export function refuse(response: ServerResponse, status: number, code?: string, retryAfter?: number): void {
  response.writeHead(status, {
    ...(code ? { 'X-Error-Code': code } : {}),
    ...(retryAfter === undefined ? {} : { 'Retry-After': retryAfter }),
  });
  response.end('refused');
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}
