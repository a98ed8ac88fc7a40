import { type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestHub } from '../../packages/transformer/src/hub/test-server.ts';

/** A hub on loopback that gives one model, whatever model is asked for: examples name those that people know. */
export class AnyHub {
  readonly #hub: TestHub;
  #server: Server | undefined;

  /** @param directory of the model */
  constructor(directory: string) {
    this.#hub = new TestHub(directory);
  }

  async start(): Promise<string> {
    const hub = await this.#hub.start();
    const server = createServer(({ url = '/', method = 'GET', headers }, response) => {
      const path = url.replace(
        /^(\/api\/models)?\/[^/]+\/[^/]+\/(revision|tree|resolve)\//,
        '$1/own/model/$2/',
      );
      request(`${hub}${path}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }).end();
    });
    this.#server = server;
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await this.#hub.stop();
  }
}
