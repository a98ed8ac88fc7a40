import type { HubConnection } from '../../hub/connection.ts';
import { hubSettings } from '../../hub/settings.ts';

/** How the hub is asked unless a program says otherwise: as the environment says. */
export function hubConnection(): HubConnection {
  return hubSettings();
}
