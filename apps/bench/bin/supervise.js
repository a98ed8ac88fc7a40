// The program computes inside native calls and loops that take seconds to minutes, in which Node runs no signal
// handler. So it runs in a child, and this process, which does nothing else, answers signals for it.
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

/** Signals that stop a command; exit codes are the shell's, 128 and the signal's number. */
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Milliseconds that the child has to end by itself, removing what it holds in temporary folders. */
const GRACE_MS = 250;
/** Milliseconds that the system has to end a killed child. */
const KILL_MS = 100;
/** Where a terminal is busy: its reader has half a second. */
const TRY_AGAIN_MS = 10;
const MOST_TRIES = 50;
/** Clears the line, shows the cursor, switches automatic wrapping on: a progress bar changes all three. */
const RESTORED = '\r\u001b[K\u001b[?25h\u001b[?7h';

/**
 * Runs a program on the terminal that this process has and ends as it ends. The child finds this process's id in
 * ICL_GD_SUPERVISOR and a pipe as descriptor 3: lines that it writes there are what is said where it is stopped from then
 * on, and the pipe closes when this process dies.
 */
export function supervise(node, args) {
  let words = 'stopped';
  let stoppedBy;
  for (const signal of STOPPING) process.on(signal, () => stop(signal));
  const child = spawn(node, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ICL_GD_SUPERVISOR: String(process.pid) },
  });
  child.stdio[3].on('error', () => {});
  let unread = '';
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    const lines = `${unread}${text}`.split('\n');
    unread = lines.pop();
    words = lines.at(-1) ?? words;
  });
  child.on('error', (error) => {
    say(`cannot start ${node}: ${error.message}`);
    process.exit(2);
  });
  // Not before the pipe is read to its end.
  child.on('close', (code, signal) => {
    if (stoppedBy !== undefined) end(stoppedBy);
    else if (signal !== null && STOPPING.includes(signal)) end(signal);
    else if (signal !== null) endByAccident(signal);
    else {
      const own = STOPPING.find((name) => code === codeOf(name));
      if (own === undefined) process.exit(code);
      end(own);
    }
  });

  function stop(signal) {
    if (stoppedBy !== undefined) {
      child.kill('SIGKILL');
      setTimeout(() => end(stoppedBy), KILL_MS);
      return;
    }
    stoppedBy = signal;
    // From a terminal the child has it already; twice is the same to it.
    child.kill(signal);
    setTimeout(() => {
      child.kill('SIGKILL');
      setTimeout(() => end(signal), KILL_MS);
    }, GRACE_MS);
  }

  function end(signal) {
    say(words);
    process.exit(codeOf(signal));
  }

  function endByAccident(signal) {
    const cause = signal === 'SIGKILL' ? ', as the system does where memory runs out' : '';
    say(`failed: ended by ${signal}${cause}${words.replace(/^stopped/, '')}`);
    process.exit(codeOf(signal));
  }
}

function codeOf(signal) {
  return 128 + constants.signals[signal];
}

function say(text) {
  const line = `${isatty(2) ? RESTORED : ''}icl-gd: ${text}\n`;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    try {
      writeSync(2, line);
      return;
    } catch (error) {
      // The child has made the terminal one that does not wait; else it is gone.
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_AGAIN_MS);
    }
  }
}
