import type { HubConnection } from '../../hub/connection.ts';

/** How the hub is asked unless a program says otherwise. */
export function hubConnection(): HubConnection {
  return {
    endpoint: 'https://huggingface.co',
    retryDelay: 1000,
    stallTimeout: 30_000,
    names: {
      endpoint: 'the option "endpoint"',
      token: 'the option "token"',
      folder: 'a folder of a web server (/…, ./…, https://…)',
    },
  };
}
