import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';

// Nothing is ever sent: that it can be read means that the other side is closed.
const pipe = new Socket({ fd: workerData as number, readable: true, writable: false });
pipe.on('error', () => {});
pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
pipe.resume();
