"""Stops commands in a pseudo-terminal with Ctrl-C and signals, and looks at what is left of the terminal.

    python3 tests/terminal/stop.py [--trials 3] [--seed 1] [--columns 80]

Python's own library is all it needs; npm packages with pseudo-terminals are native code. Not part of `npm test`, where
tests/stopping.test.ts sends signals to processes without a terminal. Each command is stopped after
a random time. Checked: it ends within a second, with 128 and the signal's number; the cursor is shown and
automatic wrapping on; the last line says what is kept; no process is left.
"""

import argparse
import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FIXTURE = os.path.join(ROOT, "tests/fixtures/own-text-gpt2")
RUN = ["--model", f"{FIXTURE}/model", "--data", f"{FIXTURE}/data", "--datasets", "mr"]
KEPT = "stopped; finished parts are kept, the same command goes on from there"


def commands(folder):
    """Name, arguments, longest time before the signal in seconds, what the last line has to say."""
    out = ["--out", f"{folder}/out"]
    finished = f"{folder}/finished"
    subprocess.run(
        launcher() + ["run", *RUN, "--methods", "gd,lcgd", "--examples", "4", "--seeds", "5", "--out", finished],
        check=True, capture_output=True,
    )
    return [
        ("run", ["run", *RUN, "--methods", "gd,lcgd", "--fresh", "--examples", "200", *out], 6, KEPT.replace("command", "command without --fresh")),
        ("run embedded", ["run", "--preset", "embedded", "--out", f"{folder}/embedded"], 10, KEPT),
        ("shots 1000", ["shots", *RUN, "--shots", "1,1000", "--examples", "200", *out], 6, KEPT),
        ("sweep", ["sweep", *RUN, "--seeds", "5", *out], 6, KEPT),
        ("pretrain", ["pretrain", "--out", f"{folder}/model"], 6, "stopped; what was saved of the training is kept, the same command goes on from there"),
        ("inspect", ["inspect", "--model", "apps/bench/models/tiny", "--tokens", "1,2,3", "--greedy", "400"], 4, "stopped; nothing is kept but what was downloaded"),
        ("check-only", ["run", *RUN, "--methods", "gd", "--check-only", *out], 1, "stopped; nothing is kept but what was downloaded"),
        ("validate", ["validate", "--from", finished, "--out", f"{folder}/validation"], 3, "stopped; files written so far are whole, the same command writes all of them"),
        ("tables", ["tables", "--from", finished], 0.5, "stopped; tables written so far are whole, the same command writes all of them"),
        ("devices", ["devices"], 0.6, "stopped"),
        ("ls", ["ls"], 0.4, "stopped"),
    ]


def launcher():
    return [os.environ.get("NODE", "node"), os.path.join(ROOT, "apps/bench/bin/icl-gd.js")]


def start(argv, columns):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execvp(argv[0], argv)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    return pid, terminal


def read(terminal, seconds, until_end=False):
    """What the terminal shows in this time, and whether the process has closed it."""
    shown, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return shown, True
        if not piece:
            return shown, True
        shown += piece
    return shown, False


def processes_with(mark):
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if mark.encode() in file.read():
                    found.append(entry)
        except OSError:
            pass
    return found


def last_set(shown, number):
    """Whether the terminal's mode is set at the end; the cursor is shown and wrapping on at first."""
    changes = re.findall(rb"\x1b\[\?%d([hl])" % number, shown)
    return not changes or changes[-1] == b"h"


def stop(argv, after, columns, how):
    mark = f"ICL_GD_TRIAL={os.getpid()}-{time.monotonic()}"
    key, value = mark.split("=")
    os.environ[key] = value
    pid, terminal = start(argv, columns)
    shown, ended = read(terminal, after)
    if ended:
        os.waitpid(pid, 0)
        os.close(terminal)
        return None
    sent = time.monotonic()
    for i in range(2 if how == "twice" else 1):
        if i:
            # Read, since Ctrl-C throws away what the terminal has not shown yet.
            piece, ended = read(terminal, 0.05)
            shown += piece
            if ended:
                break
        if how == "SIGTERM":
            os.kill(pid, signal.SIGTERM)
        else:
            os.write(terminal, b"\x03")
    more, ended = read(terminal, 20)
    took = time.monotonic() - sent
    if not ended:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    time.sleep(0.1)
    left = processes_with(mark)
    return shown + more, took, os.waitstatus_to_exitcode(status), left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    folder = tempfile.mkdtemp(prefix="icl-gd-stop-")
    faults, slowest, trials = 0, 0.0, 0
    for name, arguments, longest, words in commands(folder):
        if not name.startswith(options.only):
            continue
        for trial in range(options.trials):
            how = ["Ctrl-C", "SIGTERM", "twice"][trial % 3]
            # Before that Node itself is loaded, and a signal ends it as it ends any process.
            after = 0.6 + draw.random() * longest
            result = stop(launcher() + arguments, after, options.columns, how)
            if result is None:
                print(f"{name}, {how} after {after:.2f} s: had ended before")
                continue
            shown, took, code, left = result
            trials += 1
            slowest = max(slowest, took)
            text = re.sub(rb"\x1b\[[?0-9;]*[a-zA-Z]", b"", shown).decode(errors="replace")
            said = text.replace("\r", "\n").strip().split("\n")[-1]
            wrong = []
            if took > 1:
                wrong.append(f"took {took:.2f} s")
            if code != (143 if how == "SIGTERM" else 130):
                wrong.append(f"exit code {code}")
            if not last_set(shown, 25):
                wrong.append("cursor hidden")
            if not last_set(shown, 7):
                wrong.append("wrapping off")
            # Before the command is read, nothing is kept.
            if said not in (f"icl-gd: {words}", "icl-gd: stopped"):
                wrong.append(f"said {said!r}")
            if left:
                wrong.append(f"left {left}")
            faults += bool(wrong)
            print(f"{name}, {how} after {after:.2f} s: ended after {took:.2f} s, {code}; {said}" + (f"   WRONG: {', '.join(wrong)}" if wrong else ""), flush=True)
    shutil.rmtree(folder)
    print(f"{trials} trials, {faults} faults, slowest {slowest:.2f} s")
    sys.exit(1 if faults else 0)


main()
