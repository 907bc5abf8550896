"""Stands in for ``cnn-explorer weights download``: what it does is in the name of the network."""

import json
import shutil
import signal
import sys
import time


def say(**event: object) -> None:
    print(json.dumps(event), flush=True)


def main() -> int:
    *before, name, option, version, as_json = sys.argv[1:]
    assert (option, as_json) == ("--version", "--json")
    if name == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if name == "odd":
        print("[1, 2]\nno json\n\xff\n" + json.dumps({"event": "progress", "done": "x"}))
        say(event="progress", done=-5, total=float("1e300"), speed=True)
        say(event="news")
        sys.stdout.write(json.dumps({"event": "done", "path": "/odd"}))  # without an end of line
        return 0
    if name == "silent":
        return 0
    if name == "broken":
        print("Traceback: something\nOops", file=sys.stderr)
        return 1
    say(event="progress", done=0, total=1000, speed=0)
    if name == "refused":
        print("cnn-explorer: error: the server is not there.", file=sys.stderr)
        return 1
    say(event="progress", done=420, total=1000, speed=8.3e6)
    while name in ("slow", "deaf"):
        time.sleep(0.05)
    if before:  # FROM TO: what is "downloaded" is copied
        shutil.copyfile(before[0], before[1])
    say(event="progress", done=1000, total=1000, speed=8.3e6)
    say(event="done", path=f"/cache/{name}-{version}.pth")
    return 0


if __name__ == "__main__":
    sys.exit(main())
