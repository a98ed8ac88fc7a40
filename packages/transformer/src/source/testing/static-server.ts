import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A change of the server's behaviour; true if it has answered. */
type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A web server on loopback with files in a folder `model`. */
export class StaticServer {
  readonly files = new Map<string, Uint8Array>();
  /** METHOD file, with the range if one was asked for. */
  readonly requests: string[] = [];
  /** Whether parts of files are sent; if not, each is sent whole. */
  ranges = true;
  /** What is sent with status 200 where there is no file: the page of an application. */
  page: string | undefined;
  fault: Fault = () => false;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  /** @returns address of the folder */
  async start(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/model`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<unknown>((done) => this.#server.close(done));
  }

  /** As it was after `start`, without files. */
  reset(): void {
    this.files.clear();
    this.requests.length = 0;
    this.ranges = true;
    this.page = undefined;
    this.fault = () => false;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '', 'http://host');
    const name = decodeURIComponent(pathname.replace(/^\/model\//, ''));
    const { range } = request.headers;
    this.requests.push(`${request.method} ${name}${range ? ` ${range}` : ''}`);
    if (this.fault(request, response)) return;
    const bytes = this.files.get(name);
    if (bytes) return this.#send(request, response, bytes);
    if (this.page === undefined) return void response.writeHead(404).end('not found');
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(this.page);
  }

  #send(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
    const etag = `"${createHash('sha1').update(bytes).digest('hex')}"`;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined || !this.ranges) {
      response.writeHead(200, { ETag: etag, 'Content-Length': bytes.length });
      response.end(request.method === 'HEAD' ? undefined : bytes);
      return;
    }
    const [start, end] = [Number(from), Math.min(Number(to) + 1, bytes.length)];
    if (start >= bytes.length) {
      response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
      return;
    }
    response.writeHead(206, {
      ETag: etag,
      'Content-Length': end - start,
      'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}`,
    });
    response.end(bytes.subarray(start, end));
  }
}
